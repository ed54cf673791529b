"""Tables of accounts: who may log in and how, what is open, what was tried, and what was done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
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
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary, comment="encrypted, see accounts.second_factor")
    totp_since: Mapped[datetime | None] = mapped_column(comment="empty: not asked for yet")
    totp_step: Mapped[int | None] = mapped_column(
        BigInteger, comment="of the last code that was used; none may be used twice"
    )
    __table_args__ = (
        one_of("role", "reader", "reviewer", "admin"),
        UniqueConstraint("oidc_issuer", "oidc_subject"),
    )


class LoginSession(Table):
    """A login, known by the hash of its cookie; its end is the end of the row."""

    __tablename__ = "session"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column("account", ForeignKey("account.id"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime] = mapped_column(comment="ends then, however much it is used")
    created_at: Mapped[Created]
    seen_at: Mapped[datetime] = mapped_column(comment="to the minute")
    way: Mapped[str]
    browser: Mapped[str] = mapped_column(comment="its name and system, no address")
    waits_for_code: Mapped[bool]
    __table_args__ = (one_of("way", "password", "token", "oidc"),)


class Token(Table):
    """An access token of the programming interface, kept as a hash, with its scopes."""

    __tablename__ = "token"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column("account", ForeignKey("account.id"), index=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[Created]
    revoked_at: Mapped[datetime | None]
    name: Mapped[str] = mapped_column(comment="what it is for, in its holder's words")
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None] = mapped_column(comment="to the hour")


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
    __table_args__ = (Index(None, "subject", "subject_id"),)


class RecoveryCode(Table):
    """What opens an account once in place of its second factor."""

    __tablename__ = "recovery_code"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column("account", ForeignKey("account.id"))
    code_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("account", "code_sha256"),)


class Invitation(Table):
    """A one-time address at which a person takes an account over; gone once it was used."""

    __tablename__ = "invitation"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column("account", ForeignKey("account.id"), index=True)
    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[Created]


class LoginAttempt(Table):
    """That somebody tried to log in and has not succeeded since."""

    __tablename__ = "login_attempt"
    id: Mapped[Id]
    subject: Mapped[bytes] = mapped_column(LargeBinary, comment="keyed hash of what was tried to be opened")
    client: Mapped[bytes] = mapped_column(LargeBinary, comment="keyed hash of where it was tried from")
    created_at: Mapped[Created]
    __table_args__ = (
        Index(None, "subject", "created_at"),
        Index(None, "client", "created_at"),
        Index(None, "created_at"),
    )


class OidcLogin(Table):
    """A login that went to the provider of identities and has not come back."""

    __tablename__ = "oidc_login"
    id: Mapped[Id]
    state_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    nonce: Mapped[str]
    verifier: Mapped[str] = mapped_column(comment="of PKCE, RFC 7636")
    target: Mapped[str]
    invitation_id: Mapped[UUID | None] = mapped_column(
        "invitation", ForeignKey("invitation.id", ondelete="CASCADE"), comment="which the login will use up"
    )
    expires_at: Mapped[datetime]
