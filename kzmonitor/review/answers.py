"""The shapes of the programming interface, and how our views become them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kzmonitor.incidents.alerts import AlertLine, AlertView
from kzmonitor.incidents.alerts import Decision as Past
from kzmonitor.incidents.reviews import LONGEST_NOTE
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.health import Standing
from kzmonitor.store.tables import Incident

# What PostgreSQL can't keep in a text.
WITHOUT_NUL = r"^[^\u0000]*$"


class Shape(BaseModel):
    """What is not described is refused."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """What went wrong, in one line."""

    error: str


class AlertShape(Shape):
    """An alert as a list shows it. severity: 1 low to 4 severe; score: the model's chance."""

    id: UUID
    incident: UUID
    title: str
    status: Literal["open", "confirmed", "rejected", "duplicate"]
    tier: Literal["queue", "mail"]
    score: float
    labels: list[str]
    severity: int
    place: str | None
    region: str | None
    opened_at: datetime
    last_seen: datetime
    sources: list[str]
    languages: list[str]
    articles: int


class AlertList(Shape):
    """Alerts."""

    alerts: list[AlertShape]


class ArticleShape(Shape):
    """An article of an alert. revision: of the text that a decision speaks of."""

    id: UUID
    revision: UUID
    source: str
    url: str
    title: str
    language: str
    published_at: datetime | None


class ReviewShape(Shape):
    """A decision of a person, by pseudonym."""

    id: UUID
    decision: str
    labels: list[str] | None
    reason: str | None
    note: str | None
    by: str | None
    created_at: datetime
    undone: bool


class AlertOne(Shape):
    """One alert. version: the last decision, which the next one must name."""

    alert: AlertShape
    version: UUID | None
    actors: list[str]
    articles: list[ArticleShape]
    reviews: list[ReviewShape]


class ReviewList(Shape):
    """Decisions."""

    reviews: list[ReviewShape]


class Decision(Shape):
    """A decision to be written. labels: for `correct`; reason: for `reject`; into: for `merge`, the alert that tells
    of the same event; articles: for `split`; seen_version: `version` of the alert."""

    decision: Literal[
        "confirm", "correct", "reject", "duplicate", "merge", "split", "unsure", "escalate", "note", "undo"
    ]
    labels: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=40)] | None = None
    reason: (
        Literal["ordinary_crime", "ordinary_business", "politics", "elsewhere", "no_act", "passing", "old", "other"]
        | None
    ) = None
    note: Annotated[str, Field(max_length=LONGEST_NOTE, pattern=WITHOUT_NUL)] | None = None
    seen_version: UUID | None = None
    revision: UUID | None = None
    into: UUID | None = None
    articles: Annotated[list[UUID], Field(max_length=200)] = []


class Decided(Shape):
    """The decision that was written, and where the alert stands after it."""

    id: UUID
    status: Literal["open", "confirmed", "rejected", "duplicate"]
    labels: list[str]


class IncidentShape(Shape):
    """An event in the world."""

    id: UUID
    title: str
    first_seen: datetime
    last_seen: datetime
    labels: list[str]
    severity: int
    place: str | None
    region: str | None
    actors: list[str]


class IncidentList(Shape):
    """Incidents."""

    incidents: list[IncidentShape]


class SourceShape(Shape):
    """A source and its state: ok, silent, never, or the name of a failure."""

    slug: str
    name: str
    state: str
    last_success: datetime | None
    newest: datetime | None


class SourceList(Shape):
    """Sources."""

    sources: list[SourceShape]


class ModelShape(Shape):
    """A version of the model and its figures."""

    id: UUID
    version: str
    state: Literal["candidate", "champion", "retired"]
    trained_at: datetime
    metrics: dict[str, Any]


class ModelList(Shape):
    """Models."""

    models: list[ModelShape]


def alert_line(line: AlertLine) -> AlertShape:
    """An alert of a list."""
    known = {name: getattr(line, name) for name in AlertShape.model_fields if name != "incident"}
    return AlertShape(incident=line.incident_id, **known)


def alert_one(view: AlertView) -> AlertOne:
    """An alert with all that belongs to it but the texts."""
    articles = [
        ArticleShape(
            id=article.id,
            revision=article.revision_id,
            source=article.source,
            url=article.url,
            title=article.title,
            language=article.language,
            published_at=article.published_at,
        )
        for article in view.articles
    ]
    past = [review_line(decision) for decision in view.history]
    return AlertOne(
        alert=alert_line(view.line), version=view.version, actors=view.actors, articles=articles, reviews=past
    )


def review_line(decision: Past) -> ReviewShape:
    """A decision of an alert's history."""
    return ReviewShape(**{name: getattr(decision, name) for name in ReviewShape.model_fields})


def incident_line(incident: Incident) -> IncidentShape:
    """An incident of a list."""
    return IncidentShape(**{name: getattr(incident, name) for name in IncidentShape.model_fields})


def source_line(declaration: Declaration, standing: Standing) -> SourceShape:
    """A source of a list."""
    return SourceShape(
        slug=standing.slug,
        name=declaration.name,
        state=standing.state,
        last_success=standing.last_success,
        newest=standing.newest,
    )


def model_line(id: UUID, version: str, state: str, trained_at: datetime, metrics: dict[str, Any]) -> ModelShape:
    """A model of a list."""
    return ModelShape.model_validate(
        {"id": id, "version": version, "state": state, "trained_at": trained_at, "metrics": metrics}
    )
