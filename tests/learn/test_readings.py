"""Who reads a text again: drawn by hash and all rejections of core labels, never by who read it, and once."""

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.learn import readings
from kzmonitor.learn.votes import settle, votes
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Capture, Review, Revision
from kzmonitor.store.tables.understanding import DRAWN
from tests.learn.conftest import NOW, reader, says, shown

CORE = ("tax_inspection", "detention", "smear_campaign")
Report = Callable[..., Alert]


def waits(session: Session, name: str) -> list[UUID]:
    """The texts that wait for this reader."""
    return [one.revision for one in readings.waiting(session, reader(session, name), core=CORE, limit=100)]


def read(session: Session, name: str, first: Review, decision: str = "correct", **more: object) -> Review:
    said = {"labels": ["detention"]} if decision == "correct" else {}
    return readings.read(
        session, first.id, reader(session, name), decision, **{**said, **more}, core=CORE, now=NOW,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def rejected(session: Session, report: Report) -> Review:
    """Anna's rejection of an alert with a core label."""
    return says(session, "anna", report(session, "t", "x", at=NOW), [])


def test_every_rejection_of_a_core_label_is_read_again_by_somebody_else(session: Session, rejected: Review) -> None:
    assert waits(session, "berik") == [rejected.revision_id]
    assert waits(session, "anna") == []


def test_a_rejection_of_another_label_is_read_again_only_if_drawn(session: Session, report: Report) -> None:
    made = [says(session, "anna", report(session, f"t {n}", "x", at=NOW, labels=["raid"]), []) for n in range(60)]
    drawn = set(session.scalars(select(Revision.id).where(readings.literal_column(DRAWN.replace("revision", "id")))))
    assert 0 < len(drawn) < 20
    assert set(waits(session, "berik")) == {review.revision_id for review in made} & drawn


def test_one_confirmation_in_ten_is_drawn_whoever_confirms(session: Session, report: Report) -> None:
    texts = {name: set[UUID]() for name in ("anna", "dana")}
    for number in range(100):
        name = ("anna", "dana")[number % 2]
        made = says(session, name, report(session, f"t {number}", "x", at=NOW), ["detention"])
        assert made.revision_id
        texts[name].add(made.revision_id)
    waiting = set(waits(session, "berik"))
    # Of a hundred draws at one in ten, fewer than 1 or more than 25 come once in 30,000 runs.
    assert 1 <= len(waiting) <= 25
    assert set(waits(session, "anna")) == waiting & texts["dana"]


def test_what_the_text_bears_decides_the_draw_and_not_the_review(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    before = bool(waits(session, "berik"))
    for _ in range(12):
        made = says(session, "anna", alert, ["detention"])
        drawn = bool(waits(session, "berik"))
        says(session, "anna", alert, None, decision="undo", undoes=made.id)
        assert drawn in (before, True)
    assert {drawn for _ in range(3)} == {drawn}


def test_a_second_reading_is_a_blind_vote_and_decides_nothing(session: Session, rejected: Review) -> None:
    before, version = alerts.standing(session, rejected.subject_id), alerts.version(session, rejected.subject_id)
    made = read(session, "berik", rejected, labels=["raid", "detention"], note="see paragraph two")
    assert (made.blind, made.labels, made.seen_version) == (True, ["detention", "raid"], None)
    assert alerts.standing(session, rejected.subject_id) == before
    assert alerts.version(session, rejected.subject_id) == version
    assert settle(votes(session)).disputed[0] == "relevance"
    assert waits(session, "dana") == []


def test_of_two_second_readers_the_later_is_told(session: Session, rejected: Review) -> None:
    read(session, "berik", rejected, "reject")
    with pytest.raises(Conflict, match="no longer waits"):
        read(session, "dana", rejected)
    assert len(votes(session)) == 2


def test_two_at_the_same_moment_give_one_second_reading(database: Database, report: Report) -> None:
    with database.session() as session:
        first = says(session, "anna", report(session, "t", "x", at=NOW), []).id
        readers = [reader(session, name) for name in ("berik", "dana", "erlan")]
    outcomes, together = list[str](), threading.Barrier(3)

    def one(who: UUID) -> None:
        together.wait()
        try:
            with database.session() as session:
                readings.read(session, first, who, "reject", core=CORE, now=NOW)
            outcomes.append("kept")
        except Conflict:
            outcomes.append("told")

    threads = [threading.Thread(target=one, args=(who,)) for who in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept", "told", "told"]
    with database.session() as session:
        assert len(votes(session)) == 2


def test_who_is_unsure_leaves_the_text_to_the_others(session: Session, rejected: Review) -> None:
    read(session, "berik", rejected, "unsure")
    assert waits(session, "berik") == []
    assert waits(session, "dana") == [rejected.revision_id]


def test_nobody_reads_their_own_text_again_even_by_its_address(session: Session, rejected: Review) -> None:
    with pytest.raises(Conflict):
        read(session, "anna", rejected, "reject")


def test_readers_without_a_name_are_one_reader(session: Session, report: Report) -> None:
    made = says(session, "anna", report(session, "t", "x", at=NOW), [])
    made.account_id = None
    session.flush()
    assert readings.waiting(session, None, core=CORE, limit=9) == []
    assert waits(session, "berik") == [made.revision_id]


def test_what_was_taken_back_or_decided_anew_waits_no_more(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    first = says(session, "anna", alert, [])
    says(session, "anna", alert, None, decision="undo", undoes=first.id)
    assert waits(session, "berik") == []
    with pytest.raises(Conflict):
        read(session, "berik", first)
    says(session, "anna", alert, [])
    says(session, "anna", alert, None)
    assert waits(session, "berik") == []


def test_what_two_people_decided_openly_is_not_read_again(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOW)
    says(session, "anna", alert, [])
    says(session, "dana", alert, ["detention"])
    assert waits(session, "berik") == []


def test_an_erased_text_is_shown_to_nobody(session: Session, rejected: Review) -> None:
    revision = session.get_one(Revision, rejected.revision_id)
    assert readings.shown(session, revision.id) is not None
    capture = session.scalars(select(Capture).where(Capture.id == revision.capture_id)).one()
    capture.erased_at, capture.erased_why = NOW, "asked"
    session.flush()
    assert waits(session, "berik") == []
    assert readings.shown(session, revision.id) is None


def test_what_is_shown_says_nothing_of_labels_or_readers(session: Session, rejected: Review) -> None:
    assert rejected.revision_id
    text = readings.shown(session, rejected.revision_id)
    assert {name for name in vars(text) if name in ("labels", "by", "decision", "reasons", "prediction")} == set()


@pytest.mark.parametrize(
    ("decision", "more"),
    [
        ("confirm", {}),
        ("duplicate", {}),
        ("correct", {"labels": []}),
        ("correct", {"labels": ["nonsense"]}),
        ("reject", {"reason": "because"}),
        ("reject", {"note": "a\0b"}),
        ("unsure", {"note": "x" * 4001}),
    ],
)
def test_a_reading_that_makes_no_sense_is_refused_and_leaves_nothing(
    session: Session, rejected: Review, decision: str, more: dict[str, object]
) -> None:
    with pytest.raises(InputError):
        read(session, "berik", rejected, decision, **more)
    assert len(votes(session)) == 1


def test_a_reading_can_be_taken_back_by_its_reader_only_and_once(session: Session, rejected: Review) -> None:
    made = read(session, "berik", rejected)
    with pytest.raises(InputError):
        readings.take_back(session, made.id, reader(session, "dana"), NOW)
    readings.take_back(session, made.id, reader(session, "berik"), NOW)
    assert waits(session, "berik") == [rejected.revision_id]
    with pytest.raises(Conflict):
        readings.take_back(session, made.id, reader(session, "berik"), NOW)
    with pytest.raises(InputError):
        readings.take_back(session, rejected.id, reader(session, "anna"), NOW)


def test_undoing_a_decision_never_undoes_a_second_reading(session: Session, rejected: Review) -> None:
    from kzmonitor.incidents import reviews

    read(session, "berik", rejected)
    undo = reviews.decide(session, rejected.subject_id, "undo", seen_version=rejected.id, now=NOW)
    assert undo.undoes == rejected.id


def test_readers_begin_at_different_texts(session: Session, report: Report) -> None:
    for number in range(10):
        says(session, "anna", report(session, f"t {number}", "x", at=NOW), [])
    begun = {
        readings.first_for(who, readings.waiting(session, who, core=CORE, limit=50))
        for who in (reader(session, f"reader {number}") for number in range(10))
    }
    assert len(begun) > 2


def test_the_shown_text_is_the_one_that_was_decided_on(session: Session, report: Report) -> None:
    alert = report(session, "title", "body", at=NOW)
    first = says(session, "anna", alert, [])
    text = readings.shown(session, first.revision_id)  # type: ignore[arg-type]
    assert text is not None
    assert (text.title, text.text, text.revision) == ("title", "body", shown(session, alert).id)
