"""Trees are those of RFC 6962, and a path proves that a leaf is in one."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.evidence import trees

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


def by_the_book(leaves: list[bytes]) -> bytes:
    """The definition of the RFC: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + by_the_book(leaves[:split]) + by_the_book(leaves[split:])).digest()


def grown(leaves: list[bytes]) -> bytes:
    tree = trees.Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def test_the_root_over_nothing_is_the_hash_of_nothing() -> None:
    assert trees.Tree().root() == hashlib.sha256(b"").digest()


def test_the_root_over_known_leaves_is_the_published_one() -> None:
    """The eight inputs and the root that implementations of the RFC are tested with."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [hashlib.sha256(b"\0" + bytes.fromhex(one)).digest() for one in inputs]
    assert grown(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(LEAVES)
def test_growing_leaf_by_leaf_gives_the_root_of_the_definition(leaves: list[bytes]) -> None:
    assert grown(leaves) == by_the_book(leaves) == trees.levels(leaves)[-1][0]


@given(LEAVES, st.data())
def test_a_path_leads_from_its_leaf_to_the_root_and_from_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = trees.path(trees.levels(leaves), index)
    assert trees.root_of(leaves[index], index, len(leaves), path) == grown(leaves)
    assert trees.root_of(bytes(31) + b"\7", index, len(leaves), path) != grown(leaves)


@pytest.mark.parametrize("change", [lambda path: path[:-1], lambda path: [*path, bytes(32)]])
def test_a_path_of_another_length_is_refused(change: object) -> None:
    leaves = [bytes([n]) * 32 for n in range(5)]
    path = trees.path(trees.levels(leaves), 1)
    with pytest.raises(ValueError, match="path is too"):
        trees.root_of(leaves[1], 1, 5, change(path))  # type: ignore[operator]
