"""Missed cases: what people reported, what it says of us, and a form for one more."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor import config
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents import reporting
from kzmonitor.incidents.reporting import Pasted, ReportLine, Told
from kzmonitor.learn.reported import reported
from kzmonitor.review.desk import At, Desk, Reader, Reviewer, common
from kzmonitor.review.screens import screen
from kzmonitor.sources import health, registry

SHOWN = 50
COUNTED = timedelta(days=365)
router = APIRouter()
Said = Annotated[str, Form()]


@router.get("/missed")
def missed_page(request: Request, desk: At, person: Reader) -> Response:
    return _missed_screen(request, desk)


@router.post("/missed")
def report_missed(
    request: Request,
    desk: At,
    person: Reviewer,
    url: Said = "",
    text: Said = "",
    title: Said = "",
    source: Said = "",
    published: Said = "",
    place: Said = "",
    note: Said = "",
    label: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Report a page, or with a text that text; then on to its alert, or to the list of those that wait."""
    told = Told(label or [], place.strip() or None, note.strip() or None)
    sources_dir = config.settings().sources_dir
    declared = registry.load(*([sources_dir] if sources_dir else []))
    try:
        with desk.database.session() as session:
            if text.strip():
                pasted = Pasted(title, text, url.strip() or None, source.strip() or None, published.strip() or None)
                report = reporting.report_text(session, declared, pasted, told, person.id, desk.clock())
            elif url.strip():
                report = reporting.report_address(session, declared, url, told, person.id, desk.clock())
            else:
                raise InputError(_("give the address of the report, or paste its text"))
            id = report.id
    except InputError as mistake:
        return _missed_screen(request, desk, problem=str(mistake), status=400)
    return RedirectResponse(f"/missed?report={id}", status_code=303)


def _missed_screen(request: Request, desk: Desk, problem: str | None = None, status: int = 200) -> Response:
    with desk.database.session() as session:
        lines = reporting.reports(session, limit=SHOWN)
        counted = reported(session, desk.clock() - COUNTED)
        own = _reported_now(session, request)
    words = {
        "lines": lines,
        "counted": counted,
        "own": own,
        "problem": problem,
        "states": _states(),
        "advice": health.advice,
    }
    return screen(request, "missed.html", common(request, desk) | words, status=status)


def _reported_now(session: Session, request: Request) -> ReportLine | None:
    """The report that this address names: the one that was made just now."""
    try:
        return reporting.report(session, UUID(request.query_params.get("report", "")))
    except ValueError:
        return None


def _states() -> dict[tuple[str, str], str]:
    """What became of a report, by its state and by what we knew when it came."""
    failed, waiting = _("could not be fetched"), _("waits to be fetched")
    known = ("flagged", "unflagged", "unknown")
    return {
        **{("failed", standing): failed for standing in known},
        **{("waiting", standing): waiting for standing in known},
        ("done", "flagged"): _("was flagged already"),
        ("done", "unflagged"): _("was collected and not flagged"),
        ("done", "unknown"): _("had not been collected"),
    }
