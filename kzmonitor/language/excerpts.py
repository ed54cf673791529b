"""The passage of a text that a search found, with the words that it found.

PostgreSQL's `ts_headline` reads words by its own dictionaries, which know nothing of our stems."""

from collections.abc import Sequence
from dataclasses import dataclass

from kzmonitor.language.queries import Query
from kzmonitor.language.searching import Place, places, storable
from kzmonitor.language.tokens import tokenize

# How many words of a text are looked through, and how many an excerpt has.
READ_WORDS = 3000
AROUND = 34
BEFORE = 8


@dataclass(frozen=True)
class Piece:
    """A run of text; found: it is a word that was asked for."""

    text: str
    found: bool = False


def marked(title: str, language: str, query: Query) -> list[Piece]:
    """A whole title, its found words apart."""
    tokens = tokenize(storable(title), "")
    read = list(places(tokens, language, READ_WORDS))
    return _pieces(storable(title), 0, len(title), [one for one in read if query.fits(one.stems) is not None])


def excerpt(text: str, language: str, query: Query) -> list[Piece]:
    """The passage with the most of what was asked for, its beginning where nothing is in it; [] for an empty text."""
    tokens = tokenize("", storable(text))
    read = list(places(tokens, language, READ_WORDS))
    if not read:
        return []
    hits = [(number, term) for number, one in enumerate(read) if (term := query.fits(one.stems)) is not None]
    first = max(_best(hits) - BEFORE, 0)
    last = min(first + AROUND, len(read)) - 1
    first = max(min(first, last - AROUND + 1), 0)
    found = [read[number] for number, _term in hits if first <= number <= last]
    start, end = read[first].start, read[last].end
    pieces = _pieces(tokens.text, start, end, found)
    return [
        *([Piece("… ")] if first else []),
        *pieces,
        *([Piece(" …")] if last < len(read) - 1 else []),
    ]


def _best(hits: Sequence[tuple[int, int]]) -> int:
    """The number of the word at which the richest passage begins: most different terms, then most words, then first."""
    best, most = 0, (0, 0)
    last = 0
    for place, (number, _term) in enumerate(hits):
        last = max(last, place)
        while last + 1 < len(hits) and hits[last + 1][0] < number + AROUND - BEFORE:
            last += 1
        inside = hits[place : last + 1]
        rich = len({term for _number, term in inside}), len(inside)
        if rich > most:
            best, most = number, rich
    return best


def _pieces(text: str, start: int, end: int, found: Sequence[Place]) -> list[Piece]:
    pieces, at = [], start
    for one in found:
        if one.start > at:
            pieces.append(Piece(text[at : one.start]))
        pieces.append(Piece(text[one.start : one.end], found=True))
        at = one.end
    return [*pieces, *([Piece(text[at:end])] if at < end else [])]
