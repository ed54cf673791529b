"""Articles of any length out of the shipped texts: their sentences, shuffled, in one language each.

Each sentence is one that a person wrote, and no two articles are alike. Most are strung from texts that nothing has to
be found in."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import Text

LANGUAGES = ("ru", "kk", "en")
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[\w«„\"—–-])")
SHORTEST_SENTENCE = 20
PARAGRAPH = 4


@cache
def seed() -> tuple[Text, ...]:
    """The shipped texts in all languages."""
    return tuple(registry.seed_texts())


def sentences(texts: Sequence[Text]) -> dict[str, list[str]]:
    """The sentences of some texts by language, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        parts = SENTENCE_END.split(" ".join(text.text.split()))
        found[text.lang] += [part for part in parts if len(part) >= SHORTEST_SENTENCE]
    return dict(found)


def ordinary() -> list[Text]:
    """Those that nothing has to be found in, and that do not look as if it had."""
    return [text for text in seed() if not text.labels and not text.hard]


def articles(
    number: int, characters: int, chance: random.Random, languages: Sequence[str] = LANGUAGES
) -> Iterator[tuple[str, str, str]]:
    """So many (language, title, text), the languages in turn, each text about so many characters long."""
    plain = ordinary()
    pool = sentences(plain)
    titles = {language: [text.title for text in plain if text.lang == language and text.title] for language in pool}
    for place in range(number):
        language = languages[place % len(languages)]
        yield language, chance.choice(titles[language]), strung(pool[language], characters, chance)


def strung(pool: Sequence[str], characters: int, chance: random.Random) -> str:
    """Sentences in paragraphs until the length is reached, none of them twice."""
    length = 0
    taken: list[str] = []
    for sentence in chance.sample(pool, min(len(pool), characters // SHORTEST_SENTENCE)):
        if length >= characters:
            break
        taken.append(sentence)
        length += len(sentence) + 1
    return "\n".join(" ".join(taken[at : at + PARAGRAPH]) for at in range(0, len(taken), PARAGRAPH))
