"""What is known of names before a text is read: who is named, the words that are no names, and one key a person."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from kzmonitor.classify.registry import seed_texts
from kzmonitor.language.concepts import Automaton, read_lexicon
from kzmonitor.language.names import forms, people, skeleton
from kzmonitor.language.tokens import stem, tokenize

# A word that stands in small letters in one text of so many of the corpus is a common word.
COMMON_IN = 2000
# A capitalised word of so many texts that no rule takes for a name is a body, a place or a product.
PROPER_FROM = 8
PATRONYMIC = re.compile("(?:vic|vna|uli|kizi)(?:a|u|em|e|i|oi)?$")


@dataclass(frozen=True)
class Known:
    """Persons by every form of their names: skeleton of the form -> key."""

    forms: Mapping[str, str]

    def key(self, *skeletons: str) -> str | None:
        """The key of the first of these skeletons that is a form of somebody's name."""
        return next((self.forms[one] for one in skeletons if one in self.forms), None)


@dataclass(frozen=True)
class Words:
    """Folded words of the shipped corpus. common: those that it has in small letters, and at least as often as with a
    capital inside a sentence; stems: theirs; proper: those that many of its texts have with a capital."""

    common: frozenset[str]
    stems: frozenset[str]
    proper: frozenset[str]


@cache
def words() -> Words:
    """The words of the corpus, read at first use, which takes some seconds."""
    small, capital = Counter[str](), Counter[str]()
    texts = seed_texts()
    for text in texts:
        tokens = tokenize(text.title, text.text)
        inside = range(tokens.title + 1, len(tokens))
        small.update({word for word, great in zip(tokens.fold, tokens.capital, strict=True) if not great})
        capital.update(
            {
                tokens.fold[place]
                for place in inside
                if tokens.capital[place] and tokens.sentence[place] == tokens.sentence[place - 1]
            }
        )
    common = frozenset(word for word, number in small.items() if number >= max(len(texts) / COMMON_IN, capital[word]))
    proper = frozenset(word for word, number in capital.items() if number >= PROPER_FROM)
    return Words(common, frozenset(map(stem, common)), proper)


@cache
def places() -> Automaton:
    """Countries, regions and towns: "Қазақстанның" has the ending of a surname."""
    return Automaton(pair for pair in read_lexicon() if pair[0].startswith("where."))


@cache
def listed_surnames() -> Mapping[str, str]:
    """Each form of the surname of a gazetteer person -> its id."""
    found: dict[str, str] = {}
    for name, person in people().items():
        for full in [*(person[one] for one in ("ru", "kk", "en") if one in person), *person.get("also", ())]:
            for form in forms(full.split(" ", 1)[1]):
                found.setdefault(form, name)
    return found


@cache
def _listed_people() -> Mapping[str, str]:
    """The key of each name of a gazetteer person -> its id."""
    return {
        _spelled(full): name
        for name, person in people().items()
        for full in [*(person[one] for one in ("ru", "kk", "en") if one in person), *person.get("also", ())]
    }


def key_of(name: str) -> str:
    """The key of a person by a name in the nominative: the gazetteer's id, or the name without patronymic in a spelling
    that is the same in both scripts and both orders."""
    key = _spelled(name)
    return _listed_people().get(key, key)


def _spelled(name: str) -> str:
    parts = [skeleton(word) for word in re.split(r"[\s.]+", name) if word]
    telling = [part for part in parts if part and not (len(parts) > 2 and PATRONYMIC.search(part))]
    return " ".join(sorted(telling))


def known_persons(persons: Iterable[Sequence[str]]) -> Known:
    """The forms of these persons' names, as parties are named: each by all its names, in the nominative."""
    return Known(forms_of((name, key_of(names[0])) for names in persons for name in names))


def forms_of(named: Iterable[tuple[str, str]], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every form of each word of these names -> the key beside the name; of two persons the first given has it."""
    found = dict(before or {})
    for name, key in named:
        for word in re.split(r"[\s.]+", name):
            if len(skeleton(word)) > 2:
                for form in forms(word):
                    found.setdefault(form, key)
    return found
