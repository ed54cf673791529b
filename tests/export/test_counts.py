from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.errors import InputError
from kzmonitor.export.counts import LEAST_CHOICES, SMALL, Counts, dimensions, suppressed
from kzmonitor.export.incidents import INCIDENTS
from kzmonitor.export.tables import Row


def row(day=2, region="KZ-75", labels=("detention",), languages=("ru",)):
    at = datetime(2026, 11, day, 19, 30, tzinfo=UTC)
    return Row({"first_seen": at, "region": region, "labels": list(labels), "languages": list(languages)})


def counted(rows, *by):
    counts = Counts(INCIDENTS, dimensions(INCIDENTS, by))
    counts.add(rows)
    return {(one["dimensions"], *one["values"]): one["count"] for one in counts.rows()}


def test_rows_are_counted_by_week_of_almaty_region_label_and_language():
    rows = [row(day=8)] * 4 + [row(day=4, labels=("raid", "detention"), region=None, languages=("ru", "kk"))] * 6
    assert counted(rows) == {
        # 8 November at 19:30 UTC is Monday, the 9th, in Almaty.
        ("week", "2026-W45"): 6, ("week", "2026-W46"): 4, ("region", "(none)"): 6, ("region", "KZ-75"): 4,
        ("label", "detention"): 10, ("label", "raid"): 6, ("language", "kk"): 6, ("language", "ru"): 10,
    }  # fmt: skip


def test_combinations_can_be_asked_for_and_unknown_ones_are_refused():
    rows = [row()] * 5 + [row(labels=("raid",))] * 3
    assert counted(rows, "week, label") == {
        ("week, label", "2026-W45", "detention"): 5, ("week, label", "2026-W45", "raid"): 3,
    }  # fmt: skip
    with pytest.raises(InputError, match="week, region, label, language"):
        dimensions(INCIDENTS, ["name"])


def test_small_numbers_are_not_told_and_cannot_be_had_by_subtraction():
    rows = [row(region="KZ-10")] * 9 + [row(region="KZ-11")] * 4 + [row(region="KZ-12")]
    regions = {key[1]: number for key, number in counted(rows, "region").items()}
    assert regions == {"KZ-10": 9, "KZ-11": None, "KZ-12": None}


def test_a_table_too_small_to_hide_anything_in_is_withheld():
    assert counted([row()], "region") == {("region", "(withheld)"): None}
    assert counted([row(day=2), row(day=9), row(day=16)], "week") == {("week", "(withheld)"): None}


@given(st.lists(st.integers(1, 9), max_size=5))
def test_whoever_knows_the_sum_is_left_with_several_values_for_each_hidden_cell(numbers):
    table = {(str(place),): number for place, number in enumerate(numbers)}
    hidden = suppressed(table)
    if hidden is None:
        assert any(number < SMALL for number in numbers)
        return
    assert all(number >= SMALL for cell, number in table.items() if cell not in hidden)
    missing = sum(table[cell] for cell in hidden)
    fitting = [one for one in product(range(1, missing + 1), repeat=len(hidden)) if sum(one) == missing]
    for place in range(len(hidden)):
        assert len({one[place] for one in fitting}) >= LEAST_CHOICES


def test_nothing_small_hides_nothing():
    assert suppressed({("a",): 3, ("b",): 4}) == frozenset()
    assert suppressed({}) == frozenset()
