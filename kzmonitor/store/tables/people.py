"""Tables of people: subscribers and what they were sent; and the daily manifests."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table, one_of


class Subscriber(Table):
    """Where a digest goes, and what of it."""

    __tablename__ = "subscriber"
    id: Mapped[Id]
    address: Mapped[str] = mapped_column(comment="mail address, webhook, chat of Telegram, or the name of a feed")
    channel: Mapped[str] = mapped_column(server_default="mail")
    mode: Mapped[str] = mapped_column(server_default="daily")
    language: Mapped[str]
    labels: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="empty: all")
    regions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="empty: all")
    outlets: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="slugs; empty: all")
    min_severity: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    notice_severity: Mapped[int | None] = mapped_column(
        SmallInteger, comment="told at once from this severity on; empty: nothing is"
    )
    hour: Mapped[int] = mapped_column(SmallInteger, server_default=text("8"), comment="of the day in Almaty")
    weekday: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), comment="of a weekly one; 0: Monday")
    account_id: Mapped[UUID | None] = mapped_column("account", ForeignKey("account.id"), index=True)
    state: Mapped[str] = mapped_column(server_default="active", comment="unconfirmed: asked whether it wants this")
    token_sha256: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True, comment="of the address of a feed")
    openpgp: Mapped[str | None] = mapped_column(comment="certificate, armored; mail is encrypted with it or not sent")
    created_at: Mapped[Created]
    __table_args__ = (
        UniqueConstraint("address", "channel", "mode"),
        one_of("channel", "mail", "feed", "webhook", "telegram"),
        one_of("mode", "daily", "weekly", "immediate"),
        one_of("state", "active", "unconfirmed"),
    )


class Delivery(Table):
    """One digest, notice or question to one subscriber over one channel: the outbox."""

    __tablename__ = "delivery"
    id: Mapped[Id]
    subscriber_id: Mapped[UUID] = mapped_column("subscriber", ForeignKey("subscriber.id"))
    mode: Mapped[str] = mapped_column(comment="daily, weekly, immediate, or confirmation")
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    channel: Mapped[str]
    state: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]
    left_out: Mapped[int] = mapped_column(server_default=text("0"), comment="alerts that were not asked for")
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    doubts: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="how often it stayed unknown whether it was accepted"
    )
    progress: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="parts of a long message that have arrived"
    )
    next_try: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("subscriber", "mode", "period_end", "channel"),
        one_of("state", "waiting", "sending", "sent", "unknown", "refused"),
        Index("ix_delivery_unfinished", "channel", postgresql_where=text("state in ('waiting', 'sending', 'unknown')")),
    )


class DeliveryItem(Table):
    """That a delivery told of an event."""

    __tablename__ = "delivery_item"
    delivery_id: Mapped[UUID] = mapped_column("delivery", ForeignKey("delivery.id"), primary_key=True)
    alert_event_id: Mapped[UUID] = mapped_column(
        "alert_event", ForeignKey("alert_event.id"), primary_key=True, index=True
    )
    noticed_at: Mapped[datetime | None] = mapped_column(comment="when an immediate notice had told of it before")


class Manifest(Table):
    """The root over one UTC day's captures; each root contains the one before."""

    __tablename__ = "manifest"
    day: Mapped[date] = mapped_column(primary_key=True)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    previous_root: Mapped[bytes | None] = mapped_column(LargeBinary)
    captures: Mapped[int]
    closed_at: Mapped[Created]
    timestamp: Mapped[bytes | None] = mapped_column(LargeBinary, comment="RFC 3161 reply (DER) over the root")
    timestamp_state: Mapped[str | None] = mapped_column(comment="named state of the last try; empty: none was made")


class ManifestLeaf(Table):
    """That a capture is covered by a day's manifest. It outlives the capture, so no key points there."""

    __tablename__ = "manifest_leaf"
    capture_id: Mapped[UUID] = mapped_column("capture", primary_key=True)
    day: Mapped[date] = mapped_column(ForeignKey("manifest.day", deferrable=True, initially="DEFERRED"))
    leaf: Mapped[bytes] = mapped_column(LargeBinary, comment="32 bytes, see evidence.leaves")
    parts: Mapped[bytes] = mapped_column(LargeBinary, comment="8 bytes of hash for each part of the capture")
    __table_args__ = (Index("ix_manifest_leaf_day_capture", "day", "capture"),)
