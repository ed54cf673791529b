"""Who looks after an alert: one person at a time, and every change is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.store.tables import Account, Alert

ASSIGNED = "assign alert"
# Who may be asked to decide.
DECIDING = ("reviewer", "admin")


def assignees(session: Session) -> list[tuple[UUID, str]]:
    """Who an alert may be given to, as (account, pseudonym), by pseudonym."""
    query = select(Account.id, Account.pseudonym).where(Account.role.in_(DECIDING), Account.disabled_at.is_(None))
    return [(id, pseudonym) for id, pseudonym in session.execute(query.order_by(Account.pseudonym))]


def assign(session: Session, alert_id: UUID, account_id: UUID | None, by: UUID | None, now: datetime) -> None:
    """Give an alert to somebody, or with None to nobody. by: the account that does so.

    What somebody has, only they hand on, and anybody may first give it back to nobody: so of two who take one alert
    at the same time the second is told. Raises Conflict, or InputError when there is no such alert or person."""
    alert = session.scalar(select(Alert).where(Alert.id == alert_id).with_for_update())
    if alert is None:
        raise InputError(_("there is no such alert"))
    if alert.assigned_to == account_id:
        return
    if account_id is not None and account_id not in dict(assignees(session)):
        raise InputError(_("there is no such person, or they may not decide on alerts"))
    if None not in (account_id, alert.assigned_to) and alert.assigned_to != by:
        holder = session.get_one(Account, alert.assigned_to).pseudonym
        raise Conflict(_("{name} has this alert; free it first if you want to give it on").format(name=holder))
    before = {"assigned_to": str(alert.assigned_to) if alert.assigned_to else None}
    audit.note(session, by, ASSIGNED, "alert", alert_id, before, now)
    alert.assigned_to = account_id
    session.flush()


def assigned_to(session: Session, alert_id: UUID) -> tuple[UUID, str] | None:
    """Who looks after an alert, as (account, pseudonym); None when nobody does."""
    query = select(Account.id, Account.pseudonym).join(Alert, Alert.assigned_to == Account.id)
    row = session.execute(query.where(Alert.id == alert_id)).one_or_none()
    return (row.id, row.pseudonym) if row else None
