"""A stream of news texts in three languages with copies planted in it, to measure near-duplicates with.

Texts are put together from the sentences of models/seed and models/background, with most names, all numbers and two
content words in three exchanged, so that no two are alike by accident alone. On purpose it is harder than a day's news:
every second text bears an agency's formulas word for word, and one in twenty is a court report made of set phrases,
where only names, dates, terms and places tell one case from another.

A copy of a text has some share of its words changed (three in five replaced by words of the language, one in five left
out, one in five put in), may be cut to about half, and bears another headline or the same one."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kzmonitor.config import models_folder

LANGUAGES = ("ru", "kk", "en")
PHRASES = Path(__file__).parent / "data" / "phrases.json"
COMMON = 150  # so many of the commonest words of a language are never exchanged
EXCHANGED, RENAMED = 0.65, 0.9
# shape: (share of texts, fewest words, most words)
SHAPES = {"flash": (0.25, 30, 45), "report": (0.6, 60, 150), "long": (0.1, 250, 420), "court": (0.05, 60, 120)}


@dataclass(frozen=True)
class Planted:
    """A text of the stream. original: the number of the text that it copies; change: how, empty for an original."""

    number: int
    language: str
    shape: str
    title: str
    text: str
    original: int | None = None
    change: str = ""


@dataclass(frozen=True)
class Change:
    """What happened to a copy: share of words changed, cut to half or not. A new headline comes with all of them."""

    name: str
    share: float
    halved: bool


CHANGES = (
    Change("headline only", 0.0, False),
    Change("10 %", 0.1, False),
    Change("20 %", 0.2, False),
    Change("30 %", 0.3, False),
    Change("half", 0.0, True),
    Change("10 % + half", 0.1, True),
    Change("20 % + half", 0.2, True),
    Change("30 % + half", 0.3, True),
)


class Writer:
    """Writes texts of one language, from its sentences, words, names and set phrases."""

    def __init__(self, language: str, folder: Path | None = None, parts: Sequence[str] = ("seed", "background")):
        folder = folder or models_folder()
        sentences, counts = [], Counter[str]()
        for part in parts:
            for line in (folder / part / f"{language}.jsonl").read_text("utf-8").splitlines():
                for sentence in re.split(r"(?<=[.!?])\s+", json.loads(line)["text"]):
                    words = sentence.split()
                    if len(words) > 3:
                        sentences.append(words)
                        counts.update(words)
        common = {word for word, _ in counts.most_common(COMMON)}
        self.language = language
        self.sentences = sentences
        self.common = common
        plain = [word for word in counts if word not in common and word.isalpha() and word.islower()]
        self.words = plain, _running([counts[word] for word in plain])
        names = sorted({word for one in sentences for word in one[1:] if word.isalpha() and word[0].isupper()})
        self.names = names, _running([counts[word] for word in names])
        self.phrases: dict[str, list[str]] = json.loads(PHRASES.read_text("utf-8"))[language]

    def write(self, number: int, random: Random) -> Planted:
        """The text of this number."""
        shape = random.choices(list(SHAPES), [share for share, _, _ in SHAPES.values()])[0]
        _, fewest, most = SHAPES[shape]
        length = random.randint(fewest, most)
        # First name, family name, place, another person: family names are as many as there are people.
        cast = [self._draw(self.names, random), *random.choices(self.names[0], k=3)]
        cast[2] = self._draw(self.names, random)
        words = self._court(cast, length, random) if shape == "court" else self._report(cast, length, random)
        return Planted(number, self.language, shape, self.headline(random), " ".join(words))

    def copy(self, number: int, text: Planted, change: Change, random: Random) -> Planted:
        """A copy of `text`, changed so."""
        words = text.text.split()
        if change.halved:
            kept = max(10, round(len(words) * random.uniform(0.45, 0.6)))
            start = 0 if random.random() < 0.7 else random.randint(0, len(words) - kept)
            words = words[start : start + kept]
        for place in sorted(random.sample(range(len(words)), round(len(words) * change.share)), reverse=True):
            kind = random.random()
            if kind < 0.6:
                words[place] = self._draw(self.words, random)
            elif kind < 0.8:
                del words[place]
            else:
                words.insert(place, self._draw(self.words, random))
        same = self.headline(random)
        return Planted(number, self.language, text.shape, same, " ".join(words), text.number, change.name)

    def headline(self, random: Random) -> str:
        return " ".join(self.varied(random.choice(self.sentences)[:8], ["", ""], random))

    def _report(self, cast: Sequence[str], length: int, random: Random) -> list[str]:
        most = 1 if length < 60 else 2
        formulas = random.sample(self.phrases["agency"], random.choice((0, 0, 1, most)))
        words: list[str] = []
        while len(words) < length:
            words += self.varied(random.choice(self.sentences), cast, random)
        words = words[:length]
        for formula in formulas:
            words += self._filled(formula, cast, random)
        return words

    def _court(self, cast: Sequence[str], length: int, random: Random) -> list[str]:
        phrases = self.phrases["court"]
        # Who was tried, by whom and where stands in each; then come set phrases and one sentence of the case's own.
        chosen = [0, 1, *sorted(random.sample(range(2, len(phrases)), random.randint(2, 5)))]
        sentences = [self._filled(phrases[place], cast, random) for place in chosen]
        sentences.insert(random.randint(2, len(sentences)), self.varied(random.choice(self.sentences), cast, random))
        return [word for sentence in sentences for word in sentence][:length]

    def _filled(self, phrase: str, cast: Sequence[str], random: Random) -> list[str]:
        """A set phrase with {name}, {place}, {number}, {word} filled in."""
        slots = {"name": f"{cast[0]} {cast[1]}", "place": cast[2], "other": cast[3]}
        numbered = re.sub(r"\{number\}", lambda _: str(random.randint(1, 31)), phrase)
        worded = re.sub(r"\{word\}", lambda _: self._draw(self.words, random), numbered)
        return worded.format(**slots).split()

    def varied(self, sentence: Sequence[str], cast: Sequence[str], random: Random) -> list[str]:
        words = []
        for place, word in enumerate(sentence):
            chance = random.random()
            if any(letter.isdigit() for letter in word):
                word = re.sub(r"\d", lambda _: str(random.randint(0, 9)), word)
            elif place and word[0].isupper() and chance < RENAMED:
                word = random.choice(cast)
            elif word not in self.common and chance < EXCHANGED:
                word = self._draw(self.words, random)
            words.append(word)
        return words

    @staticmethod
    def _draw(weighted: tuple[list[str], list[int]], random: Random) -> str:
        return random.choices(weighted[0], cum_weights=weighted[1])[0]


def _running(counts: Sequence[int]) -> list[int]:
    total, sums = 0, []
    for count in counts:
        total += count
        sums.append(total)
    return sums


def stream(number: int, copied: float, seed: int) -> Iterator[Planted]:
    """`number` texts of which a share `copied` are copies of earlier ones, each of its own original."""
    random = Random(seed)
    writers = {language: Writer(language) for language in LANGUAGES}
    free: list[Planted] = []
    for place in range(number):
        if free and random.random() < copied:
            last = len(free) - 1
            chosen = random.randint(0, last)
            free[chosen], free[last] = free[last], free[chosen]
            text = free.pop()
            yield writers[text.language].copy(place, text, random.choice(CHANGES), random)
        else:
            text = writers[random.choice(LANGUAGES)].write(place, random)
            # Copies come soon: only the last few thousand texts are copied.
            if len(free) < 3000:
                free.append(text)
            else:
                free[random.randrange(3000)] = text
            yield text
