"""All that was done to an alert, with who did it, when, and how it stood before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kzmonitor.accounts import audit
from kzmonitor.incidents import alerts, assignments, reviews
from kzmonitor.incidents.history import history
from kzmonitor.store.tables import Alert, Incident, Review
from tests.incidents.test_assignments import account

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Report = Callable[..., Alert]


def say(
    session: Session, alert: Alert, decision: str, by: UUID | None = None, hours: int = 1, **more: object
) -> Review:
    return reviews.decide(
        session, alert.id, decision, known_labels=["raid", "detention"], account_id=by, now=NOW + hours * HOUR,
        seen_version=alerts.version(session, alert.id), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_each_decision_says_how_the_alert_stood_before(session: Session, report: Report) -> None:
    alert, anna = report(session, "t", "x", at=NOW), account(session, "anna")
    say(session, alert, "confirm", anna)
    say(session, alert, "correct", anna, 2, labels=["raid"])
    say(session, alert, "reject", None, 3, reason="old")
    say(session, alert, "undo", anna, 4)
    told = [one for one in history(session, alert.id) if one.kind == "review"]
    assert [(one.what, one.by, one.status, one.known) for one in told] == [
        ("confirm", "anna", "open", None),
        ("correct", "anna", "confirmed", ["detention"]),
        ("reject", None, "confirmed", ["raid"]),
        ("undo", "anna", "rejected", None),
    ]
    assert [one.undone for one in told] == [False, False, True, False]
    assert told[2].reason == "old"


def test_what_changes_nothing_says_nothing_of_before(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    for decision, more in (("note", {"note": "call her lawyer"}), ("escalate", {}), ("unsure", {})):
        say(session, alert, decision, **more)
    told = [one for one in history(session, alert.id) if one.kind == "review"]
    assert [(one.what, one.status) for one in told] == [("note", None), ("escalate", None), ("unsure", None)]
    assert told[0].note == "call her lawyer"


def test_assignments_say_from_whom_and_to_whom(session: Session, report: Report) -> None:
    alert, anna, berik = report(session, "t", "x", at=NOW), account(session, "anna"), account(session, "berik")
    for number, to in enumerate((anna, berik, None)):
        assignments.assign(session, alert.id, to, alert.assigned_to or anna, NOW + number * HOUR)
    told = [one for one in history(session, alert.id) if one.kind == "assignment"]
    assert [(one.by, one.person, one.given) for one in told] == [
        ("anna", None, "anna"),
        ("anna", "anna", "berik"),
        ("berik", "berik", None),
    ]


def test_events_decisions_and_log_stand_in_order_of_time(session: Session, report: Report) -> None:
    alert, anna = report(session, "t", "x", at=NOW), account(session, "anna")
    audit.note(session, anna, "report alert", "alert", alert.id, None, NOW + 2 * HOUR)
    assignments.assign(session, alert.id, anna, anna, NOW + HOUR)
    say(session, alert, "reject", anna, 3)
    assert [one.kind for one in history(session, alert.id)] == ["event", "assignment", "log", "review"]


def test_a_merge_is_told_on_both_alerts(session: Session, report: Report) -> None:
    one, other, anna = report(session, "t", "x", at=NOW), report(session, "u", "y", at=NOW), account(session, "anna")
    session.add(
        Review(account_id=anna, subject="alert", subject_id=one.id, decision="merge", fields={}, created_at=NOW)
    )
    session.get_one(Incident, one.incident_id).redirect_to = other.incident_id
    session.flush()
    [own] = [entry for entry in history(session, one.id) if entry.kind == "review"]
    [there] = [entry for entry in history(session, other.id) if entry.kind == "merged"]
    assert (own.what, own.other, own.by) == ("merge", other.id, "anna")
    assert (there.other, there.by) == (one.id, "anna")


def test_second_readings_are_told_and_change_nothing(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    say(session, alert, "confirm")
    session.add(
        Review(
            subject="alert", subject_id=alert.id, decision="reject", blind=True, fields={}, created_at=NOW + 2 * HOUR
        )
    )
    session.flush()
    say(session, alert, "reject", None, 3)
    told = [one for one in history(session, alert.id) if one.kind == "review"]
    assert [(one.what, one.blind, one.status) for one in told] == [
        ("confirm", False, "open"),
        ("reject", True, None),
        ("reject", False, "confirmed"),
    ]
