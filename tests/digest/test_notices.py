"""Severe alerts are told at once, once, and not told again as new in the morning."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.digest import outbox, sending
from kzmonitor.digest.daily import deliver_due
from kzmonitor.digest.signatures import can_link
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber
from tests.digest.conftest import END, World
from tests.digest.test_outbox import Mailbox, mailbox, settings, subscribe

__all__ = ["mailbox"]  # a fixture of another module
Declared = dict[str, Declaration]
HOUR = timedelta(hours=1)
TAXONOMY = read_taxonomy(models_folder() / "taxonomy.yaml")


def pass_by(database: Database, url: str, now: datetime) -> dict[str, int]:
    """One run of the task that comes each minute."""
    return dict(deliver_due(database, {}, TAXONOMY, settings(url), now))


def report(database: Database, title: str, at: datetime, version: str = "test") -> None:
    with database.session() as session:
        World(session, version).alert(title, ready_at=at)


def texts(box: Mailbox) -> list[str]:
    return [part.get_content() for mail in box.messages if (part := mail.get_body(("plain",)))]


def test_a_severe_alert_is_told_at_once_and_marked_in_the_morning(
    database: Database, mailbox: tuple[Mailbox, str]
) -> None:
    box, url = mailbox
    subscribe(database, "a@example.org", language="en", notice_severity=3, created_at=END - timedelta(days=9))
    pass_by(database, url, END - 20 * HOUR)
    box.messages.clear()
    report(database, "Задержали", END - 5 * HOUR)
    assert pass_by(database, url, END - 4 * HOUR) == {"made": 1, "sent": 1}
    assert pass_by(database, url, END - 3 * HOUR) == {}
    report(database, "Обыск", END - 2 * HOUR, "second")
    assert pass_by(database, url, END - HOUR) == {"made": 1, "sent": 1}
    assert pass_by(database, url, END) == {"made": 1, "sent": 1}
    first, second, morning = texts(box)
    assert "Задержали" in first
    assert "Обыск" not in first
    assert "Обыск" in second
    assert "Задержали" not in second
    assert morning.count("Sent to you already at") == 2
    assert "2 were sent to you at once" in morning
    assert box.messages[0]["Subject"].startswith("kzmonitor, at once: Задержали")


def test_what_turned_after_a_notice_is_told_as_renewed(database: Database, mailbox: tuple[Mailbox, str]) -> None:
    box, url = mailbox
    subscribe(database, "a@example.org", language="en", notice_severity=3, created_at=END - timedelta(days=9))
    pass_by(database, url, END - 20 * HOUR)
    box.messages.clear()
    with database.session() as session:
        world = World(session)
        alert = world.alert("Задержали", ready_at=END - 5 * HOUR)
    pass_by(database, url, END - 4 * HOUR)
    with database.session() as session:
        world.session = session
        world.decide(alert, "confirm", END - 2 * HOUR)
    pass_by(database, url, END - HOUR)
    pass_by(database, url, END)
    assert ["renewed" in text for text in texts(box)] == [False, True, False]
    assert "Sent to you already at" in texts(box)[2]


def test_a_notice_that_was_rejected_stands_under_corrections(database: Database, mailbox: tuple[Mailbox, str]) -> None:
    box, url = mailbox
    subscribe(database, "a@example.org", "b@example.org", language="en", created_at=END - timedelta(days=9))
    with database.session() as session:
        session.scalars(select(Subscriber).where(Subscriber.address == "a@example.org")).one().notice_severity = 3
        world = World(session)
        alert = world.alert("Задержали", ready_at=END - 5 * HOUR)
    pass_by(database, url, END - 4 * HOUR)
    with database.session() as session:
        world.session = session
        world.decide(alert, "reject", END - 2 * HOUR)
    pass_by(database, url, END)
    morning = {mail["To"]: part.get_content() for mail in box.messages[-2:] if (part := mail.get_body(("plain",)))}
    assert "Corrections" in morning["a@example.org"]
    assert "Corrections" not in morning["b@example.org"], "who was never told has nothing to be corrected"


@pytest.mark.parametrize(("least", "made"), [(1, 1), (4, 0)])
def test_only_from_the_severity_that_was_asked_for(
    database: Database, mailbox: tuple[Mailbox, str], least: int, made: int
) -> None:
    _box, url = mailbox
    subscribe(database, "a@example.org", mode="immediate", min_severity=least, created_at=END - timedelta(days=9))
    report(database, "Задержали", END - 5 * HOUR)
    assert pass_by(database, url, END - 4 * HOUR).get("made", 0) == made


def test_who_subscribes_is_not_told_of_what_was_before(database: Database, mailbox: tuple[Mailbox, str]) -> None:
    _box, url = mailbox
    report(database, "Задержали", END - 5 * HOUR)
    subscribe(database, "a@example.org", notice_severity=1, created_at=END - 4 * HOUR)
    assert pass_by(database, url, END - 3 * HOUR) == {}


def test_two_schedulers_in_the_same_moment_make_one_notice(database: Database, mailbox: tuple[Mailbox, str]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    box, url = mailbox
    subscribe(database, "a@example.org", mode="immediate", created_at=END - timedelta(days=9))
    report(database, "Задержали", END - 5 * HOUR)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: pass_by(database, url, END - 4 * HOUR + n * timedelta(seconds=1)), range(4)))
    pass_by(database, url, END - 3 * HOUR)
    assert len(box.messages) == 1


def test_each_hour_and_weekday_has_its_own_digest_and_a_missed_one_is_made_up_for(
    database: Database, mailbox: tuple[Mailbox, str]
) -> None:
    box, url = mailbox
    long_ago = END - timedelta(days=30)
    subscribe(database, "evening@example.org", hour=20, created_at=long_ago)
    subscribe(database, "sunday@example.org", mode="weekly", weekday=6, created_at=long_ago)  # END is a Sunday
    subscribe(database, "new@example.org", created_at=END + HOUR)
    assert pass_by(database, url, END + 2 * HOUR) == {"made": 2, "sent": 2}
    with database.session() as session:
        rows = session.execute(
            select(Subscriber.address, Delivery.period_start, Delivery.period_end).join(Delivery)
        ).all()
    assert {tuple(row) for row in rows} == {
        ("evening@example.org", END - 36 * HOUR, END - 12 * HOUR),
        ("sunday@example.org", END - timedelta(days=7), END),
    }
    assert pass_by(database, url, END + 3 * HOUR) == {}
    assert len(box.messages) == 2


def test_an_address_is_asked_once_and_told_nothing_before_it_says_yes(
    database: Database, mailbox: tuple[Mailbox, str]
) -> None:
    from kzmonitor.digest import confirming, subscriptions

    box, url = mailbox
    own = settings(url, secret_key="k" * 32, desk_url="https://desk.example.org")
    assert can_link(own)
    with database.session() as session:
        one = Subscriber(address="a@example.org", language="ru", state="unconfirmed", created_at=END - 9 * HOUR)
        session.add(one)
        confirming.ask(session, one, END - 9 * HOUR)
    for hours in (8, 7, 0):
        deliver_due(database, {}, TAXONOMY, own, END - hours * HOUR)
    assert len(box.messages) == 1
    [text] = texts(box)
    assert f"https://desk.example.org/confirm/{one.id}/" in text
    assert box.messages[0]["List-Unsubscribe"] is None
    with database.session() as session:
        assert subscriptions.confirm(session, one.id)
    assert deliver_due(database, {}, TAXONOMY, own, END + HOUR)["sent"] == 1


def test_who_never_answers_is_forgotten(database: Database, mailbox: tuple[Mailbox, str]) -> None:
    subscribe(database, "a@example.org", state="unconfirmed", created_at=END - timedelta(days=8))
    pass_by(database, mailbox[1], END)
    with database.session() as session:
        assert session.scalars(select(Subscriber.id)).all() == []


def test_a_delivery_in_doubt_is_sent_once_more_and_then_left_to_a_person(
    database: Database, mailbox: tuple[Mailbox, str]
) -> None:
    _box, url = mailbox
    subscribe(database, "a@example.org", created_at=END - timedelta(days=9))
    outbox.fill(database, END)
    for doubts, seen in ((1, 1), (2, 1)):
        with database.session() as session:
            row = session.scalars(select(Delivery)).one()
            row.state, row.doubts, row.next_try = "unknown", doubts, None
        task = sending.Task(END)
        states = sending.send_waiting(database, {}, TAXONOMY, settings(url), task)
        assert dict(states) == ({"sent": 1} if doubts == 1 else {})
        assert len(_box.messages) == seen
