"""Notes change nothing, what is passed on stays where it stood, and a blind reading decides nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, reviews
from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.store.tables import Alert, AlertEvent, Review

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
Report = Callable[..., Alert]


@pytest.fixture
def alert(session: Session, report: Report) -> Alert:
    return report(session, "t", "x", at=NOW)


def say(session: Session, alert: Alert, decision: str, **more: object) -> Review:
    more = {"seen_version": alerts.version(session, alert.id), **more}
    return reviews.decide(session, alert.id, decision, known_labels=["raid"], now=NOW, **more)  # type: ignore[arg-type]


def stands(session: Session, alert: Alert) -> tuple[str, bool]:
    query = select(alert_standing.c.status, alert_standing.c.escalated).where(alert_standing.c.alert == alert.id)
    return tuple(session.execute(query).one())  # type: ignore[return-value]


def test_an_alert_that_was_passed_on_stays_open_until_somebody_decides(session: Session, alert: Alert) -> None:
    assert stands(session, alert) == ("open", False)
    say(session, alert, "escalate", note="is this one of ours?")
    assert stands(session, alert) == ("open", True)
    view = alerts.alert(session, alert.id)
    assert view is not None
    assert view.escalated
    say(session, alert, "note", note="asked the lawyer")
    assert stands(session, alert) == ("open", True)
    say(session, alert, "confirm")
    assert stands(session, alert) == ("confirmed", False)


def test_a_decided_alert_can_be_passed_on_and_keeps_its_decision(session: Session, alert: Alert) -> None:
    say(session, alert, "reject")
    say(session, alert, "escalate")
    assert stands(session, alert) == ("rejected", True)
    say(session, alert, "undo")
    assert stands(session, alert) == ("rejected", False)


def test_a_note_changes_nothing_and_disturbs_nobody(session: Session, alert: Alert) -> None:
    first = say(session, alert, "confirm")
    say(session, alert, "note", note="call back on Monday", seen_version=None)
    assert alerts.version(session, alert.id) == first.id
    assert say(session, alert, "reject", seen_version=first.id).seen_version == first.id
    assert [past.decision for past in alerts.history(session, alert.id)] == ["confirm", "note", "reject"]


def test_an_undo_passes_over_notes(session: Session, alert: Alert) -> None:
    first = say(session, alert, "confirm")
    say(session, alert, "note", note="n")
    assert say(session, alert, "undo").undoes == first.id


@pytest.mark.parametrize("note", [None, "", "a\0b", "x" * 4001])
def test_a_note_needs_words(session: Session, alert: Alert, note: str | None) -> None:
    with pytest.raises(InputError):
        say(session, alert, "note", note=note)


def test_who_passes_on_what_somebody_decided_meanwhile_is_told(session: Session, alert: Alert) -> None:
    say(session, alert, "confirm")
    with pytest.raises(Conflict):
        say(session, alert, "escalate", seen_version=None)


def test_a_blind_reading_moves_neither_the_alert_nor_its_version_nor_the_digest(session: Session, alert: Alert) -> None:
    first = say(session, alert, "reject")
    told = len(session.scalars(select(AlertEvent)).all())
    session.add(
        Review(subject="alert", subject_id=alert.id, decision="correct", labels=["raid"], blind=True, fields={})
    )
    session.flush()
    assert stands(session, alert) == ("rejected", False)
    assert alerts.version(session, alert.id) == first.id
    assert len(session.scalars(select(AlertEvent)).all()) == told
    assert [past.decision for past in alerts.history(session, alert.id)] == ["reject"]
