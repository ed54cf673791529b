"""Copies are found by an index look-up and verified; what merely shares a subject is not a copy."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.incidents.duplicates import BANDS, SAME_FROM, bands, containment, word_pairs

RU = (
    "Департамент государственных доходов Алматы начал внеплановую проверку фонда, который наблюдает за выборами. "
    "Уведомление пришло в пятницу вечером, сообщили сотрудники. По их словам, ведомство ссылается на форму отчёта о "
    "деньгах из-за рубежа, которую фонд сдал в срок. Юристы организации готовят жалобу и называют проверку давлением. "
    "Похожие письма в том же месяце получили ещё несколько объединений в других городах страны."
)


def changed(text: str, share: float, seed: int) -> str:
    words = text.split()
    chooser = random.Random(seed)
    for place in chooser.sample(range(len(words)), int(len(words) * share)):
        words[place] = f"слово{chooser.randrange(10**6)}"
    return " ".join(words)


def meet(one: str, other: str) -> bool:
    pairs = list(zip(bands(word_pairs(one)), bands(word_pairs(other)), strict=True))
    return any(left == right for left, right in pairs)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_a_copy_with_changed_words_shares_a_band(share: float) -> None:
    found = [meet(RU, changed(RU, share, seed)) for seed in range(100)]
    assert sum(found) >= {0.1: 100, 0.2: 98, 0.3: 85}[share]


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_changed_copy_passes_the_second_measure(share: float) -> None:
    assert all(containment(word_pairs(RU), word_pairs(changed(RU, share, seed))) >= SAME_FROM for seed in range(100))


def test_a_copy_with_its_second_half_cut_is_contained() -> None:
    half = " ".join(RU.split()[: len(RU.split()) // 2])
    assert containment(word_pairs(RU), word_pairs(half)) == 1.0


def test_another_report_on_the_same_subject_is_no_copy() -> None:
    other = (
        "Налоговая проверка фонда наблюдателей вызвала возмущение правозащитников. Международные организации призвали "
        "власти прекратить преследование независимых объединений и отменить решения о штрафах."
    )
    assert containment(word_pairs(RU), word_pairs(other)) < SAME_FROM / 2


@settings(max_examples=200)
@given(st.text(max_size=500))
def test_any_text_has_bands_that_are_its_own(text: str) -> None:
    keys = bands(word_pairs(text))
    assert len(keys) in (0, BANDS)
    assert keys == bands(word_pairs(text.upper() if text.upper().casefold() == text.casefold() else text))
    assert all(-(2**63) <= key < 2**63 for key in keys)


@given(st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_containment_is_a_share(one: set[int], other: set[int]) -> None:
    value = containment(frozenset(one), frozenset(other))
    assert 0.0 <= value <= 1.0
    assert value == containment(frozenset(other), frozenset(one))
