"""Which tellings make one incident: groups by average linkage, a function of tellings, chances and constraints.

A group grows by the two that are likeliest one on the average over all pairs between them (M. R. Anderberg, "Cluster
Analysis for Applications", 1973), so that a chain of tellings, each like the next, makes no group: joined pair by pair
they cost up to 20 points of precision. A pair whose chance is not known counts as 0."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from kzmonitor.incidents.constraints import Constraints

# Mean chance over all pairs between two groups, from which on they are one incident; by cross-validation on the seed.
SAME_FROM = 0.4
# A telling of the same words, and its chance.
COPY_CHANCE = 0.99

Pair = frozenset[UUID]
Order = tuple[datetime, str]
NOTHING: Constraints[UUID] = Constraints({}, frozenset())


def connected(start: Iterable[UUID], neighbours: Mapping[UUID, Iterable[UUID]]) -> set[UUID]:
    """All that can be reached from `start`."""
    reached, waiting = set[UUID](), list(start)
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(neighbours.get(node, ()))
    return reached


def groups(
    orders: Mapping[UUID, Order],
    chances: Mapping[Pair, float],
    constraints: Constraints[UUID] = NOTHING,
    same_from: float = SAME_FROM,
) -> list[list[UUID]]:
    """The groups of the tellings in `orders` (id -> time and key), each in that order, by their first.

    What a person joined stands together whatever its chances, what a person parted never does. The result depends on
    nothing but the arguments, and not on their order."""
    return _Linking(orders, chances, constraints, same_from).run()


class _Linking:
    """Groups under way: numbered by the place of their first telling, so that ties fall the same way every time."""

    def __init__(
        self,
        orders: Mapping[UUID, Order],
        chances: Mapping[Pair, float],
        constraints: Constraints[UUID],
        same_from: float,
    ) -> None:
        self.nodes = sorted(orders, key=lambda node: (orders[node], str(node)))
        self.same_from = same_from
        home: dict[UUID, int] = {}
        self.members: dict[int, list[int]] = {}
        owners: dict[UUID, int] = {}
        for place, node in enumerate(self.nodes):
            home[node] = owners.setdefault(constraints.lot(node), place)
            self.members.setdefault(home[node], []).append(place)
        self.apart: dict[int, set[int]] = defaultdict(set)
        for pair in constraints.apart:
            if pair <= owners.keys():
                one, other = (owners[lot] for lot in pair)
                self.apart[one].add(other)
                self.apart[other].add(one)
        self.links: dict[int, dict[int, float]] = defaultdict(dict)
        places = {node: place for place, node in enumerate(self.nodes)}
        known = [(sorted(map(places.__getitem__, pair)), chances[pair]) for pair in chances if pair <= places.keys()]
        for (first, second), chance in sorted(known):
            one, other = home[self.nodes[first]], home[self.nodes[second]]
            if one != other:
                self._add(one, other, chance)

    def _add(self, one: int, other: int, chance: float) -> None:
        self.links[one][other] = self.links[other][one] = self.links[one].get(other, 0.0) + chance

    def _mean(self, one: int, other: int) -> float:
        return self.links[one][other] / (len(self.members[one]) * len(self.members[other]))

    def run(self) -> list[list[UUID]]:
        waiting = [
            (-self._mean(one, other), one, other) for one in self.links for other in self.links[one] if one < other
        ]
        heapq.heapify(waiting)
        while waiting:
            mean, one, other = heapq.heappop(waiting)
            if -mean < self.same_from:
                break
            if not {one, other} <= self.members.keys() or self._mean(one, other) != -mean or other in self.apart[one]:
                continue
            self._join(one, other)
            for third in self.links[one]:
                heapq.heappush(waiting, (-self._mean(one, third), min(one, third), max(one, third)))
        return [[self.nodes[place] for place in sorted(self.members[group])] for group in sorted(self.members)]

    def _join(self, one: int, other: int) -> None:
        """Take `other` into `one`, whose first telling is the earlier."""
        self.members[one] += self.members.pop(other)
        for third, chances in sorted(self.links.pop(other).items()):
            del self.links[third][other]
            if third != one:
                self._add(one, third, chances)
        for third in self.apart.pop(other, set()):
            self.apart[third].discard(other)
            self.apart[third].add(one)
            self.apart[one].add(third)
