"""Logins: each is a row known by the hash of its cookie, and is over when the row is gone or its time has come."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from kzmonitor.accounts import keys
from kzmonitor.accounts.roles import Person
from kzmonitor.store.tables import Account, LoginSession, new_id

# Whoever finds the machine unattended finds it closed; a working day needs one login.
IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(hours=12)
# How long a right password waits for its second factor.
CODE_WITHIN = timedelta(minutes=5)
# One write a minute, however many pages are read.
SEEN_TO_THE = timedelta(minutes=1)

# What a browser's own line holds, the more telling first: Edge calls itself Chrome, and Chrome Safari.
BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "YaBrowser": "Yandex",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


@dataclass(frozen=True)
class Login:
    """An open login. waits_for_code: the password was right, the second factor has not been asked for yet."""

    id: UUID
    person: Person
    form_token: str
    way: str
    waits_for_code: bool


@dataclass(frozen=True)
class Open:
    """An open login as its holder sees it."""

    id: UUID
    way: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def begin(
    session: Session, account_id: UUID, way: str, browser: str, now: datetime, *, waits_for_code: bool = False
) -> str:
    """The value of the cookie of a new login. way: password, token or oidc; browser: as `browser_of` names it."""
    session.execute(delete(LoginSession).where(_is_over(now)))
    cookie = keys.token()
    session.add(
        LoginSession(
            id=new_id(),
            account_id=account_id,
            token_sha256=keys.sha256(cookie),
            expires_at=now + (CODE_WITHIN if waits_for_code else ABSOLUTE),
            created_at=now,
            seen_at=now,
            way=way,
            browser=browser,
            waits_for_code=waits_for_code,
        )
    )
    session.flush()
    return cookie


def login_of(session: Session, cookie: str, now: datetime) -> Login | None:
    """The login that a cookie belongs to; None when it is over, was ended, or its account is disabled."""
    query = (
        select(LoginSession, Account.pseudonym, Account.role)
        .join(Account, Account.id == LoginSession.account_id)
        .where(LoginSession.token_sha256 == keys.sha256(cookie), ~_is_over(now), Account.disabled_at.is_(None))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    login, pseudonym, role = row
    if now - login.seen_at >= SEEN_TO_THE:
        session.execute(update(LoginSession).where(LoginSession.id == login.id).values(seen_at=now))
    person = Person(login.account_id, pseudonym, role)
    return Login(login.id, person, form_token(cookie), login.way, login.waits_for_code)


def form_token(cookie: str) -> str:
    """What each form of a login carries, so that no other page can send one; known only with the cookie."""
    return hmac.digest(cookie.encode("utf-8", "replace"), b"form", "sha256").hex()


def end(session: Session, id: UUID, account_id: UUID) -> None:
    """End one login of this account."""
    session.execute(delete(LoginSession).where(LoginSession.id == id, LoginSession.account_id == account_id))


def end_all(session: Session, account_id: UUID, *, but: UUID | None = None) -> int:
    """End all logins of an account but one; how many were ended."""
    ended = delete(LoginSession).where(LoginSession.account_id == account_id)
    if but is not None:
        ended = ended.where(LoginSession.id != but)
    return len(session.scalars(ended.returning(LoginSession.id)).all())


def open_of(session: Session, account_id: UUID, now: datetime) -> list[Open]:
    """The open logins of an account, the latest used first."""
    query = (
        select(
            LoginSession.id, LoginSession.way, LoginSession.browser, LoginSession.created_at, LoginSession.seen_at,
            LoginSession.expires_at,
        )
        .where(LoginSession.account_id == account_id, ~_is_over(now), ~LoginSession.waits_for_code)
        .order_by(LoginSession.seen_at.desc())
    )  # fmt: skip
    return [Open(*row) for row in session.execute(query)]


def browser_of(agent: str) -> str:
    """What a browser calls itself, in two words and no more: enough to know one's own again."""
    found = [next((name for sign, name in names.items() if sign in agent), "") for names in (BROWSERS, SYSTEMS)]
    return " ".join(word for word in found if word)


def _is_over(now: datetime) -> ColumnElement[bool]:
    return or_(LoginSession.expires_at <= now, LoginSession.seen_at <= now - IDLE)
