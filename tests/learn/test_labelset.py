from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kzmonitor.classify.labelled import Text
from kzmonitor.learn import labelset
from kzmonitor.learn.labelset import LabelSet, build
from kzmonitor.learn.votes import votes
from kzmonitor.store.tables import Alert, IncidentArticle
from tests.learn.conftest import NOW, says, shown

Report = Callable[..., Alert]
SEED = [Text("s1", "ru", "Начало", "Текст начала.", frozenset({"raid"}), event="start")]


def made(session: Session, frozen: list[Text] | None = None) -> LabelSet:
    return build(votes(session), labelset.reviewed(session).values(), SEED, frozen or [])


def side(monkeypatch: pytest.MonkeyPatch, judges: bool) -> None:
    monkeypatch.setattr(labelset, "_judges", lambda subject, id: judges)


@pytest.fixture
def alert(session: Session, report: Report) -> Alert:
    return report(session, "Обыск в редакции", "В Алматы прошёл обыск.", at=NOW)


def test_a_label_belongs_to_the_text_that_was_shown(
    session: Session, report: Report, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    side(monkeypatch, judges=False)
    seen = shown(session, alert)
    report(session, "Ещё об обыске", "Другая статья о том же.", at=NOW, of=alert)
    says(session, "anna", alert, ["raid"], revision=seen.id)
    (learned,) = [text for text in made(session).training if text.event != "start"]
    assert (learned.title, learned.labels) == ("Обыск в редакции", frozenset({"raid"}))


def test_texts_of_one_incident_are_one_event(
    session: Session, report: Report, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    side(monkeypatch, judges=False)
    says(session, "anna", alert, ["raid"])
    report(session, "Ещё об обыске", "Другая статья о том же.", at=NOW, of=alert)
    says(session, "anna", alert, ["raid"])
    assert {text.event for text in made(session).training} == {"start", f"incident {alert.incident_id}"}
    assert made(session).reviewed == 2


def test_held_out_events_are_never_trained_on(session: Session, report: Report) -> None:
    for number in range(60):
        alert = report(session, f"Обыск {number}", f"Текст номер {number}.", at=NOW)
        says(session, "anna", alert, ["raid"] if number % 2 else [])
    sets = made(session)
    assert 4 <= len(sets.held_out) <= 24
    assert len(sets.held_out) + sets.reviewed == 60
    assert not {text.event for text in sets.held_out} & {text.event for text in sets.training}


def test_a_text_never_changes_sides_when_incidents_are_merged(session: Session, report: Report) -> None:
    alerts = [report(session, f"Обыск {number}", f"Текст номер {number}.", at=NOW) for number in range(30)]
    for alert in alerts:
        says(session, "anna", alert, ["raid"])
    before = made(session)
    session.execute(update(IncidentArticle).values(incident_id=alerts[0].incident_id))
    after = made(session)
    assert {text.id for text in after.held_out} == {text.id for text in before.held_out}
    assert after.reviewed == 0, "all tell of an event that judges now"


def test_a_copy_of_what_judges_is_not_trained_on(
    session: Session, report: Report, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    side(monkeypatch, judges=False)
    says(session, "anna", alert, ["raid"])
    frozen = [Text("f", "ru", "Обыск в редакции", "В Алматы прошёл обыск.", frozenset({"raid"}), event="search")]
    assert made(session, frozen).reviewed == 0
    assert made(session).reviewed == 1


def test_a_frozen_event_that_the_seed_tells_judges_nothing(session: Session) -> None:
    frozen = [Text("f", "ru", "Начало", "Иначе сказано.", frozenset({"raid"}), event="start")]
    assert made(session, frozen).frozen == ()


def test_readers_at_odds_are_named_and_taught_to_nobody(
    session: Session, alert: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    side(monkeypatch, judges=False)
    says(session, "anna", alert, ["raid"], blind=True)
    says(session, "berik", alert, [], blind=True)
    sets = made(session)
    assert sets.reviewed == 0
    assert [(dispute.title, dispute.over) for dispute in sets.disputes] == [("Обыск в редакции", ("relevance", "raid"))]
    says(session, "chief", alert, ["raid"], adjudicates=True)
    assert (made(session).reviewed, made(session).disputes) == (1, ())


def test_the_hash_is_that_of_the_labels(session: Session, alert: Alert) -> None:
    empty = made(session).sha256
    says(session, "anna", alert, ["raid"])
    one = made(session).sha256
    assert one != empty
    says(session, "anna", alert, ["raid"])
    assert made(session).sha256 == one
    says(session, "anna", alert, ["detention"])
    assert made(session).sha256 != one


def test_what_waits_for_a_second_reader_stands_nowhere(session: Session, alert: Alert) -> None:
    review = says(session, "anna", alert, ["raid"])
    assert review.revision_id is not None
    sets = build(votes(session), labelset.reviewed(session).values(), SEED, [], {review.revision_id})
    assert (sets.reviewed, sets.held_out, sets.unconfirmed) == (0, (), (review.revision_id,))
