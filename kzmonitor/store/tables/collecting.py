"""Tables of collecting: sources, hosts, polls, entries, captures, and the articles cut from them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table, one_of

ROUTES = ("direct", "feed", "proxy", "mirror", "archive", "import")
TELL = "whether its alerts are news for a digest; not what was imported or backfilled"


class Source(Table):
    """An outlet or body as its declaration had it when it was last collected."""

    __tablename__ = "source"
    slug: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    tier: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    languages: Mapped[list[str]]
    country: Mapped[str]
    enabled: Mapped[bool]
    collect_asked_at: Mapped[datetime | None] = mapped_column(comment="somebody wants it polled without waiting")


class Host(Table):
    """The budget of one host over all processes, and its robots.txt."""

    __tablename__ = "host"
    name: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime] = mapped_column(comment="no request to this host starts before")
    delay_s: Mapped[float] = mapped_column(comment="smallest gap between two requests, seconds")
    holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fails: Mapped[int] = mapped_column(server_default=sql("0"))
    robots: Mapped[str | None] = mapped_column(comment="last good robots.txt; empty: there is none (404, 410)")
    robots_at: Mapped[datetime | None] = mapped_column(comment="when `robots` was read")
    robots_tried_at: Mapped[datetime | None]
    robots_problem: Mapped[str | None] = mapped_column(comment="why the last try gave no robots.txt")


class Poll(Table):
    """One look at a feed, listing or sitemap. Its ETag is committed with the entries it brought."""

    __tablename__ = "poll"
    id: Mapped[Id]
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"))
    url: Mapped[str]
    started: Mapped[datetime]
    state: Mapped[str]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    items: Mapped[int | None]
    new: Mapped[int | None]
    error: Mapped[str | None]
    __table_args__ = (
        Index("ix_poll_source_url_started", "source", "url", sql("started desc")),
        Index("ix_poll_source_started", "source", "started"),
        Index("ix_poll_success", "source", "started", postgresql_where=sql("state in ('ok', 'not-modified')")),
    )


class Entry(Table):
    """An address seen in a feed or listing. `capture` is its last good page, `cut` the last one that was cut:
    where they differ there is a page to understand."""

    __tablename__ = "entry"
    id: Mapped[Id]
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"))
    url: Mapped[str]
    canonical_url: Mapped[str] = mapped_column(unique=True)
    route: Mapped[str]
    found_at: Mapped[Created]
    published_at: Mapped[datetime | None]
    title: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="found")
    lease_until: Mapped[datetime | None]
    holder: Mapped[int | None] = mapped_column(comment="who leased it, see store.leases")
    fence: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"), comment="grows with each lease")
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    retry_at: Mapped[datetime | None] = mapped_column(comment="not before; empty: at once")
    error: Mapped[str | None] = mapped_column(comment="named state of the last failure")
    capture_id: Mapped[UUID | None] = mapped_column(ForeignKey("capture.id"))
    cut_id: Mapped[UUID | None] = mapped_column(ForeignKey("capture.id"))
    tell: Mapped[bool] = mapped_column(server_default=sql("true"), comment=TELL)
    __table_args__ = (
        one_of("state", "found", "leased", "fetched", "failed", "skipped"),
        one_of("route", *ROUTES),
        Index("ix_entry_waiting", "source", "found_at", postgresql_where=sql("state in ('found', 'leased')")),
        Index("ix_entry_uncut", "found_at", postgresql_where=sql("capture_id is distinct from cut_id")),
        Index("ix_entry_source_found_at", "source", "found_at"),
    )


class Capture(Table):
    """One response as received, before decompression and parsing; the body is kept under zstd."""

    __tablename__ = "capture"
    id: Mapped[Id]
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"))
    url: Mapped[str]
    canonical_url: Mapped[str]
    route: Mapped[str]
    fetched_at: Mapped[datetime]
    status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, Any]] = mapped_column(comment="name to list of values; no Set-Cookie")
    hops: Mapped[list[str]] = mapped_column(comment="addresses that redirected here, in order")
    body: Mapped[bytes | None] = mapped_column(LargeBinary, comment="zstd of the bytes as received")
    sha256: Mapped[bytes] = mapped_column(LargeBinary, comment="of the bytes as received")
    erased_at: Mapped[datetime | None]
    erased_why: Mapped[str | None]
    __table_args__ = (
        one_of("route", *ROUTES),
        Index("ix_capture_canonical_url", "canonical_url"),
        {"postgresql_partition_by": "RANGE (id)"},
    )


class Article(Table):
    """What an outlet published under one key."""

    __tablename__ = "article"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True, comment="the outlet's own id (rferl:32868740), or the address")
    canonical_url: Mapped[str] = mapped_column(index=True)
    source: Mapped[str] = mapped_column(ForeignKey("source.slug"), index=True)
    first_seen: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    tell: Mapped[bool] = mapped_column(server_default=sql("true"), comment=TELL)
    current_revision: Mapped[UUID | None] = mapped_column(
        ForeignKey("revision.id", use_alter=True, name="fk_article_current_revision"), index=True
    )
    indexed_revision: Mapped[UUID | None] = mapped_column(comment="the text by which its copies are found")
    scored_revision: Mapped[UUID | None] = mapped_column(comment="the text that was scored last")
    scored_by: Mapped[UUID | None] = mapped_column(ForeignKey("model.id"), comment="the model that said so")
    clues_due: Mapped[bool] = mapped_column(
        server_default=sql("false"), comment="it was flagged, or nearly; its clues are not read yet"
    )
    __table_args__ = (
        Index("ix_article_unindexed", "id", postgresql_where=sql("current_revision is distinct from indexed_revision")),
        Index(
            "ix_article_unscored",
            "current_revision",
            postgresql_where=sql("current_revision is distinct from scored_revision"),
        ),
        Index("ix_article_scored_by", "scored_by", "current_revision"),
        Index("ix_article_clues_due", "current_revision", postgresql_where=sql("clues_due")),
    )


class Revision(Table):
    """One text of an article; an edit makes a new one."""

    __tablename__ = "revision"
    id: Mapped[Id]
    article_id: Mapped[UUID] = mapped_column("article", ForeignKey("article.id"))
    capture_id: Mapped[UUID] = mapped_column("capture", ForeignKey("capture.id"), index=True)
    text_sha256: Mapped[bytes] = mapped_column(LargeBinary, comment="of title, newline, text")
    title: Mapped[str]
    text: Mapped[str]
    language: Mapped[str]
    script: Mapped[str]
    published_at: Mapped[datetime | None]
    date_doubt: Mapped[str | None] = mapped_column(comment="why the time may be wrong")
    author: Mapped[str | None]
    cut_by: Mapped[str] = mapped_column(comment="layout:n, trafilatura or feed")
    search: Mapped[str | None] = mapped_column(TSVECTOR)
    created_at: Mapped[Created]
    __table_args__ = (
        UniqueConstraint("article", "text_sha256"),
        one_of("language", "ru", "kk", "ky", "en", "other"),
        Index("ix_revision_search", "search", postgresql_using="gin"),
        Index("ix_revision_told", sql("coalesce(published_at, created_at) desc"), sql("id desc")),
        Index("ix_revision_unsearched", "id", postgresql_where=sql("search is null and text <> ''")),
    )
