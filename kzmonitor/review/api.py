"""The programming interface: JSON under /api/v1, never translated, with its description as OpenAPI."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from sqlalchemy import select
from starlette.responses import JSONResponse, Response

from kzmonitor import VERSION, config
from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, reviews
from kzmonitor.review.answers import (
    AlertList,
    AlertOne,
    Decided,
    Decision,
    IncidentList,
    ModelList,
    Problem,
    ReviewList,
    SourceList,
    alert_line,
    alert_one,
    incident_line,
    model_line,
    review_line,
    source_line,
)
from kzmonitor.review.desk import At, Reader, Reviewer
from kzmonitor.sources import health, registry
from kzmonitor.store.tables import Incident, Model

SAID = {
    400: "this can't be done",
    401: "log in, or send an access token: Authorization: Bearer kzm_...",
    403: "this is not yours to do, or the form token is missing (X-Form-Token)",
    404: "there is no such thing",
    405: "this address can't be used this way",
    409: "somebody else decided meanwhile",
    411: "say how long the body is (Content-Length)",
    413: "the body is too large",
    422: "what was sent does not fit the description",
}
LARGEST_OFFSET = 100_000
Word = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": SAID[status]} for status in statuses}


router = APIRouter(prefix="/api/v1", tags=["v1"], responses=_problems(401, 403, 422))


@router.get("/alerts", summary="Alerts, the gravest first")
def list_alerts(
    desk: At,
    person: Reader,
    status: Literal["open", "confirmed", "rejected", "duplicate"] | None = None,
    label: Word | None = None,
    language: Word | None = None,
    source: Word | None = None,
    since: Annotated[date | None, Query(description="opened on this day (UTC) or later")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=LARGEST_OFFSET)] = 0,
) -> AlertList:
    with desk.database.session() as session:
        lines = alerts.alerts(
            session, limit=limit, offset=offset, status=status, label=label, language=language, source=source,
            since=datetime.combine(since, time(), UTC) if since else None,
        )  # fmt: skip
    return AlertList(alerts=[alert_line(line) for line in lines])


@router.get("/alerts/{alert_id}", summary="One alert with its articles and decisions", responses=_problems(404))
def one_alert(desk: At, person: Reader, alert_id: UUID) -> AlertOne:
    with desk.database.session() as session:
        view = alerts.alert(session, alert_id)
    if view is None:
        raise HTTPException(404)
    return alert_one(view)


@router.get("/alerts/{alert_id}/reviews", summary="The decisions on an alert, oldest first", responses=_problems(404))
def list_reviews(desk: At, person: Reader, alert_id: UUID) -> ReviewList:
    with desk.database.session() as session:
        if alerts.standing(session, alert_id) is None:
            raise HTTPException(404)
        return ReviewList(reviews=[review_line(decision) for decision in alerts.history(session, alert_id)])


@router.post(
    "/alerts/{alert_id}/reviews",
    summary="Decide on an alert",
    status_code=201,
    response_model=Decided,
    responses=_problems(400, 404, 409, 411, 413),
)
def decide(desk: At, person: Reviewer, alert_id: UUID, decision: Decision) -> Decided | Response:
    """A decision must name the last one that its author saw, `version` of the alert: of two at once the second is
    refused with 409. Nothing that a person said is ever overwritten."""
    try:
        with desk.database.session() as session:
            if alerts.standing(session, alert_id) is None:
                raise HTTPException(404)
            review = reviews.decide(
                session,
                alert_id,
                decision.decision,
                labels=decision.labels,
                known_labels=[known.name for known in desk.labels],
                reason=decision.reason,
                note=decision.note,
                seen_version=decision.seen_version,
                revision_id=decision.revision,
                account_id=person.id,
                into=decision.into,
                articles=decision.articles,
                now=desk.clock(),
            )
            stands = alerts.standing(session, alert_id)
    except reviews.Conflict as conflict:
        return problem(409, str(conflict))
    except InputError as mistake:
        return problem(400, str(mistake))
    assert stands is not None, "the alert was there a moment ago"
    return Decided(id=review.id, status=stands.status, labels=stands.labels)


@router.get("/incidents", summary="Incidents, those opened last first")
def list_incidents(
    desk: At,
    person: Reader,
    before: Annotated[UUID | None, Query(description="only those opened before this one")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> IncidentList:
    query = select(Incident).where(Incident.redirect_to.is_(None)).order_by(Incident.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Incident.id < before)
    with desk.database.session() as session:
        return IncidentList(incidents=[incident_line(incident) for incident in session.scalars(query)])


@router.get("/sources", summary="Sources and how they do")
def list_sources(desk: At, person: Reader) -> SourceList:
    folder = config.settings().sources_dir
    declared = registry.load(*([folder] if folder else [])).sources
    with desk.database.session() as session:
        stands = health.standings(session, declared, desk.clock())
    return SourceList(sources=[source_line(declared[slug], standing) for slug, standing in sorted(stands.items())])


@router.get("/models", summary="Versions of the model, newest first")
def list_models(desk: At, person: Reviewer) -> ModelList:
    columns = (Model.id, Model.version, Model.state, Model.trained_at, Model.metrics)
    with desk.database.session() as session:
        rows = session.execute(select(*columns).order_by(Model.id.desc()).limit(200)).all()
    return ModelList(models=[model_line(*row) for row in rows])


@router.get("/openapi.json", include_in_schema=False)
def description(request: Request, person: Reader) -> Response:
    """What this interface takes and gives, as OpenAPI 3.1."""
    described = get_openapi(
        title="kzmonitor",
        version=VERSION,
        summary="Alerts, incidents, sources and models of this desk",
        description='Send an access token made on /me. Errors have one shape: {"error": one line}.',
        routes=router.routes,
    )
    described.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    described["security"] = [{"token": []}]
    return JSONResponse(described)


def problem(status: int, message: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """The one shape of errors: {"error": one line}."""
    line = message or SAID.get(status, "this can't be answered")
    return JSONResponse(jsonable_encoder(Problem(error=line)), status_code=status, headers=dict(headers or {}))


def wrong_request(error: RequestValidationError) -> Response:
    """What was sent does not fit the description: the first thing that is wrong, and where."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, f"{where}: {first['msg']}")
