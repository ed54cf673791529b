"""A capture as it was stored."""

from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from kzmonitor.incidents import told
from kzmonitor.review.desk import At, Reader, common
from kzmonitor.review.passages import marked
from kzmonitor.review.screens import screen

router = APIRouter()


@router.get("/captures/{capture_id}")
def one_capture(request: Request, desk: At, person: Reader, capture_id: UUID, revision: UUID | None = None) -> Response:
    with desk.database.session() as session:
        view = told.capture(session, capture_id, revision)
    if view is None:
        raise HTTPException(404)
    texts = [(text, marked(text.title, text.text, ())) for text in view.texts]
    return screen(request, "capture.html", common(request, desk) | {"capture": view, "texts": texts})
