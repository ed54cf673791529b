"""One party for all names of it: gazetteer ids first, then spellings, scripts, languages and case forms.

A pure function of the names; their order does not matter."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from kzmonitor.incidents.stages import Named
from kzmonitor.language.entities import names_of
from kzmonitor.language.names import first_names, forms, skeleton

PERSON = "person"
NAME_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
SOFT = re.compile("[ei]+")
# Shorter words are not compared but for equality, and are no patronymics.
SHORT = 3
# Words beside the name itself; the rest of an organisation's name must agree.
GENERIC = frozenset(map(skeleton, ("фонд", "қоры", "қор", "ОО", "ОФ", "НПО", "ngo", "the", "foundation", "fund", "kz")))
PATRONYMIC = ("vic", "vna", "uli", "kizi")


@dataclass(frozen=True)
class Group:
    """A party with every name that the tellings give it. key: the gazetteer's id, or the kind and the fullest name;
    keys: those of all its names, by which it was known before a fuller one was told."""

    key: str
    kind: str
    names: tuple[str, ...]
    gazetteer: str | None
    keys: frozenset[str]


def key_of(named: Named) -> str:
    """By what a name is known: equal for all spellings, scripts and orders of the words."""
    return named.id or f"{named.kind}:{' '.join(sorted(map(skeleton, _words(named))))}"


def unified(named: Iterable[Named]) -> dict[Named, Group]:
    """Each name -> its party. Of two fuller names that a bare surname or an initial may mean, neither is chosen."""
    counts = Counter(named)
    order = sorted(counts, key=lambda one: (one.id is None, -len(_words(one)), -_letters(one), key_of(one), one.name))
    groups: list[list[Named]] = []
    for one in order:
        fit = [group for group in groups if _same(one, group[0])]
        if len(fit) == 1 or (fit and one.id):
            fit[0].append(one)
        else:
            groups.append([one])
    made = [_group(group, counts) for group in groups]
    return {one: party for group, party in zip(groups, made, strict=True) for one in group}


def _group(members: Sequence[Named], counts: Counter[Named]) -> Group:
    first = members[0]
    given = names_of(first.id) if first.id else {}
    spelled = sorted(members, key=lambda one: (-len(_words(one)), -_letters(one), -counts[one], one.name))
    names = dict.fromkeys([*given.values(), *(one.name for one in spelled)])
    return Group(key_of(first), first.kind, tuple(names), first.id, frozenset(map(key_of, members)))


def _letters(named: Named) -> int:
    return sum(map(len, _words(named)))


def _words(named: Named) -> frozenset[str]:
    """The words of a name, without patronymics and words such as "fund"."""
    words = [word for word in NAME_WORD.findall(named.name) if skeleton(word)]
    if named.kind == PERSON:
        return frozenset(word for word in words if len(word) < SHORT or not skeleton(word).endswith(PATRONYMIC))
    return frozenset(word for word in words if skeleton(word) not in GENERIC) or frozenset(words)


def _same(one: Named, other: Named) -> bool:
    if one.id and other.id:
        return one.id == other.id
    if (one.kind == PERSON) != (other.kind == PERSON):
        return False
    if other.id:
        listed = [Named(other.kind, name) for name in (*names_of(other.id).values(), other.name)]
        return any(_alike(one, name) for name in listed)
    return _alike(one, other)


def _alike(one: Named, other: Named) -> bool:
    """Whether every word of the shorter name is one of the longer; of a person the surname and what initials show."""
    short, long = sorted((_words(one), _words(other)), key=len)
    if one.kind != PERSON:
        return len(short) == len(long) > 0 and not _unmet(short, long)
    initials = {word for word in short if len(skeleton(word)) == 1}
    whole = short - initials
    if not whole or _unmet(whole, long) or _is_first_name_only(whole, long):
        return False
    rest = _unmet(long, whole)
    return all(any(skeleton(word)[0] == skeleton(letter) for word in rest) for letter in initials)


def _is_first_name_only(whole: Set[str], long: Set[str]) -> bool:
    """Whether no more than a first name is shared: two people are called Serik."""
    return len(whole) == 1 < len(long) and {skeleton(word) for word in whole} <= first_names().keys()


def _unmet(some: Set[str], others: Set[str]) -> set[str]:
    """The words of `some` that are none of the others."""
    return {word for word in some if not any(_is_one_name(word, other) for other in others)}


@lru_cache(100_000)
def _is_one_name(one: str, other: str) -> bool:
    """Whether one is the other in some case, or a spelling of it that differs in unstressed vowels."""
    mine, theirs = skeleton(one), skeleton(other)
    if mine == theirs:
        return True
    if min(len(mine), len(theirs)) < SHORT:
        return False
    return mine in forms(other) or theirs in forms(one) or _plain(mine) == _plain(theirs)


def _plain(word: str) -> str:
    """With one letter for the vowels that transliterations disagree on (Yensebek, Енсебек; Еңсебек, Ensibek)."""
    return SOFT.sub("i", word)
