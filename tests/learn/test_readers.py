import math
import random
from datetime import timedelta
from uuid import UUID

import pytest

from kzmonitor.classify.model import Prediction
from kzmonitor.learn.readers import doubts, trusted, unconfirmed
from kzmonitor.learn.votes import Labels, Vote
from tests.learn.conftest import NOW

NAMES = ("detention", "raid")


def voted(reader: str, answers: dict[int, Labels], *, week: int = 0, first: int = 0) -> list[Vote]:
    at = NOW + timedelta(weeks=week)
    return [
        Vote(UUID(int=first + text), reader, UUID(int=text), labels, adjudicates=False, blind=False, at=at)
        for text, labels in answers.items()
    ]


@pytest.fixture(scope="module")
def truth() -> list[Labels]:
    """The labels of 150 texts, half of them irrelevant."""
    return [frozenset() if n % 2 else frozenset({NAMES[n // 2 % 2]}) for n in range(150)]


@pytest.fixture(scope="module")
def seen(truth: list[Labels]) -> dict[UUID, Prediction]:
    """What a fair model says of them: it ranks nine pairs of ten rightly."""
    pick = random.Random(7)

    def chance(yes: bool) -> float:
        return 1 / (1 + math.exp(-pick.gauss(1.8 if yes else -1.8, 2)))

    return {
        UUID(int=n): Prediction(
            chance(bool(labels)), True, "queue", (), {name: chance(name in labels) for name in NAMES}, []
        )
        for n, labels in enumerate(truth)
    }


def flipped(labels: Labels) -> Labels:
    return frozenset() if labels else frozenset({"raid"})


def test_an_honest_reader_is_trusted_however_strict(truth: list[Labels], seen: dict[UUID, Prediction]) -> None:
    honest = voted("anna", dict(enumerate(truth)))
    strict = voted("boris", {n: text if n % 4 == 0 else frozenset() for n, text in enumerate(truth)}, first=1000)
    assert doubts([*honest, *strict], seen) == []


def test_noise_of_one_in_twelve_is_trusted(truth: list[Labels], seen: dict[UUID, Prediction]) -> None:
    pick = random.Random(0)
    noisy = {n: flipped(text) if pick.random() < 0.08 else text for n, text in enumerate(truth)}
    assert doubts(voted("anna", noisy), seen) == []


def test_random_answers_are_left_to_the_gate(truth: list[Labels], seen: dict[UUID, Prediction]) -> None:
    pick = random.Random(0)
    guessed = {n: frozenset({"raid"}) if pick.random() < 0.5 else frozenset() for n in range(len(truth))}
    assert doubts(voted("anna", guessed), seen) == []


def test_a_poisoned_week_of_a_good_reader_is_left_out_alone(truth: list[Labels], seen: dict[UUID, Prediction]) -> None:
    good = voted("anna", dict(enumerate(truth[:90])))
    stolen = voted("anna", {n: flipped(truth[n]) for n in range(90, 150)}, week=1)
    (found,) = doubts([*good, *stolen], seen)
    assert (found.reader, found.week, found.votes, found.against, found.over) == (
        "anna", "2026-W48", 60, "the seed model", "relevance",
    )  # fmt: skip
    assert trusted([*good, *stolen], [found]) == good


def test_labels_called_the_other_way_round_are_found(truth: list[Labels], seen: dict[UUID, Prediction]) -> None:
    """Relevance is right throughout; only detention and everything else change places."""
    swapped = {
        n: frozenset({"raid"}) if "detention" in text else frozenset({"detention"}) if text else text
        for n, text in enumerate(truth)
    }
    assert {found.week for found in doubts(voted("mallory", swapped), seen)} == {None, "2026-W47"}


def test_one_against_several_others_is_found_without_the_model(seen: dict[UUID, Prediction]) -> None:
    calm = dict.fromkeys(seen, next(iter(seen.values())))
    answers = {n: frozenset({"raid"}) if n % 2 else frozenset[str]() for n in range(40)}
    votes = [
        *voted("anna", answers),
        *voted("berik", answers, first=1000),
        *voted(
            "mallory", {n: frozenset() if labels else frozenset({"raid"}) for n, labels in answers.items()}, first=2000
        ),
    ]
    assert {(one.reader, one.against) for one in doubts(votes, calm)} == {("mallory", "other readers")}


def test_of_two_at_odds_neither_is_the_liar(seen: dict[UUID, Prediction]) -> None:
    calm = dict.fromkeys(seen, next(iter(seen.values())))
    answers = {n: frozenset({"raid"}) if n % 2 else frozenset[str]() for n in range(40)}
    against = {n: frozenset() if labels else frozenset({"raid"}) for n, labels in answers.items()}
    assert doubts([*voted("anna", answers), *voted("berik", against, first=1000)], calm) == []


def test_a_handful_of_votes_is_never_doubted(truth: list[Labels], seen: dict[UUID, Prediction]) -> None:
    assert doubts(voted("anna", {n: flipped(truth[n]) for n in range(8)}), seen) == []


def test_a_single_review_against_a_sure_model_waits_for_a_second(seen: dict[UUID, Prediction]) -> None:
    ranked = sorted(seen, key=lambda id: seen[id].relevance)
    least, unsure, most = ranked[0], min(seen, key=lambda id: abs(seen[id].relevance - 0.5)), ranked[-1]
    raid, none = frozenset({"raid"}), frozenset[str]()
    slips = voted("anna", {least.int: raid, unsure.int: none, most.int: none})
    assert unconfirmed(slips, seen) == {least, most}
    assert unconfirmed(voted("anna", {least.int: none, unsure.int: raid, most.int: raid}), seen) == set()
    assert unconfirmed([*slips, *voted("boris", {most.int: none}, first=1000)], seen) == {least}
    assert unconfirmed([*slips, *voted("anna", {most.int: none}, first=1000)], seen) == {least}, "she means it"
    ruled = Vote(UUID(int=2000), "chief", least, raid, adjudicates=True, blind=False, at=NOW)
    assert unconfirmed([*slips, ruled], seen) == {most}
