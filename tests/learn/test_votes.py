from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kzmonitor.learn.votes import Settled, Vote, known, settle, votes
from kzmonitor.store.tables import Alert
from tests.learn.conftest import NOW, says

Report = Callable[..., Alert]


def vote(number: int, reader: str, labels: set[str] | None, *, adjudicates: bool = False) -> Vote:
    said = None if labels is None else frozenset(labels)
    return Vote(UUID(int=number), reader, UUID(int=0), said, adjudicates, blind=not adjudicates, at=NOW)


def test_the_latest_word_of_each_reader_counts_once() -> None:
    cast = [vote(1, "a", {"raid"}), vote(2, "a", set()), vote(3, "b", set())]
    assert settle(cast) == Settled(frozenset())


def test_each_label_is_settled_by_the_majority() -> None:
    cast = [vote(1, "a", {"raid", "detention"}), vote(2, "b", {"raid"}), vote(3, "c", {"raid", "detention"})]
    assert settle(cast) == Settled(frozenset({"raid", "detention"}))


def test_two_readers_at_odds_settle_nothing() -> None:
    assert settle([vote(1, "a", {"raid"}), vote(2, "b", {"detention"})]) == Settled(None, ("detention", "raid"))
    assert settle([vote(1, "a", {"raid"}), vote(2, "b", set())]) == Settled(None, ("relevance", "raid"))


def test_three_readers_who_agree_only_that_it_is_relevant_settle_nothing() -> None:
    cast = [vote(1, "a", {"raid"}), vote(2, "b", {"detention"}), vote(3, "c", {"censorship"})]
    assert settle(cast).labels is None
    assert settle(cast).disputed == ("censorship", "detention", "raid")


def test_an_adjudication_wins_over_any_majority_and_later_votes() -> None:
    cast = [
        vote(1, "a", {"raid"}),
        vote(2, "b", {"raid"}),
        vote(3, "c", set(), adjudicates=True),
        vote(4, "d", {"raid"}),
    ]
    assert settle(cast) == Settled(frozenset())


def test_who_is_unsure_takes_back_what_they_said() -> None:
    assert settle([vote(1, "a", {"raid"}), vote(2, "a", None)]) == Settled(None)
    assert settle([vote(1, "a", {"raid"}), vote(2, "a", None), vote(3, "b", set())]) == Settled(frozenset())


def test_a_label_that_the_taxonomy_lost_says_nothing() -> None:
    cast = [vote(1, "a", {"raid", "gone"}), vote(2, "b", {"gone"}), vote(3, "c", set()), vote(4, "d", None)]
    assert [one.labels for one in known(cast, ["raid"])] == [frozenset({"raid"}), frozenset(), None]


LABELS = st.none() | st.frozensets(st.sampled_from(["raid", "detention", "censorship"]))
CAST = st.lists(st.tuples(st.sampled_from("abc"), LABELS, st.booleans()), max_size=8)


@settings(max_examples=200, deadline=None)
@given(CAST)
def test_what_is_settled_was_said_by_most_or_adjudicated(cast: list[tuple[str, frozenset[str] | None, bool]]) -> None:
    made = [
        Vote(UUID(int=number), who, UUID(int=0), labels, adjudicates, blind=False, at=NOW)
        for number, (who, labels, adjudicates) in enumerate(cast)
    ]
    settled = settle(made)
    assert not (settled.disputed and settled.labels is not None)
    said = {one.labels for one in made if one.labels is not None}
    assert (settled.labels or frozenset()) <= frozenset().union(*said)
    if len(said) == 1 and not any(one.labels is None for one in made):
        assert settled.labels in said


@pytest.fixture
def alert(session: Session, report: Report) -> Alert:
    return report(session, "Обыск в редакции", "В Алматы прошёл обыск.", at=NOW)


def test_a_review_that_was_undone_is_no_vote(session: Session, alert: Alert) -> None:
    wrong = says(session, "anna", alert, [])
    says(session, "anna", alert, ["raid"])
    says(session, "anna", alert, None, decision="undo", undoes=wrong.id)
    assert [one.labels for one in votes(session)] == [frozenset({"raid"})]


def test_only_decisions_on_labels_are_votes(session: Session, alert: Alert) -> None:
    says(session, "anna", alert, None, decision="duplicate")
    says(session, "anna", alert, None, decision="escalate")
    says(session, "anna", alert, None, decision="confirm")
    assert votes(session) == []
    says(session, "anna", alert, ["raid"], decision="confirm", subject="article", blind=True)
    (one,) = votes(session)
    assert (one.reader, one.labels, one.blind) == ("anna", frozenset({"raid"}), True)
