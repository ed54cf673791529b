"""Tables of understanding: models, predictions, near-duplicate bands, incidents, alerts, reviews."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table, one_of

TIERS = ("queue", "mail")


class ArticleBand(Table):
    """One band of the MinHash signature of an article's current text."""

    __tablename__ = "article_band"
    band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    hash: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"), primary_key=True, index=True)


class Model(Table):
    """A version of the classifier, as data."""

    __tablename__ = "model"
    id: Mapped[Id]
    version: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, comment="of `body`")
    state: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary, comment="skops file")
    trained_at: Mapped[datetime]
    metrics: Mapped[dict[str, Any]]
    data_sha256: Mapped[bytes] = mapped_column(LargeBinary, comment="of the label set it was trained on")
    taxonomy: Mapped[dict[str, Any]]
    __table_args__ = (
        one_of("state", "candidate", "champion", "retired"),
        Index("uq_model_champion", "state", unique=True, postgresql_where=text("state = 'champion'")),
    )


class Prediction(Table):
    """One model's view of a revision. Partitioned by the revision's id, which orders it by month."""

    __tablename__ = "prediction"
    revision_id: Mapped[UUID] = mapped_column("revision", ForeignKey("revision.id"), primary_key=True)
    model_id: Mapped[UUID] = mapped_column("model", ForeignKey("model.id"), primary_key=True)
    relevance: Mapped[float]
    probabilities: Mapped[dict[str, Any]]
    labels: Mapped[list[str]]
    tier: Mapped[str | None] = mapped_column(comment="empty: not flagged")
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[Created]
    __table_args__ = (
        one_of("tier", *TIERS),
        Index("ix_prediction_flagged", "model", "revision", postgresql_where=text("tier is not null")),
        {"postgresql_partition_by": "RANGE (revision)"},
    )


class Incident(Table):
    """One event in the world, told by one or more articles."""

    __tablename__ = "incident"
    id: Mapped[Id]
    title: Mapped[str]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    labels: Mapped[list[str]]
    severity: Mapped[int] = mapped_column(SmallInteger, comment="1 to 4")
    place: Mapped[str | None]
    region: Mapped[str | None] = mapped_column(comment="ISO 3166-2:KZ")
    actors: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))


class IncidentArticle(Table):
    """That an article tells of an incident, and why we think so."""

    __tablename__ = "incident_article"
    incident_id: Mapped[UUID] = mapped_column("incident", ForeignKey("incident.id"), primary_key=True)
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"), primary_key=True, index=True)
    why: Mapped[str]
    score: Mapped[float]
    by: Mapped[str] = mapped_column(comment="grouping, or the account that merged")
    created_at: Mapped[Created]


class Party(Table):
    """A person or organisation that things happen to."""

    __tablename__ = "party"
    id: Mapped[Id]
    kind: Mapped[str]
    names: Mapped[list[str]]
    gazetteer: Mapped[str | None]


class Proceeding(Table):
    """What happens to one party in an incident; two victims of one raid may end differently."""

    __tablename__ = "proceeding"
    incident_id: Mapped[UUID] = mapped_column("incident", ForeignKey("incident.id"), primary_key=True)
    party_id: Mapped[UUID] = mapped_column("party", ForeignKey("party.id"), primary_key=True)
    status: Mapped[str]
    since: Mapped[datetime]


class Alert(Table):
    """The row that asks a person to look at an incident."""

    __tablename__ = "alert"
    id: Mapped[Id]
    incident_id: Mapped[UUID] = mapped_column("incident", ForeignKey("incident.id"), unique=True)
    tier: Mapped[str]
    score: Mapped[float]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    __table_args__ = (one_of("tier", *TIERS),)


class AlertEvent(Table):
    """A turn of an alert that its readers should hear of."""

    __tablename__ = "alert_event"
    id: Mapped[Id]
    alert_id: Mapped[UUID] = mapped_column("alert", ForeignKey("alert.id"), index=True)
    kind: Mapped[str]
    proceeding: Mapped[str | None]
    from_status: Mapped[str | None] = mapped_column("from")
    to_status: Mapped[str | None] = mapped_column("to")
    article_id: Mapped[UUID | None] = mapped_column("article", ForeignKey("article.id"))
    ready_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (one_of("kind", "opened", "renewed", "corrected"),)


class Review(Table):
    """A person's decision, never overwritten; an undo is a row of its own that names what it undoes."""

    __tablename__ = "review"
    id: Mapped[Id]
    account_id: Mapped[UUID | None] = mapped_column("account", ForeignKey("account.id"))
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    revision_id: Mapped[UUID | None] = mapped_column("revision", ForeignKey("revision.id"))
    decision: Mapped[str]
    labels: Mapped[list[str] | None]
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    reason: Mapped[str | None]
    note: Mapped[str | None]
    blind: Mapped[bool] = mapped_column(server_default=text("false"))
    seen_version: Mapped[UUID | None] = mapped_column(comment="the latest review that the reviewer had before them")
    undoes: Mapped[UUID | None] = mapped_column(ForeignKey("review.id"))
    created_at: Mapped[Created]
    __table_args__ = (
        one_of("subject", "alert", "article"),
        one_of("decision", "confirm", "correct", "reject", "duplicate", "merge", "split", "unsure", "escalate", "undo"),
        UniqueConstraint("undoes"),
        Index("ix_review_subject", "subject", "subject_id", "id"),
    )


class PairLabel(Table):
    """A person's word on whether two articles tell of one event."""

    __tablename__ = "pair_label"
    first: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    second: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    same: Mapped[bool]
    review_id: Mapped[UUID] = mapped_column("review", ForeignKey("review.id"))


class Campaign(Table):
    """A pattern over incidents: one target attacked by many, or one kind of pressure on many targets."""

    __tablename__ = "campaign"
    id: Mapped[Id]
    title: Mapped[str]
    pattern: Mapped[str]
    labels: Mapped[list[str]]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    incidents: Mapped[list[UUID]]
