"""The queue: alerts in the order of work."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from kzmonitor.incidents import alerts
from kzmonitor.review.asked import Asked
from kzmonitor.review.desk import At, Reader, common
from kzmonitor.review.screens import screen

PAGE = 50
router = APIRouter()


@router.get("/")
def list_of_alerts(request: Request, desk: At, person: Reader) -> Response:
    asked = Asked.by(request, [label.name for label in desk.labels])
    with desk.database.session() as session:
        lines = alerts.alerts(session, limit=PAGE + 1, offset=asked.offset(PAGE), **asked.filters())
        counted = alerts.counts(session)
        sources, languages = alerts.origins(session)
    words = {
        "asked": asked,
        "lines": lines[:PAGE],
        "more": len(lines) > PAGE,
        "counts": counted,
        "sources": sources,
        "languages": languages,
    }
    return screen(request, "alerts.html", common(request, desk) | words)
