"""Tables of overseeing: how much came in each day, known articles that are fetched again, figures that are kept,
and retrainings that people asked for."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Id, Table, one_of


class Coverage(Table):
    """How many articles of a source were found on a day, by language; not what was imported or read back."""

    __tablename__ = "coverage"
    day: Mapped[date] = mapped_column(primary_key=True, comment="in Almaty")
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    articles: Mapped[int]
    counted_at: Mapped[datetime]


class Canary(Table):
    """A known article of a source, fetched again each night, and what the last look saw of it."""

    __tablename__ = "canary"
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"), primary_key=True)
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"))
    capture_id: Mapped[UUID] = mapped_column(
        "capture", ForeignKey("capture.id"), comment="what is expected is cut from"
    )
    title: Mapped[str] = mapped_column(comment="expected")
    words: Mapped[int] = mapped_column(comment="expected length of the text")
    published_at: Mapped[datetime | None] = mapped_column(comment="expected")
    chosen_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    state: Mapped[str | None] = mapped_column(comment="named state of the last look; empty: not looked at yet")
    since: Mapped[datetime | None] = mapped_column(comment="the first look of those in a row that saw this state")
    seen_title: Mapped[str | None]
    seen_words: Mapped[int | None]
    seen_published_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    holder: Mapped[int | None] = mapped_column(comment="who leased it, see store.leases")
    fence: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), comment="grows with each lease")


class Figure(Table):
    """Figures that take long to count, as they stood at a moment."""

    __tablename__ = "figure"
    name: Mapped[str] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]


class TrainingRun(Table):
    """A retraining that a person asked for, and what became of it."""

    __tablename__ = "training_run"
    id: Mapped[Id]
    state: Mapped[str] = mapped_column(server_default="waiting")
    reason: Mapped[str]
    promote: Mapped[bool] = mapped_column(comment="whether it may become the champion if it passes the gate")
    account_id: Mapped[UUID | None] = mapped_column("account", ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(comment="as learn.retrain names it")
    version: Mapped[str | None]
    line: Mapped[str | None] = mapped_column(comment="what went wrong")
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    lease_until: Mapped[datetime | None]
    holder: Mapped[int | None] = mapped_column(comment="who leased it, see store.leases")
    __table_args__ = (
        one_of("state", "waiting", "running", "done", "failed"),
        Index("ix_training_run_open", "asked_at", postgresql_where=text("state in ('waiting', 'running')")),
    )
