"""Tables of watching: which pages are looked at again, what became of them, and how far a backfill has come."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table, one_of


class Watch(Table):
    """The page of an article behind an alert. `good_capture` is its last good version, which a look is compared with;
    `doubt_*` is what the last looks saw and what is not believed yet."""

    __tablename__ = "watch"
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"), primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"))
    first_seen: Mapped[datetime] = mapped_column(comment="the schedule counts from here")
    next_at: Mapped[datetime | None] = mapped_column(comment="when it is looked at again; empty: never")
    looked_at: Mapped[datetime | None]
    seen: Mapped[str | None] = mapped_column(comment="named state of the last look")
    good_capture: Mapped[UUID] = mapped_column(ForeignKey("capture.id"), index=True)
    good_revision: Mapped[UUID] = mapped_column(ForeignKey("revision.id"))
    good_at: Mapped[datetime] = mapped_column(comment="when the page was last seen to be well")
    standing: Mapped[str] = mapped_column(server_default="good")
    doubt_kind: Mapped[str | None]
    doubt_state: Mapped[str | None]
    doubt_since: Mapped[datetime | None]
    doubt_looks: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    lease_until: Mapped[datetime | None]
    holder: Mapped[int | None] = mapped_column(comment="who leased it, see store.leases")
    fence: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), comment="grows with each lease")
    __table_args__ = (
        one_of("standing", "good", "gone", "blocked"),
        one_of("doubt_kind", "changed", "gone", "blocked"),
        Index("ix_watch_due", "source", "next_at", postgresql_where=text("next_at is not null")),
    )


class PageEvent(Table):
    """What became of a page behind an alert: its text was changed, it is gone or blocked, or it is back."""

    __tablename__ = "page_event"
    id: Mapped[Id]
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(comment="named state: 404, soft-404, dns, tls, 403-wall, 451, edited, ...")
    since: Mapped[datetime] = mapped_column(comment="the first look that saw it")
    good_at: Mapped[datetime] = mapped_column(comment="the last look before that saw the page as it was")
    confirmed: Mapped[bool] = mapped_column(comment="false: the page's layout changed too, a person should look")
    before_capture: Mapped[UUID | None] = mapped_column(ForeignKey("capture.id"))
    after_capture: Mapped[UUID | None] = mapped_column(ForeignKey("capture.id"))
    before_revision: Mapped[UUID | None] = mapped_column(ForeignKey("revision.id"))
    after_revision: Mapped[UUID | None] = mapped_column(ForeignKey("revision.id"))
    created_at: Mapped[Created]
    __table_args__ = (
        one_of("kind", "changed", "gone", "blocked", "back"),
        UniqueConstraint("article", "kind", "since"),
        Index("ix_page_event_created_at", "created_at"),
        Index("ix_page_event_before_capture", "before_capture", postgresql_where=text("before_capture is not null")),
        Index("ix_page_event_after_capture", "after_capture", postgresql_where=text("after_capture is not null")),
    )


class Backfill(Table):
    """How far the reading of one archive has come: a listing or sitemap of a source, for a range of days."""

    __tablename__ = "backfill"
    id: Mapped[Id]
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"))
    url: Mapped[str] = mapped_column(comment="address or template, as declared")
    first_day: Mapped[date]
    last_day: Mapped[date]
    place: Mapped[int] = mapped_column(server_default=text("0"), comment="pages, days or sitemaps that are done")
    state: Mapped[str] = mapped_column(server_default="open")
    found: Mapped[int] = mapped_column(server_default=text("0"), comment="addresses that were not known before")
    tell: Mapped[bool] = mapped_column(server_default=text("false"), comment="whether its alerts are news for a digest")
    changed_at: Mapped[datetime]
    __table_args__ = (
        one_of("state", "open", "done"),
        UniqueConstraint("source", "url", "first_day", "last_day"),
    )
