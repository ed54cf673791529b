"""Access tokens of the programming interface: kept as hashes, shown once, no stronger than their holder."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit, keys
from kzmonitor.accounts.roles import ROLES, Person
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store.tables import Account, Token, new_id

# A scope is a role for programs.
SCOPES = {"read": "reader", "review": "reviewer", "admin": "admin"}
# Said at the front, so that a scanner of leaked secrets knows it.
PREFIX = "kzm_"
LONGEST_DAYS = 366
LONGEST_NAME = 60
MOST = 20
USED_TO_THE = timedelta(hours=1)


@dataclass(frozen=True)
class Listed:
    """A token as its holder sees it."""

    id: UUID
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


def make(session: Session, person: Person, name: str, scope: str, days: int, now: datetime) -> str:
    """A new token, told this once. InputError when it would be stronger than its holder, or has no name or end."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(_("say in up to {number} letters what the token is for").format(number=LONGEST_NAME))
    if scope not in SCOPES or not person.may(SCOPES[scope]):
        raise InputError(_("a token can't do more than you may do yourself"))
    if not 1 <= days <= LONGEST_DAYS:
        raise InputError(_("a token lasts from 1 to {number} days").format(number=LONGEST_DAYS))
    session.execute(select(Account.id).where(Account.id == person.id).with_for_update())
    held = select(func.count()).where(Token.account_id == person.id, *_works(now))
    if (session.scalar(held) or 0) >= MOST:
        raise InputError(_("you have {number} tokens already; revoke one of them first").format(number=MOST))
    token = PREFIX + keys.token()
    row = Token(
        id=new_id(), account_id=person.id, token_sha256=keys.sha256(token), scopes=[scope], name=name, created_at=now,
        expires_at=now + timedelta(days=days),
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.note(session, person.id, "make token", "token", row.id, {"scope": scope, "days": days}, now)
    return token


def holder(session: Session, token: str, now: datetime) -> Person | None:
    """Who acts by a token, with the role of its scope or, if that is less, the role of its holder today."""
    query = (
        select(Token, Account)
        .join(Account, Account.id == Token.account_id)
        .where(Token.token_sha256 == keys.sha256(token), *_works(now), Account.disabled_at.is_(None))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    found, account = row
    if found.used_at is None or now - found.used_at >= USED_TO_THE:
        session.execute(update(Token).where(Token.id == found.id).values(used_at=now))
    granted = max((ROLES.index(SCOPES[scope]) for scope in found.scopes), default=0)
    return Person(account.id, account.pseudonym, ROLES[min(granted, ROLES.index(account.role))])


def held_by(session: Session, account_id: UUID, now: datetime) -> list[Listed]:
    """The tokens of an account that work, newest first."""
    query = select(Token).where(Token.account_id == account_id, *_works(now)).order_by(Token.id.desc())
    return [
        Listed(row.id, row.name, " ".join(row.scopes), row.created_at, row.expires_at, row.used_at)
        for row in session.scalars(query)
    ]


def revoke(session: Session, person: Person, id: UUID, now: datetime) -> None:
    """One's own token works no more; another person's is not touched."""
    revoked = update(Token).where(Token.id == id, Token.account_id == person.id, Token.revoked_at.is_(None))
    if session.scalar(revoked.values(revoked_at=now).returning(Token.id)) is not None:
        audit.note(session, person.id, "revoke token", "token", id, None, now)


def _works(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Token.revoked_at.is_(None), (Token.expires_at.is_(None)) | (Token.expires_at > now))
