"""Whether a name survives in a text, told by other means than those of the redaction: beginnings of words.

persons.txt holds the persons among the targets of the seed corpus, told from organisations by hand."""

import re
from pathlib import Path

from kzmonitor.language.names import skeleton
from kzmonitor.language.tokens import tokenize

PERSONS = frozenset((Path(__file__).parent / "persons.txt").read_text("utf-8").splitlines())
LONGEST_ENDING = 5


def survivors(name: str, text: str) -> set[str]:
    """The words of a name (as skeletons) of which some form stands in the text."""
    tokens = tokenize("", text)
    written = [text[start - 1 : end - 1] for start, end in zip(tokens.start, tokens.end, strict=True)]
    words = {skeleton(word) for word in (*tokens.fold, *written)}
    return {word for word in map(skeleton, re.split(r"[\s.]+", name)) if word and _stands(word, words)}


def _stands(word: str, words: set[str]) -> bool:
    if len(word) < 4:
        return len(word) > 1 and word in words
    stem = re.sub("[aeiou]$", "", word)
    return any(one.startswith(stem) and len(one) <= len(word) + LONGEST_ENDING for one in words)
