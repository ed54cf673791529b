"""Ids last: through late articles, merges and splits."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.incidents.identity import claimed


def a(number: int) -> UUID:
    """An article."""
    return UUID(int=number)


def i(number: int) -> UUID:
    """An incident."""
    return UUID(int=1000 + number)


def test_a_group_keeps_the_incident_of_its_earliest_article() -> None:
    assert claimed([[a(1), a(2), a(3)]], {a(2): i(2), a(3): i(3)}, {}) == [i(2)]


def test_of_a_split_the_earlier_part_keeps_the_id_and_the_other_is_new() -> None:
    assert claimed([[a(1)], [a(2)]], {a(1): i(1), a(2): i(1)}, {i(1): a(1)}) == [i(1), None]


def test_what_was_merged_comes_back_where_the_article_stands_that_opened_it() -> None:
    before = {a(1): i(1), a(2): i(1)}
    assert claimed([[a(1)], [a(2)]], before, {i(1): a(1), i(2): a(2)}) == [i(1), i(2)]


def test_a_new_group_has_no_id_yet() -> None:
    assert claimed([[a(1)]], {}, {}) == [None]


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=10),
    st.dictionaries(st.integers(0, 9), st.integers(0, 4), max_size=10),
    st.dictionaries(st.integers(0, 5), st.integers(0, 9), max_size=6),
)
def test_no_incident_is_two_groups_at_once(groups: list[int], before: dict[int, int], opened: dict[int, int]) -> None:
    grouped = [[a(n) for n, group in enumerate(groups) if group == which] for which in sorted(set(groups))]
    found = claimed(
        grouped, {a(article): i(id) for article, id in before.items()}, {i(id): a(n) for id, n in opened.items()}
    )
    given_out = [id for id in found if id is not None]
    assert len(given_out) == len(set(given_out))
    for group, id in zip(grouped, found, strict=True):
        had = {i(before[n.int]) for n in group if n.int in before}
        assert id is not None or had <= set(given_out), "an incident of before is not given up while a group has none"
