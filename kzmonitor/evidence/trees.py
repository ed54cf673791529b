"""Hash trees as in RFC 6962: one root for any number of leaves, and a short path from each leaf to it."""

import hashlib
from collections.abc import Sequence


def node(left: bytes, right: bytes) -> bytes:
    """The hash that stands for two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A root that grows leaf by leaf and keeps no more than one hash for each level."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Append a leaf (32 bytes, its own hash)."""
        self.size += 1
        weight, value = 1, leaf
        while self._peaks and self._peaks[-1][0] == weight:
            value = node(self._peaks.pop()[1], value)
            weight *= 2
        self._peaks.append((weight, value))

    def root(self) -> bytes:
        """The root over what was added so far; over nothing it is SHA-256 of nothing."""
        if not self._peaks:
            return hashlib.sha256().digest()
        value = self._peaks[-1][1]
        for _weight, left in reversed(self._peaks[:-1]):
            value = node(left, value)
        return value


def levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """All nodes from the leaves (first) up to the root (last); a node without a neighbour moves up as it is."""
    found = [list(leaves)]
    while len(found[-1]) > 1:
        below = found[-1]
        pairs = [node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        found.append(pairs + below[len(pairs) * 2 :])
    return found


def path(found: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """The neighbours on the way from leaf number `index` to the root, lowest first (RFC 6962: audit path)."""
    neighbours = []
    for level in found[:-1]:
        if index ^ 1 < len(level):
            neighbours.append(level[index ^ 1])
        index //= 2
    return neighbours


def root_of(leaf: bytes, index: int, size: int, neighbours: Sequence[bytes]) -> bytes:
    """The root that a path leads to, for leaf number `index` of `size`. Raises ValueError when it does not fit."""
    value, left = leaf, list(neighbours)
    while size > 1:
        if index ^ 1 < size:
            if not left:
                raise ValueError("the path is too short")
            other = left.pop(0)
            value = node(other, value) if index % 2 else node(value, other)
        index, size = index // 2, (size + 1) // 2
    if left:
        raise ValueError("the path is too long")
    return value
