"""Accounts: who may log in, and as what."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit, passwords, sessions
from kzmonitor.accounts.roles import ROLES
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store.tables import Account, Invitation, LoginSession, RecoveryCode, new_id

# The account of whoever holds the token that is printed when the review app starts on this machine.
DESK = "desk"
PSEUDONYM = re.compile(r"[^\W_][\w.-]{1,39}")


@dataclass(frozen=True)
class Listed:
    """An account as the list of people shows it. seen_at: of the latest login that is still open."""

    id: UUID
    pseudonym: str
    role: str
    has_password: bool
    has_single_sign_on: bool
    has_second_factor: bool
    is_invited: bool
    created_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None


def add(
    session: Session, pseudonym: str, role: str, *, password: str | None = None, by: UUID | None, now: datetime
) -> Account:
    """A new account; without a password it waits for its invitation. InputError when the pseudonym is taken or no
    pseudonym, or the role or the password is none."""
    pseudonym = unicodedata.normalize("NFKC", pseudonym).strip()
    if not PSEUDONYM.fullmatch(pseudonym):
        raise InputError(_("a pseudonym has 2 to 40 letters, digits, dots, hyphens or underscores"))
    if role not in ROLES:
        raise InputError(
            _("{role} is not a role; roles are {roles}").format(role=repr(role[:40]), roles=", ".join(ROLES))
        )
    if pseudonym.casefold() == DESK or find(session, pseudonym) is not None:
        raise InputError(_("{pseudonym} is taken; choose another pseudonym").format(pseudonym=pseudonym))
    if password is not None:
        passwords.check(password, pseudonym)
    kept = passwords.hashed(password) if password is not None else None
    account = Account(id=new_id(), pseudonym=pseudonym, role=role, password_hash=kept, created_at=now)
    session.add(account)
    session.flush()
    audit.note(session, by, "add account", "account", account.id, {"role": role}, now)
    return account


def find(session: Session, pseudonym: str) -> Account | None:
    """The account of this pseudonym, in whichever case it is written."""
    name = unicodedata.normalize("NFKC", pseudonym.replace("\0", "")).strip()
    return session.scalars(select(Account).where(func.lower(Account.pseudonym) == func.lower(name))).first()


def named(session: Session, pseudonym: str) -> Account:
    """The account of this pseudonym; InputError when there is none."""
    account = find(session, pseudonym)
    if account is None:
        raise InputError(_("{pseudonym}: no such account; see: kzmonitor account list").format(pseudonym=pseudonym))
    return account


def by_id(session: Session, id: UUID) -> Account:
    """The account; InputError when there is none."""
    account = session.get(Account, id, with_for_update=True)
    if account is None:
        raise InputError(_("there is no such account"))
    return account


def desk(session: Session, now: datetime) -> Account:
    """The local account, made at its first use."""
    made = insert(Account).values(id=new_id(), pseudonym=DESK, role="admin", created_at=now)
    session.execute(made.on_conflict_do_nothing(index_elements=[Account.pseudonym]))
    return session.scalars(select(Account).where(Account.pseudonym == DESK)).one()


def listed(session: Session) -> list[Listed]:
    """All accounts, those that are disabled last."""
    seen = (
        select(LoginSession.account_id, func.max(LoginSession.seen_at).label("at"))
        .group_by(LoginSession.account_id)
        .subquery()
    )
    invited = select(Invitation.account_id).distinct().subquery()
    query = (
        select(
            Account.id, Account.pseudonym, Account.role, Account.password_hash.is_not(None),
            Account.oidc_subject.is_not(None), Account.totp_since.is_not(None), invited.c.account_id.is_not(None),
            Account.created_at, Account.disabled_at, seen.c.at,
        )
        .outerjoin(seen, seen.c.account_id == Account.id)
        .outerjoin(invited, invited.c.account_id == Account.id)
        .order_by(Account.disabled_at.is_not(None), func.lower(Account.pseudonym))
    )  # fmt: skip
    return [Listed(*row) for row in session.execute(query)]


def has_admin(session: Session) -> bool:
    """Whether an admin can log in with a password or by single sign-on: then nobody needs the token of a start."""
    return session.scalar(select(Account.id).where(*_WITH_OWN_WAY).limit(1)) is not None


def any_password(session: Session) -> bool:
    """Whether anybody can log in with a password."""
    able = select(Account.id).where(Account.password_hash.is_not(None), Account.disabled_at.is_(None)).limit(1)
    return session.scalar(able) is not None


def change_role(session: Session, account: Account, role: str, *, by: UUID | None, now: datetime) -> None:
    """From the next request on the person has this role. InputError when no admin would be left."""
    if role not in ROLES or account.pseudonym == DESK:
        raise InputError(_("this account can't have that role"))
    if role == account.role:
        return
    if role != "admin":
        _leave_an_admin(session, account)
    before, account.role = account.role, role
    session.flush()
    audit.note(session, by, "change role", "account", account.id, {"role": before}, now)


def disable(session: Session, account: Account, *, by: UUID | None, now: datetime) -> None:
    """The person is out at once, with all sessions and tokens. InputError when no admin would be left, unless the
    command line says so, which can make another."""
    if account.disabled_at is not None:
        return
    if by is not None:
        _leave_an_admin(session, account)
    account.disabled_at = now
    session.flush()
    session.execute(delete(Invitation).where(Invitation.account_id == account.id))
    sessions.end_all(session, account.id)
    audit.note(session, by, "disable account", "account", account.id, None, now)


def enable(session: Session, account: Account, *, by: UUID | None, now: datetime) -> None:
    """The person may log in again; sessions that were ended stay so."""
    if account.disabled_at is None:
        return
    before, account.disabled_at = account.disabled_at, None
    session.flush()
    audit.note(session, by, "enable account", "account", account.id, {"disabled_at": before.isoformat()}, now)


def set_password(
    session: Session, account: Account, password: str, *, by: UUID | None, now: datetime, keep: UUID | None = None
) -> None:
    """A new password; it ends all sessions but `keep`. InputError when it is not good enough."""
    if account.pseudonym == DESK:
        raise InputError(_("the local account has no password; add an account of your own"))
    passwords.check(password, account.pseudonym)
    account.password_hash = passwords.hashed(password)
    session.flush()
    sessions.end_all(session, account.id, but=keep)
    audit.note(session, by, "change password", "account", account.id, None, now)


def forget_second_factor(session: Session, account: Account, *, by: UUID | None, now: datetime) -> None:
    """The password alone opens the account again."""
    account.totp_secret, account.totp_since, account.totp_step = None, None, None
    session.flush()
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    audit.note(session, by, "remove second factor", "account", account.id, None, now)


_WITH_OWN_WAY = (
    Account.role == "admin",
    Account.disabled_at.is_(None),
    or_(Account.password_hash.is_not(None), Account.oidc_subject.is_not(None)),
)


def _leave_an_admin(session: Session, account: Account) -> None:
    """Locks the admins, so that two of them can't put each other out at once."""
    admins: Sequence[UUID] = session.scalars(select(Account.id).where(*_WITH_OWN_WAY).with_for_update()).all()
    if list(admins) == [account.id]:
        raise InputError(_("{pseudonym} is the only admin; make another one first").format(pseudonym=account.pseudonym))
