from uuid import UUID

import pytest

from kzmonitor.learn.agreement import agreement, kappa
from kzmonitor.learn.votes import Vote
from tests.learn.conftest import NOW


def cast(number: int, text: int, reader: str, *labels: str, blind: bool = True, adjudicates: bool = False) -> Vote:
    return Vote(UUID(int=number), reader, UUID(int=text), frozenset(labels), adjudicates, blind, NOW)


def test_kappa_is_that_of_cohen() -> None:
    # Cohen's own kind of table: 20 both yes, 15 both no, 5 and 10 apart: observed 0.7, by chance 0.5.
    answers = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert kappa(answers) == pytest.approx(0.4)


def test_kappa_is_unknown_where_nothing_was_to_agree_on() -> None:
    assert kappa([(False, False)] * 9) is None


def test_each_pair_of_readers_is_compared_on_each_label_of_the_texts_both_read() -> None:
    votes = [
        cast(1, 1, "anna", "raid", blind=False), cast(2, 1, "berik", "raid"),
        cast(3, 2, "anna", blind=False), cast(4, 2, "berik", "detention", blind=False),
        cast(5, 3, "chief", "raid"),
        cast(6, 1, "chief", "detention", adjudicates=True),
    ]  # fmt: skip
    found = {one.label: one for one in agreement(votes, ["raid", "detention"])}
    assert {one.readers for one in found.values()} == {("anna", "berik")}
    assert (found["raid"].texts, found["raid"].blind, found["raid"].kappa) == (2, 1, 1.0)
    assert (found["relevance"].agreed, found["relevance"].kappa) == (0.5, 0.0)


def test_nobody_agrees_alone() -> None:
    assert agreement([cast(1, 1, "anna", "raid")], ["raid"]) == []
