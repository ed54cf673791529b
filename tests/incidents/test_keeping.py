"""What is kept of an incident does not depend on how it came to be known, and what was told is never told again."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.incidents.keeping import keep
from kzmonitor.incidents.reviews import decide
from kzmonitor.incidents.telling import Telling
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Incident,
    Party,
    Proceeding,
    new_id,
)
from tests.incidents.case import DAY, FOUR, START, case, copy_of, mail, stored, telling

HOUR = timedelta(hours=1)


def arrive(session: Session, tellings: Sequence[Telling], *, mailing: Sequence[int] = ()) -> tuple[UUID, Alert]:
    """The tellings become known one after another, a day apart; after those at the places of `mailing` a digest
    tells all that is new."""
    stored(session, tellings)
    incident, known = new_id(), list[Telling]()
    for place, one in enumerate(tellings):
        known.append(one)
        alert = keep(session, incident, known, START + place * DAY)
        if place in mailing:
            mail(session, START + place * DAY + HOUR)
    return incident, alert


def events(session: Session) -> list[AlertEvent]:
    return list(session.scalars(select(AlertEvent).order_by(AlertEvent.day, AlertEvent.id)))


def said(session: Session) -> list[tuple[str, str | None, str | None]]:
    return [(event.kind, event.from_status, event.to_status) for event in events(session)]


def test_a_case_of_six_turns_is_one_alert_with_four_events(session: Session) -> None:
    incident, _ = arrive(session, case())
    assert said(session) == FOUR
    assert session.scalar(select(func.count()).select_from(Alert)) == 1
    [proceeding] = session.scalars(select(Proceeding).where(Proceeding.incident_id == incident))
    assert proceeding.status == "released"
    assert [turn["status"] for turn in proceeding.history] == [
        "detained", "charged", "hearing_set", "sentenced", "appealed", "released",
    ]  # fmt: skip
    [party] = session.scalars(select(Party))
    assert {"Берик Сагындыков", "Берік Сағындықов", "Berik Sagyndykov"} <= set(party.names)


@pytest.mark.parametrize("seed", range(12))
def test_order_and_copies_make_no_difference(session: Session, seed: int) -> None:
    random = Random(seed)
    reports = case()
    reports += [copy_of(random.choice(reports), source, random.randrange(1, 60)) for source in ("a", "b", "c")]
    random.shuffle(reports)
    _, alert = arrive(session, reports)
    assert said(session) == FOUR
    assert [event.ready_at for event in events(session) if event.kind == "opened"] == [alert.opened_at]
    assert session.scalar(select(func.count()).select_from(Proceeding)) == 1


@pytest.mark.slow
def test_every_order_of_the_six_reports_ends_in_the_same_events(session: Session) -> None:
    reports = case()
    for order in permutations(reports):
        with session.begin_nested() as attempt:
            arrive(session, order)
            assert said(session) == FOUR
            attempt.rollback()


@pytest.mark.parametrize("seed", range(12))
def test_a_turn_is_mailed_once_whatever_the_order_and_the_digests_in_between(session: Session, seed: int) -> None:
    random = Random(seed)
    reports = case()
    reports += [copy_of(random.choice(reports), source, random.randrange(1, 60)) for source in ("a", "b")]
    random.shuffle(reports)
    arrive(session, reports, mailing=sorted(random.sample(range(8), 4)))
    mail(session, START + 40 * DAY)
    found = events(session)
    assert sorted(event.kind for event in found) == ["opened", "renewed", "renewed", "renewed"]
    told = [event.to_status for event in found if event.to_status]
    # An alert that was mailed when only a hearing was known was opened without a status, and stays so.
    assert len(told) >= 3
    assert len(told) == len(set(told))
    assert set(told) <= {"detained", "charged", "sentenced", "released"}


def test_what_was_mailed_is_never_changed(session: Session) -> None:
    detained, charged, _, sentenced, _, released = case()
    stored(session, case())
    incident = new_id()
    keep(session, incident, [sentenced], START)
    [first] = mail(session, START + HOUR)
    before = {name: getattr(first, name) for name in ("kind", "from_status", "to_status", "turns", "ready_at", "day")}
    keep(session, incident, [sentenced, detained, released, charged], START + DAY)
    session.refresh(first)
    assert before == {name: getattr(first, name) for name in before}
    assert before["kind"] == "opened"


def test_a_detention_reported_after_its_sentence_was_mailed_is_late_and_the_release_is_not(session: Session) -> None:
    detained, _, _, sentenced, _, released = case()
    stored(session, case())
    incident = new_id()
    keep(session, incident, [sentenced], START)
    mail(session, START + HOUR)
    keep(session, incident, [sentenced, detained], START + DAY)
    keep(session, incident, [sentenced, detained, released], START + 2 * DAY)
    found = {event.to_status: event for event in events(session)}
    assert {status: (event.kind, event.late) for status, event in found.items()} == {
        "sentenced": ("opened", False),
        "detained": ("renewed", True),
        "released": ("renewed", False),
    }
    assert found["detained"].ready_at == START + DAY
    assert found["released"].from_status == "sentenced"


def test_keeping_twice_changes_nothing(session: Session) -> None:
    incident, _ = arrive(session, case())
    rows = [(event.id, event.ready_at, event.turns) for event in events(session)]
    keep(session, incident, case(), START + 50 * DAY)
    assert [(event.id, event.ready_at, event.turns) for event in events(session)] == rows


def test_a_party_that_was_unnamed_when_it_was_mailed_is_not_told_again(session: Session) -> None:
    unnamed = telling("Активистку задержали", "Полиция задержала активистку у акимата.")
    named = telling("Задержана Динара Омарова", "Полиция задержала Динару Омарову.", when=START + HOUR)
    stored(session, [unnamed, named])
    incident = new_id()
    keep(session, incident, [unnamed], START)
    mail(session, START + HOUR)
    keep(session, incident, [unnamed, named], START + DAY)
    assert [event.kind for event in events(session)] == ["opened"]
    assert [party.names for party in session.scalars(select(Party))] == [["Динара Омарова"]]


def test_an_alert_of_a_merged_incident_moves_with_its_reviews_and_is_not_told_again(session: Session) -> None:
    detained, *_ = case()
    earlier = copy_of(detained, "kursiv", hours=-3)
    stored(session, [detained, earlier])
    old, new = new_id(), new_id()
    alert = keep(session, old, [detained], START)
    mail(session, START + HOUR)
    decide(session, alert.id, "confirm", now=START + 2 * HOUR)
    session.add(Incident(id=new, title="", first_seen=START, last_seen=START, labels=[], severity=1))
    session.flush()
    session.get_one(Incident, old).redirect_to = new
    session.flush()
    assert keep(session, new, [detained, earlier], START + DAY).id == alert.id
    assert session.scalar(select(func.count()).select_from(Alert)) == 1
    assert [event.kind for event in events(session)] == ["opened"]


def test_what_an_alert_told_that_was_merged_into_another_is_not_told_again(session: Session) -> None:
    detained, charged, *_ = case()
    stored(session, [detained, charged])
    one, other = new_id(), new_id()
    kept = keep(session, one, [detained], START)
    merged = keep(session, other, [charged], START)
    mail(session, START + HOUR)
    session.get_one(Incident, other).redirect_to = one
    session.flush()
    assert keep(session, one, [detained, charged], START + DAY).id == kept.id
    assert sorted((event.alert_id, event.kind) for event in events(session)) == sorted(
        [(kept.id, "opened"), (merged.id, "opened")]
    )


def test_a_turn_that_no_telling_tells_any_more_is_taken_back_unless_it_was_mailed(session: Session) -> None:
    detained, charged, *_ = case()
    stored(session, [detained, charged])
    incident = new_id()
    keep(session, incident, [detained, charged], START)
    keep(session, incident, [detained], START + DAY)
    assert said(session) == FOUR[:1]
    keep(session, incident, [detained, charged], START + 2 * DAY)
    mail(session, START + 3 * DAY)
    keep(session, incident, [detained], START + 4 * DAY)
    assert said(session) == FOUR[:2]


def test_a_rise_to_mail_renews_once(session: Session) -> None:
    queued = telling("Ложь о фонде", "Канал назвал фонд предателями.", tier="queue", relevance=0.6)
    sure = copy_of(telling("Ложь о фонде", "Канал назвал фонд предателями."), "orda")
    surer = copy_of(sure, "kursiv")
    _, alert = arrive(session, [queued, sure, surer])
    assert (alert.tier, alert.score) == ("mail", 0.9)
    assert said(session) == [("opened", None, None), ("renewed", "queue", "mail")]


def test_an_alert_falls_back_into_the_queue_only_while_nobody_knows_of_it(session: Session) -> None:
    queued = telling("Ложь о фонде", "Канал назвал фонд предателями.", tier="queue")
    sure = copy_of(telling("Ложь о фонде", "Канал назвал фонд предателями."), "orda")
    incident, alert = arrive(session, [queued, sure])
    keep(session, incident, [queued], START + DAY)
    assert (alert.tier, said(session)) == ("queue", [("opened", None, None)])
    keep(session, incident, [queued, sure], START + 2 * DAY)
    mail(session, START + 3 * DAY)
    keep(session, incident, [queued], START + 4 * DAY)
    assert alert.tier == "mail"


def test_an_earlier_incident_of_the_same_party_makes_it_graver(session: Session) -> None:
    first = telling("Оштрафован", "Суд оштрафовал Асхата Байжанова.", labels=["obstruction"])
    again = telling("Снова", "Суд оштрафовал Асхата Байжанова.", labels=["tax_inspection"], when=START + 60 * DAY)
    stored(session, [first, again])
    keep(session, new_id(), [first], START)
    incident = new_id()
    keep(session, incident, [again], START + 60 * DAY)
    parts = session.get_one(Incident, incident).severity_parts
    assert {part["what"]: part["which"] for part in parts} == {"kind": "tax_inspection", "repetition": "1"}


def test_parties_that_are_named_no_more_are_removed(session: Session) -> None:
    one = telling("Задержан", "Полиция задержала Асхата Байжанова.")
    other = telling("Задержан", "Полиция задержала Руслана Садыкова.", when=START + HOUR)
    incident, _ = arrive(session, [one, other])
    keep(session, incident, [one], START + DAY)
    assert [party.names for party in session.scalars(select(Party))] == [["Асхат Байжанов"]]
