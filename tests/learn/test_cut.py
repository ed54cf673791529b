from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify import persist
from kzmonitor.classify.labelled import Text
from kzmonitor.classify.model import Classifier, Prediction
from kzmonitor.classify.thresholds import NEVER, Pair, Thresholds
from kzmonitor.learn.cut import cut_like

TEXTS = [Text(str(number), "ru", str(number), "", frozenset()) for number in range(12)]


class Ranking:
    """A model that gives each text, by its title, a relevance."""

    def __init__(self, chances: Sequence[float], queue: float, mail: float) -> None:
        self.chances = chances
        self.thresholds = Thresholds(Pair(queue, mail), {"raid": Pair(0.3, 0.5)})

    def predict(self, texts: Sequence[tuple[str, str]], *, reasons: bool) -> list[Prediction]:
        return [Prediction(self.chances[int(title)], True, None, (), {}, []) for title, _ in texts]

    def passing(self, threshold: float) -> int:
        return sum(chance >= threshold for chance in self.chances)


def alike(candidate: Ranking, reference: Ranking) -> Thresholds:
    return cut_like(cast(Classifier, candidate), cast(Classifier, reference), TEXTS).thresholds


CHANCES = st.lists(st.integers(0, 10**6).map(lambda n: n / 10**6), min_size=12, max_size=12, unique=True)


@settings(max_examples=200, deadline=None)
@given(CHANCES, CHANCES, st.floats(0, 1), st.floats(0, 1))
def test_as_many_texts_pass_as_with_the_reference(
    own: list[float], others: list[float], first: float, second: float
) -> None:
    reference = Ranking(others, min(first, second), max(first, second))
    candidate = Ranking(own, 0.3, 0.9)
    cut = alike(candidate, reference).relevance
    assert 0 <= cut.queue <= cut.mail <= NEVER
    assert candidate.passing(cut.queue) == reference.passing(reference.thresholds.relevance.queue)
    assert candidate.passing(cut.mail) == reference.passing(reference.thresholds.relevance.mail)


def test_thresholds_that_let_as_many_pass_are_kept_to_the_bit() -> None:
    chances = [number / 12 for number in range(12)]
    same = alike(Ranking(chances, 0.41, 0.83), Ranking(chances[::-1], 0.4101, 0.8301))
    assert same == Thresholds(Pair(0.41, 0.83), {"raid": Pair(0.3, 0.5)})


def test_a_model_cut_anew_is_kept_and_loaded_as_it_was_cut(first_model: Classifier) -> None:
    before = first_model.thresholds
    strict = cut_like(first_model, cast(Classifier, Ranking([0.9] * 2 + [0.1] * 10, 0.5, 0.95)), TEXTS)
    assert strict.thresholds.relevance != before.relevance
    assert first_model.thresholds == before
    assert persist.load(persist.save(strict)).thresholds == strict.thresholds


def test_no_text_passes_where_none_should() -> None:
    cut = alike(Ranking([number / 24 for number in range(12)], 0.1, 0.2), Ranking([0.1] * 12, 0.5, 0.6))
    assert cut.relevance.queue == pytest.approx((NEVER + 11 / 24) / 2)
