"""Writing decisions: each kind, undo, two reviewers at once, and what readers of the digest are told."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, reviews
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, AlertEvent, Delivery, DeliveryItem, Incident, Review, Subscriber, new_id

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
PATIENCE_S = 120
KNOWN = ["tax_inspection", "detention", "raid"]
Report = Callable[..., Alert]


def say(session: Session, alert: Alert, decision: str, **more: object) -> Review:
    """Decide as somebody who has seen everything up to now."""
    past = alerts.history(session, alert.id)
    seen = past[-1].id if past else None
    return reviews.decide(
        session,
        alert.id,
        decision,
        known_labels=KNOWN,
        seen_version=seen,
        now=NOW,
        **more,  # type: ignore[arg-type]
    )


def status(session: Session, alert: Alert) -> str:
    stands = alerts.standing(session, alert.id)
    assert stands is not None
    return stands.status


def events(session: Session, alert: Alert) -> list[str]:
    view = alerts.alert(session, alert.id)
    assert view is not None
    return [event.kind for event in view.events]


def mail(session: Session, alert: Alert) -> None:
    """Put what is known of an alert into a digest."""
    subscriber = Subscriber(id=new_id(), address=f"{new_id()}@example.org", language="ru")
    session.add(subscriber)
    session.flush()
    delivery = Delivery(
        id=new_id(), subscriber_id=subscriber.id, mode="daily", period_start=NOW - timedelta(days=1), period_end=NOW,
        channel="mail", state="sent", message_id=str(new_id()),
    )  # fmt: skip
    session.add(delivery)
    session.flush()
    for event in session.scalars(select(AlertEvent.id).where(AlertEvent.alert_id == alert.id)):
        session.add(DeliveryItem(delivery_id=delivery.id, alert_event_id=event))
    session.flush()


@pytest.mark.parametrize(
    ("decision", "more", "stands"),
    [
        ("confirm", {}, "confirmed"),
        ("correct", {"labels": ["raid", "tax_inspection"]}, "confirmed"),
        ("reject", {"reason": "ordinary_crime"}, "rejected"),
        ("reject", {}, "rejected"),
        ("duplicate", {}, "duplicate"),
        ("unsure", {"note": "ask Dana"}, "open"),
    ],
)
def test_a_decision_moves_the_alert_and_can_be_undone(
    session: Session, report: Report, decision: str, more: dict[str, object], stands: str
) -> None:
    alert = report(session, "t", "x", at=NOW)
    made = say(session, alert, decision, **more)
    assert status(session, alert) == stands
    undo = say(session, alert, "undo")
    assert undo.undoes == made.id
    assert status(session, alert) == "open"
    assert [past.decision for past in alerts.history(session, alert.id)] == [decision, "undo"]
    assert [past.undone for past in alerts.history(session, alert.id)] == [True, False]


def test_undo_goes_back_one_decision_at_a_time(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    for decision in ("confirm", "reject", "duplicate"):
        say(session, alert, decision)
    seen = []
    for _ in range(3):
        say(session, alert, "undo")
        seen.append(status(session, alert))
    assert seen == ["rejected", "confirmed", "open"]
    with pytest.raises(InputError, match="no decision to undo"):
        say(session, alert, "undo")


def test_a_confirmed_alert_keeps_its_labels_whatever_a_later_model_says(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW, labels=["detention"])
    say(session, alert, "confirm")
    session.get_one(Incident, alert.incident_id).labels = ["raid"]
    session.flush()
    stands = alerts.standing(session, alert.id)
    assert stands is not None
    assert stands.labels == ["detention"]


def test_corrected_labels_come_in_the_order_of_the_taxonomy(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    assert say(session, alert, "correct", labels=["raid", "tax_inspection"]).labels == ["tax_inspection", "raid"]


@pytest.mark.parametrize(
    ("decision", "more"),
    [
        ("delete", {}),
        ("merge", {}),
        ("correct", {}),
        ("correct", {"labels": []}),
        ("correct", {"labels": ["raid", "nonsense"]}),
        ("reject", {"reason": "because"}),
        ("confirm", {"note": "x" * 4001}),
        ("confirm", {"note": "a\0b"}),
        ("confirm", {"revision_id": UUID(int=1)}),
        ("undo", {}),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_leaves_nothing(
    session: Session, report: Report, decision: str, more: dict[str, object]
) -> None:
    alert = report(session, "t", "x", at=NOW)
    with pytest.raises(InputError):
        say(session, alert, decision, **more)
    assert alerts.history(session, alert.id) == []


def test_an_unknown_alert_is_refused(session: Session) -> None:
    with pytest.raises(InputError, match="no such alert"):
        reviews.decide(session, new_id(), "confirm", now=NOW)


def test_the_text_that_was_shown_is_kept_with_the_decision(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    view = alerts.alert(session, alert.id)
    assert view is not None
    shown = view.articles[0].revision_id
    assert say(session, alert, "confirm", revision_id=shown).revision_id == shown


def test_who_has_not_seen_the_latest_decision_is_told(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    first = say(session, alert, "confirm")
    for seen in (None, new_id()):
        with pytest.raises(reviews.Conflict, match="meanwhile"):
            reviews.decide(session, alert.id, "reject", seen_version=seen, now=NOW)
    reviews.decide(session, alert.id, "reject", seen_version=first.id, now=NOW)
    assert status(session, alert) == "rejected"


def test_of_two_reviewers_at_once_one_decides_and_the_other_is_told(database: Database, report: Report) -> None:
    with database.session() as session:
        alert = report(session, "t", "x", at=NOW)
    start, outcomes = threading.Barrier(2), []

    def decide(decision: str) -> None:
        start.wait(PATIENCE_S)
        try:
            with database.session() as session:
                reviews.decide(session, alert.id, decision, now=NOW)
            outcomes.append("decided")
        except reviews.Conflict:
            outcomes.append("told")

    threads = [threading.Thread(target=decide, args=(decision,)) for decision in ("confirm", "reject")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sorted(outcomes) == ["decided", "told"]
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Review)) == 1


def test_a_decision_comes_last_even_when_the_clock_stands_behind(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    ahead = UUID(int=new_id().int + (10**9 << 80))
    session.add(Review(id=ahead, subject="alert", subject_id=alert.id, decision="confirm", labels=[]))
    session.flush()
    say(session, alert, "reject")
    assert status(session, alert) == "rejected"


def test_rejecting_what_was_mailed_is_corrected_in_the_next_digest(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW, tier="mail")
    mail(session, alert)
    say(session, alert, "reject")
    assert events(session, alert) == ["opened", "corrected"]


def test_rejecting_what_nobody_was_told_of_needs_no_correction(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW, tier="mail")
    say(session, alert, "reject")
    assert events(session, alert) == ["opened"]


def test_confirming_what_only_the_queue_held_brings_it_into_the_digest(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW - timedelta(days=3), tier="queue")
    say(session, alert, "confirm")
    view = alerts.alert(session, alert.id)
    assert view is not None
    assert [(event.kind, event.ready_at) for event in view.events][1:] == [("renewed", NOW)]
    say(session, alert, "correct", labels=["raid"])
    assert events(session, alert) == ["opened", "renewed"]


def test_confirming_what_the_digest_takes_anyway_is_no_news(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW, tier="mail")
    mail(session, alert)
    say(session, alert, "confirm")
    assert events(session, alert) == ["opened"]


def test_other_labels_after_the_mail_are_a_correction(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW, tier="mail", labels=["detention"])
    mail(session, alert)
    say(session, alert, "correct", labels=["raid"])
    assert events(session, alert) == ["opened", "corrected"]


def test_taking_back_a_rejection_tells_readers_again(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW, tier="mail")
    mail(session, alert)
    say(session, alert, "reject")
    say(session, alert, "undo")
    assert events(session, alert) == ["opened", "corrected", "renewed"]
