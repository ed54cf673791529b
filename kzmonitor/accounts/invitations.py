"""One-time addresses at which a person takes an account over: with a password of their own, or by single sign-on."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit, keys, people
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store.tables import Account, Invitation, new_id

LASTS = timedelta(hours=72)


def invite(session: Session, account: Account, *, by: UUID | None, now: datetime) -> str:
    """The code of a fresh invitation, told this once; older ones of this account are void.

    Whoever uses it sets a new password: so it also helps those who forgot theirs."""
    if account.pseudonym == people.DESK or account.disabled_at is not None:
        raise InputError(_("nobody can be invited to this account"))
    session.execute(delete(Invitation).where(Invitation.account_id == account.id))
    code = keys.token()
    session.add(
        Invitation(
            id=new_id(), account_id=account.id, code_sha256=keys.sha256(code), expires_at=now + LASTS, created_at=now
        )
    )
    session.flush()
    audit.note(session, by, "invite", "account", account.id, None, now)
    return code


def invited(session: Session, code: str, now: datetime) -> tuple[UUID, Account] | None:
    """The invitation of a code and its account, both locked until the caller commits; None when it does not hold."""
    query = (
        select(Invitation.id, Account)
        .join(Account, Account.id == Invitation.account_id)
        .where(Invitation.code_sha256 == keys.sha256(code), Invitation.expires_at > now)
        .where(Account.disabled_at.is_(None))
        .with_for_update()
    )
    row = session.execute(query).one_or_none()
    return (row[0], row[1]) if row else None


def accept_with_password(session: Session, code: str, password: str, now: datetime) -> Account:
    """The account, with this password; the invitation is used up. InputError when it does not hold any more, or
    when the password is not good enough."""
    found = invited(session, code, now)
    if found is None:
        raise InputError(_("this invitation has been used or is too old; ask for another one"))
    id, account = found
    people.set_password(session, account, password, by=account.id, now=now)
    _use_up(session, id)
    return account


def accept_with_identity(session: Session, id: UUID, issuer: str, subject: str, now: datetime) -> Account | None:
    """The account, tied to this identity from now on; None when the invitation does not hold any more or the
    identity has an account already."""
    query = (
        select(Account)
        .join(Invitation, Invitation.account_id == Account.id)
        .where(Invitation.id == id, Invitation.expires_at > now, Account.disabled_at.is_(None))
        .with_for_update()
    )
    account = session.scalars(query).one_or_none()
    if account is None or by_identity(session, issuer, subject) is not None:
        return None
    account.oidc_issuer, account.oidc_subject = issuer, subject
    session.flush()
    _use_up(session, id)
    audit.note(session, account.id, "tie to single sign-on", "account", account.id, None, now)
    return account


def by_identity(session: Session, issuer: str, subject: str) -> Account | None:
    """The account that is tied to an identity."""
    query = select(Account).where(Account.oidc_issuer == issuer, Account.oidc_subject == subject)
    return session.scalars(query).one_or_none()


def _use_up(session: Session, id: UUID) -> None:
    session.execute(delete(Invitation).where(Invitation.id == id))
