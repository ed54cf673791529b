"""Tables of people: accounts and their traces, subscribers and what they were sent; and the daily manifests."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kzmonitor.store.tables.base import Created, Id, Table, one_of


class Account(Table):
    """A person who may log in, under a pseudonym."""

    __tablename__ = "account"
    id: Mapped[Id]
    pseudonym: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[Created]
    disabled_at: Mapped[datetime | None]
    __table_args__ = (one_of("role", "reader", "reviewer", "admin"),)


class LoginSession(Table):
    """A login, known by the hash of its cookie."""

    __tablename__ = "session"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column("account", ForeignKey("account.id"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[Created]


class Token(Table):
    """An access token of the programming interface, kept as a hash, with its scopes."""

    __tablename__ = "token"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column("account", ForeignKey("account.id"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[Created]
    revoked_at: Mapped[datetime | None]


class AuditLog(Table):
    """Who did what to which row, and what it was before."""

    __tablename__ = "audit_log"
    id: Mapped[Id]
    account_id: Mapped[UUID | None] = mapped_column("account", ForeignKey("account.id"))
    action: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None]
    created_at: Mapped[Created]


class Subscriber(Table):
    """Where a digest goes, and what of it."""

    __tablename__ = "subscriber"
    id: Mapped[Id]
    address: Mapped[str]
    channel: Mapped[str] = mapped_column(server_default="mail")
    mode: Mapped[str] = mapped_column(server_default="daily")
    language: Mapped[str]
    labels: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="empty: all")
    regions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="empty: all")
    min_severity: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    hour: Mapped[int] = mapped_column(SmallInteger, server_default=text("8"), comment="of the day in Almaty")
    created_at: Mapped[Created]
    __table_args__ = (
        UniqueConstraint("address", "channel", "mode"),
        one_of("channel", "mail"),
        one_of("mode", "daily", "weekly", "immediate"),
    )


class Delivery(Table):
    """One digest to one subscriber over one channel: the outbox."""

    __tablename__ = "delivery"
    id: Mapped[Id]
    subscriber_id: Mapped[UUID] = mapped_column("subscriber", ForeignKey("subscriber.id"))
    mode: Mapped[str]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    channel: Mapped[str]
    state: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("subscriber", "mode", "period_end", "channel"),
        one_of("state", "waiting", "sending", "sent", "unknown", "refused"),
    )


class DeliveryItem(Table):
    """That a delivery told of an event."""

    __tablename__ = "delivery_item"
    delivery_id: Mapped[UUID] = mapped_column("delivery", ForeignKey("delivery.id"), primary_key=True)
    alert_event_id: Mapped[UUID] = mapped_column(
        "alert_event", ForeignKey("alert_event.id"), primary_key=True, index=True
    )


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
