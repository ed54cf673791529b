"""People's word on pairs as constraints of grouping: what must stand together, and what must not.

Of two words that cannot both hold, directly or through others, the later one holds."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True)
class Word(Generic[Node]):
    """One person's word on one pair. `turn`: whatever sorts words by time (ids of reviews do)."""

    turn: str
    one: Node
    other: Node
    same: bool


@dataclass(frozen=True)
class Constraints(Generic[Node]):
    """`together`: node -> the lot that it must stand in, for nodes bound to others; `apart`: pairs of lots (or of
    nodes that are bound to none) that must not share a group."""

    together: Mapping[Node, Node]
    apart: frozenset[frozenset[Node]]

    def lot(self, node: Node) -> Node:
        """The lot of a node: itself when it is bound to none."""
        return self.together.get(node, node)


def settle(words: Iterable[Word[Node]]) -> Constraints[Node]:
    """The constraints that all words together make, the latest word first; those that contradict it fall away."""
    lots: dict[Node, Node] = {}
    apart: set[frozenset[Node]] = set()

    def lot(node: Node) -> Node:
        while (above := lots.get(node, node)) != node:
            node = above
        return node

    for word in sorted(words, key=lambda word: (word.turn, str(word.one), str(word.other), word.same), reverse=True):
        one, other = lot(word.one), lot(word.other)
        if not word.same and one != other:
            apart.add(frozenset({one, other}))
        elif word.same and one != other and frozenset({one, other}) not in apart:
            kept, gone = sorted((one, other), key=str)
            lots[gone] = kept
            apart = {frozenset(kept if node == gone else node for node in pair) for pair in apart}
    return Constraints({node: lot(node) for node in lots}, frozenset(apart))
