"""Days of news to measure with: mostly ordinary, a few reports of pressure, some of them told again by another outlet.

Ordinary texts are put together from the sentences of models/background with most words exchanged, so that no two are
alike; reports are the texts of models/seed, each once, then with half of their words exchanged. Reports are one in
twenty-five here, some four times as many as in a real day's news, so that grouping has something to do."""

from collections.abc import Iterator
from random import Random

from bench.planted_copies import CHANGES, LANGUAGES, Change, Planted, Writer
from kzmonitor.classify import registry
from kzmonitor.newsroom import Record

REPORTED, RETOLD = 0.04, 0.25
FEWEST_WORDS, MOST_WORDS = 120, 420
PARAGRAPH_WORDS = 45
ANOTHER = Change("another case", 0.5, halved=False)


def news(number: int, seed: int = 1) -> Iterator[Record]:
    """`number` records, the same for the same seed; of reports `labels` are those of the seed."""
    random = Random(seed)
    ordinary = {language: Writer(language, parts=("background",)) for language in LANGUAGES}
    reports = [text for text in registry.seed_texts() if text.labels]
    random.shuffle(reports)
    told: list[Planted] = []
    for place in range(number):
        chance = random.random()
        if chance < REPORTED * RETOLD and told:
            copied = random.choice(told[-50:])
            copy = ordinary[copied.language].copy(place, copied, random.choice(CHANGES), random)
            yield Record(f"copy-{place}", copy.language, copy.title, _parted(copy.text))
        elif chance < REPORTED:
            text = reports[len(told) % len(reports)]
            report = Planted(place, text.lang, "report", text.title, text.text)
            if len(told) >= len(reports):
                report = ordinary[text.lang].copy(place, report, ANOTHER, random)
            told.append(report)
            yield Record(f"report-{place}", text.lang, text.title, _parted(told[-1].text), tuple(text.labels))
        else:
            language = random.choice(LANGUAGES)
            yield Record(f"news-{place}", language, *_ordinary(ordinary[language], random))


def _ordinary(writer: Writer, random: Random) -> tuple[str, str]:
    length = random.randint(FEWEST_WORDS, MOST_WORDS)
    cast = [random.choice(writer.names[0]) for _ in range(4)]
    words: list[str] = []
    while len(words) < length:
        words += writer.varied(random.choice(writer.sentences), cast, random)
    return writer.headline(random), _parted(" ".join(words))


def _parted(text: str) -> str:
    """The text in paragraphs of some sentences."""
    paragraphs, words = [], []
    for word in text.split():
        words.append(word)
        if len(words) >= PARAGRAPH_WORDS and word.endswith((".", "!", "?")):
            paragraphs.append(" ".join(words))
            words = []
    return "\n".join([*paragraphs, " ".join(words)] if words else paragraphs)
