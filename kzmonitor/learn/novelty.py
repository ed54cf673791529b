"""How unlike everything seen a text is: the share of its words that no known text has.

Words are compared as stems of their folded form, numbers and names of one or two letters not at all."""

from collections.abc import Iterable

from kzmonitor.classify.labelled import Text
from kzmonitor.language.tokens import stem, tokenize

LEAST_LETTERS = 3
# Of a long text the beginning is read.
READ_CHARACTERS = 4000


def words(title: str, text: str) -> frozenset[str]:
    """The stems of a text."""
    folded = tokenize(title[:READ_CHARACTERS], text[:READ_CHARACTERS]).fold
    return frozenset(stem(word) for word in folded if len(word) >= LEAST_LETTERS and word[0].isalpha())


def known_words(texts: Iterable[Text]) -> frozenset[str]:
    """All stems of some texts (a thousand of them a second)."""
    return frozenset().union(*(words(text.title, text.text) for text in texts))


def unknown_share(title: str, text: str, known: frozenset[str]) -> float:
    """Share of a text's stems that are not `known`; 0 for a text without words."""
    found = words(title, text)
    return len(found - known) / len(found) if found else 0.0
