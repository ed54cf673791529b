"""Tables of what people tell us: cases that we missed, and requests of those whom an alert is about."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table, one_of


class MissedReport(Table):
    """A case that a person says we missed. Its text is its article's, its alert that of the article's incident."""

    __tablename__ = "missed_report"
    id: Mapped[Id]
    account_id: Mapped[UUID | None] = mapped_column("account", ForeignKey("account.id"))
    url: Mapped[str | None] = mapped_column(comment="empty: the text was pasted")
    canonical_url: Mapped[str | None]
    source: Mapped[str] = mapped_column(comment="slug; of an address that nobody declares, the one made for its host")
    labels: Mapped[list[str]]
    place: Mapped[str | None]
    note: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    standing: Mapped[str] = mapped_column(comment="of its article when it was reported; unknown: we had none")
    error: Mapped[str | None] = mapped_column(comment="named state of the last try to fetch it")
    article_id: Mapped[UUID | None] = mapped_column("article", ForeignKey("article.id"), index=True)
    created_at: Mapped[Created]
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", "waiting", "done", "failed"),
        one_of("standing", "flagged", "unflagged", "unknown"),
        Index("ix_missed_report_waiting", "source", "id", postgresql_where=text("state = 'waiting'")),
    )


class Request(Table):
    """What somebody says is wrong with an alert, or asks to have corrected or erased, and what was decided."""

    __tablename__ = "request"
    id: Mapped[Id]
    alert_id: Mapped[UUID] = mapped_column("alert", ForeignKey("alert.id"), index=True)
    account_id: Mapped[UUID | None] = mapped_column("account", ForeignKey("account.id"), comment="who wrote it down")
    kind: Mapped[str]
    asker: Mapped[str]
    said: Mapped[str]
    contact: Mapped[str | None] = mapped_column(comment="gone once the asker has been answered")
    received_on: Mapped[date]
    due_on: Mapped[date]
    created_at: Mapped[Created]
    decision: Mapped[str | None]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", "wrong", "correct", "erase"),
        one_of("asker", "staff", "person", "relative", "lawyer", "outlet", "other"),
        one_of("decision", "corrected", "refused", "erased"),
        Index("ix_request_open", "due_on", "id", postgresql_where=text("answered_at is null")),
    )
