"""Tables of understanding: models, predictions, near-duplicate bands, incidents, alerts, reviews."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table, one_of

TIERS = ("queue", "mail")
# The reviews of which some ask for a second reading: all rejections, and of other decisions those on one text in ten,
# which a hash draws, so that nobody chooses. Written once, since a query must say it word for word to use the index.
DRAWN = "mod(('x' || left(md5(revision::text), 8))::bit(32)::bigint, 10) = 0"
READ_AGAIN = (
    "not blind and revision is not null and decision in ('confirm', 'correct', 'reject') "
    f"and (decision = 'reject' or {DRAWN})"
)


class ArticleSignature(Table):
    """That the text of a revision is indexed as its article's. The number stands for the article in `article_band`."""

    __tablename__ = "article_signature"
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"), primary_key=True)
    revision_id: Mapped[UUID] = mapped_column("revision", ForeignKey("revision.id"), unique=True)
    number: Mapped[int] = mapped_column(Identity(), unique=True)


class ArticleBand(Table):
    """One key of an indexed text: a pair of words that stands for it. Without foreign keys, for there are millions."""

    __tablename__ = "article_band"
    key: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    article: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="the number of its article_signature"
    )


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
    first_seen: Mapped[datetime] = mapped_column(index=True)
    last_seen: Mapped[datetime]
    labels: Mapped[list[str]]
    severity: Mapped[int] = mapped_column(SmallInteger, comment="1 to 4")
    place: Mapped[str | None]
    region: Mapped[str | None] = mapped_column(comment="ISO 3166-2:KZ")
    actors: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    redirect_to: Mapped[UUID | None] = mapped_column(
        ForeignKey("incident.id"), index=True, comment="the incident it was merged into, which is merged into none"
    )
    opened_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("article.id"),
        index=True,
        comment="its earliest article when it was opened: where that stands, it is",
    )
    title_why: Mapped[str] = mapped_column(server_default="first", comment="first telling, or surest of the tellings")
    event_date: Mapped[str | None] = mapped_column(comment="ISO day or month")
    sums: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    law: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="articles of law")
    people: Mapped[int | None] = mapped_column(comment="how many the acts befell")
    severity_parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    __table_args__ = (Index("ix_incident_region_last_seen", "region", "last_seen"),)


class IncidentArticle(Table):
    """That an article tells of an incident, and why we think so."""

    __tablename__ = "incident_article"
    incident_id: Mapped[UUID] = mapped_column("incident", ForeignKey("incident.id"), primary_key=True)
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"), primary_key=True, index=True)
    why: Mapped[str] = mapped_column(comment="first, copy, same event, person, or round-up: lists it among others")
    score: Mapped[float] = mapped_column(comment="chance that it tells of the same event")
    reasons: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="clue, or clue: what is shared")
    by: Mapped[str] = mapped_column(comment="grouping, or the account that merged")
    created_at: Mapped[Created]
    __table_args__ = (Index("ix_incident_article_created_at", "created_at"),)


class ArticleClue(Table):
    """What a flagged article's text offers for comparison with others, and how far its grouping has come."""

    __tablename__ = "article_clue"
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"), primary_key=True)
    revision_id: Mapped[UUID] = mapped_column("revision", ForeignKey("revision.id"), index=True)
    model_id: Mapped[UUID] = mapped_column("model", ForeignKey("model.id"), comment="whose prediction it is read by")
    recipe: Mapped[int] = mapped_column(SmallInteger, comment="of the clues, see incidents.clues")
    told_at: Mapped[datetime] = mapped_column(comment="published, else first seen")
    clues: Mapped[dict[str, Any]]
    paired: Mapped[bool] = mapped_column(comment="its pairs with what was there before are scored")
    grouped: Mapped[bool]
    __table_args__ = (
        Index("ix_article_clue_unpaired", "told_at", postgresql_where=text("not paired")),
        Index("ix_article_clue_ungrouped", "told_at", postgresql_where=text("paired and not grouped")),
        Index("ix_article_clue_recipe", "recipe"),
    )


class ClueToken(Table):
    """The index of clues: a number for each clue by which an article is found."""

    __tablename__ = "clue_token"
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    told_at: Mapped[datetime] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"), primary_key=True, index=True)
    reach_days: Mapped[int] = mapped_column(SmallInteger, comment="two articles that share it may be so far apart")


