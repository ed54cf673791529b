"""People's words on pairs: all hold together, and of two that cannot the later one does."""

from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.incidents.constraints import Word, settle


def test_what_is_joined_through_others_stands_together() -> None:
    found = settle([Word("1", "a", "b", same=True), Word("2", "b", "c", same=True)])
    assert len({found.lot(node) for node in "abc"}) == 1
    assert found.lot("d") == "d"


def test_what_is_parted_is_parted_for_all_that_is_bound_to_it() -> None:
    found = settle([Word("1", "a", "b", same=True), Word("2", "b", "c", same=False)])
    assert found.apart == {frozenset({found.lot("a"), "c"})}


def test_of_two_words_that_cannot_both_hold_the_later_holds() -> None:
    together, apart = Word("1", "a", "b", same=True), Word("2", "a", "b", same=False)
    assert settle([together, apart]).apart == {frozenset({"a", "b"})}
    late = Word("3", "a", "b", same=True)
    assert settle([together, apart, late]).lot("a") == settle([late]).lot("b")


def test_a_word_that_others_contradict_together_gives_way_only_to_later_ones() -> None:
    old = Word("1", "a", "c", same=False)
    found = settle([old, Word("2", "a", "b", same=True), Word("3", "b", "c", same=True)])
    assert found.lot("a") == found.lot("c")
    assert found.apart == frozenset()


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.booleans()), max_size=12),
    st.randoms(use_true_random=False),
)
def test_words_are_settled_alike_in_whatever_order_they_are_read(
    said: list[tuple[str, str, bool]], random: object
) -> None:
    words = [Word(f"{turn:03}", one, other, same) for turn, (one, other, same) in enumerate(said) if one != other]
    shuffled = list(words)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert settle(shuffled) == settle(words)
    found = settle(words)
    if words:
        last = words[-1]
        joined = found.lot(last.one) == found.lot(last.other)
        assert joined is last.same, "the latest word always holds"
