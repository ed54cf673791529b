"""What a digest tells, and what it leaves out."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kzmonitor.digest.period import Period
from kzmonitor.digest.selection import Digest, select_digest
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Article, Poll, Revision, Source
from tests.digest.conftest import END, World

PERIOD = Period(END - timedelta(days=1), END)
Declared = dict[str, Declaration]


def chosen(session: Session, declarations: Declared, period: Period = PERIOD) -> Digest:
    return select_digest(session, period, declarations)


def test_an_alert_enters_by_the_time_it_was_ready_not_by_its_publication(
    session: Session, world: World, declarations: Declared
) -> None:
    world.alert("Старая новость", published_at=END - timedelta(days=9))
    item = chosen(session, declarations).items[0]
    assert item.late


def test_what_was_ready_outside_the_period_is_another_days(
    session: Session, world: World, declarations: Declared
) -> None:
    world.alert("Вчера", ready_at=PERIOD.start - timedelta(seconds=1))
    world.alert("Позже", ready_at=END)
    assert chosen(session, declarations).items == []


def test_the_moment_of_the_border_belongs_to_the_next_period(
    session: Session, world: World, declarations: Declared
) -> None:
    world.alert("На границе", ready_at=PERIOD.start)
    assert len(chosen(session, declarations).items) == 1
    assert chosen(session, declarations, Period(PERIOD.start - timedelta(days=1), PERIOD.start)).items == []


def test_the_queue_is_counted_in_one_line_and_not_told(session: Session, world: World, declarations: Declared) -> None:
    world.alert("Сомнительно", tier="queue")
    digest = chosen(session, declarations)
    assert (digest.items, digest.background.in_queue) == ([], 1)


def test_what_a_person_confirmed_is_told_whatever_its_tier(
    session: Session, world: World, declarations: Declared
) -> None:
    alert = world.alert("Сомнительно", tier="queue", ready_at=END - timedelta(days=3))
    world.decide(alert, "confirm", END - timedelta(hours=1))
    digest = chosen(session, declarations)
    assert [item.standing for item in digest.items] == ["confirmed"]
    assert digest.background.in_queue == 0


def test_what_was_rejected_before_the_digest_is_not_told(
    session: Session, world: World, declarations: Declared
) -> None:
    alert = world.alert("Ошибка")
    world.decide(alert, "reject", END - timedelta(hours=1))
    assert chosen(session, declarations).items == []


def test_what_was_told_and_then_rejected_is_corrected_in_the_next(
    session: Session, world: World, declarations: Declared
) -> None:
    alert = world.alert("Ошибка")
    world.decide(alert, "reject", END + timedelta(hours=2))
    following = Period(END, END + timedelta(days=1))
    assert [item.title for item in chosen(session, declarations, following).corrections] == ["Ошибка"]


def test_what_was_rejected_and_taken_back_is_told_as_it_stands(
    session: Session, world: World, declarations: Declared
) -> None:
    alert = world.alert("Всё же верно", ready_at=END - timedelta(days=3))
    world.decide(alert, "reject", END - timedelta(hours=3))
    world.decide(alert, "confirm", END - timedelta(hours=2))
    digest = chosen(session, declarations)
    assert [(item.kind, item.standing) for item in digest.items] == [("renewed", "confirmed")]
    assert digest.corrections == []


def test_a_decision_made_later_does_not_change_an_earlier_digest(
    session: Session, world: World, declarations: Declared
) -> None:
    alert = world.alert("Задержана активистка")
    before = chosen(session, declarations)
    world.decide(alert, "reject", END + timedelta(hours=2))
    assert chosen(session, declarations) == before


def test_an_edit_made_later_does_not_change_an_earlier_digest(
    session: Session, world: World, declarations: Declared
) -> None:
    world.alert("Задержана активистка")
    before = chosen(session, declarations)
    told = session.scalars(select(Revision)).one()
    edited = Revision(
        article_id=told.article_id, capture_id=told.capture_id, text_sha256=b"2", title="Отпущена", text="Отпущена",
        language="ru", script="cyrillic", cut_by="layout:0", created_at=END + timedelta(hours=1),
    )  # fmt: skip
    session.add(edited)
    session.flush()
    session.execute(update(Article).values(current_revision=edited.id))
    assert chosen(session, declarations) == before


def test_the_gravest_comes_first(session: Session, world: World, declarations: Declared) -> None:
    world.alert("Недопуск", labels=("obstruction",))
    world.alert("Задержание", labels=("detention",))
    assert [item.title for item in chosen(session, declarations).items] == ["Задержание", "Недопуск"]


def test_a_source_that_failed_is_named(session: Session, declarations: Declared) -> None:
    session.add(Source(slug="vlast", name="V", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    session.add(Poll(source="vlast", url="https://vlast.kz/feed/", started=END - timedelta(hours=1), state="403-wall"))
    session.flush()
    assert [(one.slug, one.state) for one in chosen(session, declarations).background.unseen] == [("vlast", "403-wall")]
