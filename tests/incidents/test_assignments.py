"""Who looks after an alert: one person, and the second who takes it is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.incidents import assignments
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.store.tables import Account, Alert, AuditLog, new_id

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
Report = Callable[..., Alert]


def account(session: Session, pseudonym: str, role: str = "reviewer", *, disabled: bool = False) -> UUID:
    id = new_id()
    session.add(Account(id=id, pseudonym=pseudonym, role=role, disabled_at=NOW if disabled else None))
    session.flush()
    return id


@pytest.fixture
def alert(session: Session, report: Report) -> Alert:
    return report(session, "t", "x", at=NOW)


def test_reviewers_and_admins_who_may_come_in_can_be_given_an_alert(session: Session) -> None:
    berik, anna = account(session, "berik", "admin"), account(session, "anna")
    account(session, "rita", "reader")
    account(session, "gone", disabled=True)
    assert assignments.assignees(session) == [(anna, "anna"), (berik, "berik")]


def test_an_alert_is_given_handed_on_and_freed_and_each_change_is_logged(session: Session, alert: Alert) -> None:
    anna, berik = account(session, "anna"), account(session, "berik")
    assert assignments.assigned_to(session, alert.id) is None
    for number, (to, by) in enumerate([(anna, anna), (berik, anna), (None, anna), (None, anna)]):
        assignments.assign(session, alert.id, to, by, NOW + timedelta(minutes=number))
        assert alert.assigned_to == to
    query = select(AuditLog.account_id, AuditLog.action, AuditLog.before).where(AuditLog.subject_id == alert.id)
    assert [tuple(row) for row in session.execute(query.order_by(AuditLog.id))] == [
        (anna, "assign alert", {"assigned_to": None}),
        (anna, "assign alert", {"assigned_to": str(anna)}),
        (anna, "assign alert", {"assigned_to": str(berik)}),
    ]


def test_who_takes_what_somebody_has_just_taken_is_told(session: Session, alert: Alert) -> None:
    anna, berik = account(session, "anna"), account(session, "berik")
    assignments.assign(session, alert.id, anna, anna, NOW)
    with pytest.raises(Conflict, match="anna has this alert"):
        assignments.assign(session, alert.id, berik, berik, NOW)
    assert assignments.assigned_to(session, alert.id) == (anna, "anna")
    assignments.assign(session, alert.id, None, berik, NOW)
    assignments.assign(session, alert.id, berik, berik, NOW)
    assert assignments.assigned_to(session, alert.id) == (berik, "berik")


def test_nobody_who_may_not_decide_is_given_an_alert(session: Session, alert: Alert) -> None:
    for to in (account(session, "rita", "reader"), account(session, "gone", disabled=True), uuid4()):
        with pytest.raises(InputError, match="no such person"):
            assignments.assign(session, alert.id, to, None, NOW)
    with pytest.raises(InputError, match="no such alert"):
        assignments.assign(session, uuid4(), None, None, NOW)
    assert session.scalars(select(AuditLog)).all() == []
