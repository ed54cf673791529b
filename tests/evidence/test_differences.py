"""Differences: every changed word is shown and none that is not, and what no reader would notice is no change."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.evidence.differences import Span, difference, is_same, likeness, shortened

OLD = "Полиция задержала пятерых активистов.\nИх отпустили к вечеру.\nСуд назначен на пятницу."


def squeezed(text: str) -> str:
    return "".join(text.split())


def sides(spans: list[Span]) -> tuple[str, str]:
    old = "".join(span.text for span in spans if span.kind != "added")
    new = "".join(span.text for span in spans if span.kind != "removed")
    return squeezed(old), squeezed(new)


def changes(old: str, new: str) -> list[tuple[str, str]]:
    return [(span.kind, span.text.strip()) for span in difference(old, new) if span.kind != "same"]


def test_a_changed_word_is_told_and_nothing_else() -> None:
    assert changes(OLD, OLD.replace("пятерых", "двоих")) == [("removed", "пятерых"), ("added", "двоих")]


def test_a_run_of_changed_words_is_one_change() -> None:
    new = OLD.replace("отпустили к вечеру", "арестовали на пять суток")
    assert changes(OLD, new) == [("removed", "отпустили к вечеру"), ("added", "арестовали на пять суток")]


def test_a_paragraph_that_came_or_went_is_one_change() -> None:
    without = OLD.replace("Их отпустили к вечеру.\n", "")
    assert changes(OLD, without) == [("removed", "Их отпустили к вечеру.")]
    assert changes(without, OLD) == [("added", "Их отпустили к вечеру.")]


@pytest.mark.parametrize(
    "new",
    [
        OLD.replace(" ", "\u00a0").replace("\n", "\n\n"),
        OLD.replace("активистов", "акти\u00adвистов\u200b"),
        OLD + "\nПросмотров: 1 204",
        OLD + "\n3 комментария",
        "Обновлено 12:40\n" + OLD,
        "«" + OLD + "»",
    ],
)
def test_blanks_counters_and_typography_are_no_change(new: str) -> None:
    assert is_same(OLD, new)


@pytest.mark.parametrize(
    "new",
    [
        OLD.replace("пятерых", "двоих"),
        OLD.replace("пятницу", "понедельник"),
        OLD + "\nШтраф составил 100 МРП.",
        OLD.replace("Их отпустили к вечеру.\n", ""),
        OLD + "\nРедакция получила 12 комментариев, и среди них просьбу убрать имена задержанных из этого текста.",
    ],
)
def test_a_changed_word_number_or_sentence_is_a_change(new: str) -> None:
    assert not is_same(OLD, new)


TEXTS = st.text(alphabet=st.sampled_from("аб ж\n.«<&>\u00a0"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_the_spans_hold_both_texts(old: str, new: str) -> None:
    spans = difference(old, new)
    assert sides(spans) == (squeezed(old), squeezed(new))
    if old == new:
        assert {span.kind for span in spans} <= {"same"}
    kinds = [span.kind for span in spans]
    assert all(one != other for one, other in pairwise(kinds))


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_likeness_is_a_share_and_the_same_both_ways(old: str, new: str) -> None:
    assert 0 <= likeness(old, new) <= 1
    assert likeness(old, new) == likeness(new, old)
    assert likeness(old, old) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("да " * 20_000, "нет " * 20_000),
        ("да " * 20_000, "да нет " * 10_000),
        ("да\n" * 5_000, "да\n" * 4_999 + "нет"),
        (" ".join(map(str, range(5_000))), " ".join(f"{number} x{number}" for number in range(5_000))),
        ("\n".join(map(str, range(1_200))), "\n".join(f"{number}\nx{number}" for number in range(1_200))),
    ],
    ids=["all-different", "one-word-over-and-over", "one-line-over-and-over", "words-never-together", "lines-so"],
)
def test_hostile_texts_are_compared_whole_and_at_a_bounded_cost(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost is counted and not timed: pieces that each step of the comparison looks at."""
    from kzmonitor.evidence import differences

    cost = 0

    class Counting(differences.SequenceMatcher):  # type: ignore[type-arg, misc]
        def find_longest_match(self, *where: Any) -> Any:
            nonlocal cost
            cost += where[1] - where[0]
            return super().find_longest_match(*where)

    monkeypatch.setattr(differences, "SequenceMatcher", Counting)
    assert sides(difference(old, new)) == (squeezed(old), squeezed(new))
    assert cost <= differences.MOST_PIECES**2 / 2


def test_on_a_screen_long_runs_keep_their_ends() -> None:
    old = " ".join(f"слово{number}" for number in range(200))
    spans = shortened(difference(old, old.replace("слово100 ", "иное ")))
    assert [span.kind for span in spans] == ["same", "removed", "added", "same"]
    assert spans[0].text.startswith("[…]")
    assert spans[0].text.rstrip().endswith("слово99")
    assert spans[-1].text.endswith("[…]")
    assert all(len(span.text.split()) < 20 for span in spans)
