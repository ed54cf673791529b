"""What somebody asks a search for, as a PostgreSQL query over stems: words, "phrases", -exclusions, beginnings*.

Nothing that is typed is an error: quotation marks may be missing, signs that mean nothing are passed over."""

import re
from dataclasses import dataclass

from kzmonitor.language.names import skeleton
from kzmonitor.language.romanized import to_cyrillic
from kzmonitor.language.searching import PART, VOWELS, quoted, readings, storable, typed
from kzmonitor.language.tokens import CYRILLIC, fold

LONGEST = 300
MOST_TERMS = 12
LEAST_BEGINNING = 3
ASKED = re.compile(
    r"(?:(?<=\s)|^)(?P<minus>-\s*)?"
    r"(?:[\"“”„«](?P<phrase>[^\"“”„»]*)[\"“”»]|(?P<word>[^\s\"“”„«»]+))"
)
# Words that stand in nearly every text: by themselves they tell nothing, in a phrase they do.
_COMMON = (
    "и в во не на я что с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня о из "
    "ему для мы при это этот был быть или об до также который после чтобы их ли если уже "
    "және мен бен пен бұл ол да де үшін бір деп туралы бойынша осы сол болып болған еді екен жоқ бар "
    "the of and to in a an for that on with was is by at as it from be are were has have had this which or but not"
)
COMMON = frozenset(_COMMON.split())


@dataclass(frozen=True)
class Word:
    """A word that is asked for: a stem that it may have, or a beginning of one."""

    stems: frozenset[str]
    beginnings: frozenset[str] = frozenset()

    def fits(self, stem: str) -> bool:
        """Whether a word of a text with this stem is meant."""
        return stem in self.stems or any(stem.startswith(beginning) for beginning in self.beginnings)

    def tsquery(self) -> str:
        """As PostgreSQL reads it."""
        choices = [*map(quoted, sorted(self.stems)), *(f"{quoted(one)}:*" for one in sorted(self.beginnings))]
        return f"({' | '.join(choices)})"


@dataclass(frozen=True)
class Query:
    """What is wanted and what is not: each term is a word, or several in a row. left_out: common words that were not
    looked for, as they were typed."""

    wanted: tuple[tuple[Word, ...], ...]
    unwanted: tuple[tuple[Word, ...], ...]
    left_out: tuple[str, ...]

    def tsquery(self) -> str:
        """As PostgreSQL reads it; empty when nothing is wanted: what is unwanted finds nothing by itself."""
        if not self.wanted:
            return ""
        return " & ".join([*map(_in_a_row, self.wanted), *(f"!({_in_a_row(term)})" for term in self.unwanted)])

    def fits(self, stems: tuple[str, ...]) -> int | None:
        """Which of the wanted terms a word of a text belongs to; None for none of them."""
        for number, term in enumerate(self.wanted):
            if any(word.fits(stem) for word in term for stem in stems):
                return number
        return None


def _in_a_row(term: tuple[Word, ...]) -> str:
    return " <-> ".join(word.tsquery() for word in term)


def parse(typed_text: str) -> Query:
    """The query that somebody typed."""
    wanted: list[tuple[Word, ...]] = []
    unwanted: list[tuple[Word, ...]] = []
    left_out: list[str] = []
    for found in ASKED.finditer(storable(typed_text)[:LONGEST]):
        whole = found["word"] or ""
        if whole.casefold() in COMMON:
            left_out.append(whole)
            continue
        term = tuple(
            word
            for part in PART.finditer(found["phrase"] or whole)
            if (word := _word(part[0], begins=whole.endswith("*") and part.end() >= len(whole.rstrip("*")))) is not None
        )
        if term:
            (unwanted if found["minus"] else wanted).append(term[:MOST_TERMS])
    return Query(tuple(wanted[:MOST_TERMS]), tuple(unwanted[:MOST_TERMS]), tuple(left_out))


def _word(part: str, *, begins: bool) -> Word | None:
    stems = frozenset(readings(part))
    if not stems:
        return None
    return Word(stems, _beginnings(part.lower()) if begins else frozenset())


def _beginnings(part: str) -> frozenset[str]:
    """How stems begin that this is the beginning of; none where it is too short to tell."""
    spelled = [skeleton(part)] if CYRILLIC.search(part) else [skeleton(part), skeleton(typed(part))]
    spelled += [skeleton(fold(to_cyrillic(part)))]
    bare = {bones[:LEAST_BEGINNING] + bones[LEAST_BEGINNING:].rstrip(VOWELS) for bones in spelled}
    return frozenset(bones for bones in bare if len(bones) >= LEAST_BEGINNING)
