"""What a text is looked up by: pairs of neighbouring words, of which the lowest hashes stand for all.

The lowest values of one hash function are the same in a text and its copy wherever both hold the pair (bottom-k
sketch: A. Broder, "On the resemblance and containment of documents", SEQUENCES 1997). Unlike bands of MinHash values,
which must agree in several places at once, one shared pair is enough to meet: a copy that was cut to half and has
three words in ten changed still shares about eight of 64."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

KEYS = 64
SHORTEST_WORD = 4  # shorter ones are mostly function words in all three languages
FEWEST_WORDS = 8
NAME_LETTERS = 6
_MASK = 2**64 - 1
# A word after a space, and before that something that ends no sentence.
_INSIDE = re.compile(r"(?<=[^.!?…\s])\s[«“„\"(]?([^\W\d_]\w+)")
_FIGURE = re.compile(r"\d+")


@dataclass(frozen=True)
class Signature:
    """A text as it is compared. words: its longer words in order; pairs: a signed 32-bit key for each two neighbours
    among them, one fewer than words; keys: the lowest `KEYS` of the pairs, ascending; what is stored."""

    words: tuple[str, ...]
    pairs: tuple[int, ...]
    keys: tuple[int, ...]

    def own_words(self, formulas: frozenset[int]) -> frozenset[str]:
        """Its words but for those that stand in a set phrase, that is in a pair which is one of `formulas`."""
        said = [pair in formulas for pair in self.pairs]
        beside = zip(self.words, [False, *said], [*said, False], strict=True)
        return frozenset(word for word, before, after in beside if not before and not after)


def signature(text: str) -> Signature:
    """The signature of a text; without keys when it has not two words. Letter case, punctuation and figures are
    left aside."""
    everything = all_words(text)
    longer = [word for word in everything if len(word) >= SHORTEST_WORD and not word.isdigit()]
    words = longer if len(longer) >= FEWEST_WORDS else everything
    pairs = tuple(_pair(one, other) for one, other in pairwise(words))
    return Signature(tuple(words), pairs, tuple(sorted(set(pairs))[:KEYS]))


def all_words(text: str) -> list[str]:
    """The words of a text in order, letter case and punctuation aside."""
    return "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()


def marks(text: str) -> frozenset[str]:
    """What tells one case from another in set phrases: figures, and words with a capital letter that no sentence begins
    with, each by its first letters, since names are inflected."""
    named = (match[1] for match in _INSIDE.finditer(text))
    return frozenset(
        {word.casefold()[:NAME_LETTERS] for word in named if word[0].isupper()} | set(_FIGURE.findall(text))
    )


@lru_cache(maxsize=200_000)
def _word(word: str) -> int:
    # A word may hold half a surrogate pair, which UTF-8 alone refuses.
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _pair(one: str, other: str) -> int:
    """Signed 32 bits of a pair, by the mixing steps of splitmix64; a constant of the stored keys."""
    mixed = (_word(one) * 3 + _word(other)) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed >> 32) - 2**31
