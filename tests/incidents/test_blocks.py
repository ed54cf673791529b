"""Groups depend on tellings, chances and people's words only: not on their order, not on what came first."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.incidents.blocks import SAME_FROM, connected, groups
from kzmonitor.incidents.constraints import Word, settle

START = datetime(2026, 11, 1, tzinfo=UTC)
MOST = 12
Pair = frozenset[UUID]


def orders(number: int) -> dict[UUID, tuple[datetime, str]]:
    """Tellings two to a day, so that some stand at the same moment."""
    return {UUID(int=n): (START + timedelta(days=n // 2), f"key-{n}") for n in range(number)}


def pair(one: int, other: int) -> Pair:
    return frozenset({UUID(int=one), UUID(int=other)})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[int, dict[Pair, float], list[Word[UUID]]]:
    number = draw(st.integers(2, MOST))
    two = st.tuples(st.integers(0, number - 1), st.integers(0, number - 1)).filter(lambda both: both[0] != both[1])
    rough = st.sampled_from([0.05, 0.2, 0.4, 0.5, 0.5, 0.8, 0.95])
    chances = {pair(*both): draw(rough) for both in draw(st.lists(two, max_size=30))}
    said = draw(st.lists(st.tuples(two, st.booleans()), max_size=6))
    words = [Word(f"{turn:03}", UUID(int=a), UUID(int=b), same) for turn, ((a, b), same) in enumerate(said)]
    return number, chances, words


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_arrival_changes_nothing(
    world: tuple[int, dict[Pair, float], list[Word[UUID]]], random: object
) -> None:
    number, chances, words = world
    expected = groups(orders(number), chances, settle(words))
    shuffled = [list(orders(number).items()), list(chances.items()), list(words)]
    for listed in shuffled:
        random.shuffle(listed)  # type: ignore[attr-defined]
    assert groups(dict(shuffled[0]), dict(shuffled[1]), settle(shuffled[2])) == expected


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_every_telling_stands_in_one_group_and_peoples_words_hold(
    world: tuple[int, dict[Pair, float], list[Word[UUID]]],
) -> None:
    number, chances, words = world
    constraints = settle(words)
    found = groups(orders(number), chances, constraints)
    assert sorted(node for group in found for node in group) == sorted(orders(number))
    home = {node: place for place, group in enumerate(found) for node in group}
    for node in home:
        for other in home:
            if constraints.lot(node) == constraints.lot(other):
                assert home[node] == home[other]
            if frozenset({constraints.lot(node), constraints.lot(other)}) in constraints.apart:
                assert home[node] != home[other]


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_a_block_alone_gives_the_groups_that_it_has_among_all(
    world: tuple[int, dict[Pair, float], list[Word[UUID]]],
) -> None:
    number, chances, words = world
    near: dict[UUID, set[UUID]] = {}
    links = [both for both, chance in chances.items() if chance >= SAME_FROM]
    links += [frozenset({word.one, word.other}) for word in words if word.same]
    for both in links:
        for node in both:
            near.setdefault(node, set()).update(both)
    everything = groups(orders(number), chances, settle(words))
    for node in orders(number):
        block = connected([node], near)
        inside = [word for word in words if {word.one, word.other} <= block]
        alone = groups({one: at for one, at in orders(number).items() if one in block}, chances, settle(inside))
        assert next(group for group in alone if node in group) == next(group for group in everything if node in group)


def test_a_chain_of_tellings_each_like_the_next_is_not_one_event() -> None:
    chances = {pair(n, n + 1): 0.9 for n in range(9)}
    assert max(len(group) for group in groups(orders(10), chances)) <= 3


def test_what_is_alike_all_round_is_one_event() -> None:
    chances = {pair(a, b): 0.6 for a in range(5) for b in range(a)}
    assert [len(group) for group in groups(orders(6), chances)] == [5, 1]


def test_a_group_is_listed_in_order_of_publication() -> None:
    found = groups(dict(reversed(orders(3).items())), {pair(0, 2): 0.9})
    assert found == [[UUID(int=0), UUID(int=2)], [UUID(int=1)]]