class ArticlePair(Table):
    """Two articles that may tell of one event, the smaller id first; pairs that hardly can are not kept."""

    __tablename__ = "article_pair"
    first: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    second: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    chance: Mapped[float]
    reasons: Mapped[list[str]]


class Party(Table):
    """A person or organisation that things happen to, the same one in all incidents."""

    __tablename__ = "party"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True, comment="the gazetteer's id, or kind and skeleton of the name")
    kind: Mapped[str]
    names: Mapped[list[str]]
    gazetteer: Mapped[str | None]
    search: Mapped[str | None] = mapped_column(TSVECTOR)
    __table_args__ = (
        Index("ix_party_words", text("string_to_array(split_part(key, ':', 2), ' ')"), postgresql_using="gin"),
        Index("ix_party_search", "search", postgresql_using="gin"),
        Index("ix_party_unsearched", "id", postgresql_where=text("search is null")),
    )


class Proceeding(Table):
    """What happens to one party in an incident; two victims of one raid may end differently."""

    __tablename__ = "proceeding"
    incident_id: Mapped[UUID] = mapped_column("incident", ForeignKey("incident.id"), primary_key=True)
    party_id: Mapped[UUID] = mapped_column("party", ForeignKey("party.id"), primary_key=True, index=True)
    status: Mapped[str] = mapped_column(comment="the latest turn; named: no turn is known")
    since: Mapped[datetime]
    history: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB,
        server_default=text("'[]'::jsonb"),
        comment="turns in order: status, day, precision, time, article, words",
    )


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
    proceeding: Mapped[str | None] = mapped_column(comment="key of the party whose proceeding turned")
    name: Mapped[str | None] = mapped_column(comment="of that party, as it was told")
    from_status: Mapped[str | None] = mapped_column("from")
    to_status: Mapped[str | None] = mapped_column("to")
    day: Mapped[str | None] = mapped_column(comment="of the turn, ISO day or month")
    late: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="a later turn of the proceeding had been told already"
    )
    turns: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"), comment="of proceedings that it tells of: party key, status, time, parted by |"
    )
    article_id: Mapped[UUID | None] = mapped_column("article", ForeignKey("article.id"), index=True)
    severity_parts: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSONB, comment="of the incident when this was written"
    )
    ready_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (
        one_of("kind", "opened", "renewed", "corrected"),
        Index("uq_alert_event_turns", "alert", "turns", unique=True, postgresql_where=text("turns <> '{}'::text[]")),
    )


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
        one_of(
            "decision",
            *("confirm", "correct", "reject", "duplicate", "merge", "split", "unsure", "escalate", "undo", "note"),
        ),
        UniqueConstraint("undoes"),
        Index("ix_review_subject", "subject", "subject_id", "id"),
        Index("ix_review_revision", "revision", "id"),
        Index("ix_review_read_again", "id", postgresql_where=text(READ_AGAIN)),
        Index("ix_review_blind", "id", postgresql_where=text("blind")),
    )


class PairLabel(Table):
    """A person's word on whether two articles tell of one event, the smaller id first; never overwritten."""

    __tablename__ = "pair_label"
    first: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    second: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    review_id: Mapped[UUID] = mapped_column("review", ForeignKey("review.id"), primary_key=True)
    same: Mapped[bool]


class Campaign(Table):
    """A pattern over incidents: one target attacked by many, or one kind of pressure on many targets."""

    __tablename__ = "campaign"
    id: Mapped[Id]
    title: Mapped[str] = mapped_column(comment="the label and the first names, not translated")
    pattern: Mapped[str]
    subject: Mapped[str | None] = mapped_column(comment="label:organisations, label:people, or the key of the target")
    labels: Mapped[list[str]]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    incidents: Mapped[list[UUID]] = mapped_column(comment="in order of time")
    targets: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="in the order in which they came")
    outlets: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    named_at: Mapped[datetime | None] = mapped_column(comment="of the incident that made it surprising enough")
    seen: Mapped[int | None] = mapped_column(comment="targets or outlets in its most surprising window")
    expected: Mapped[float | None] = mapped_column(comment="how many are usual")
    window_days: Mapped[int | None]
    chance: Mapped[float | None] = mapped_column(comment="of as many by accident")
    recurrence_years: Mapped[float | None] = mapped_column(comment="chance alone shows as much once in so many")
    found_at: Mapped[Created]
    gone_at: Mapped[datetime | None] = mapped_column(comment="since when its incidents are none any more")
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("campaign.id"))
    __table_args__ = (Index("ix_campaign_subject", "pattern", "subject"),)
