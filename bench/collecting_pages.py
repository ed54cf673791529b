"""A thousand pages of 31 to 79 KB for `bench/collecting.py`: `python -m bench.collecting_pages FOLDER [--count N]`.

Serves an outlet of each family of the newsroom on loopback, in Russian, Kazakh and English, until it is told to stop.
FOLDER gets `declared/` and `general/` (declarations with and without layouts) and, when all is ready, `pages.jsonl`:
for each page its address, language, family, selectors, title, and the text that was put in. Texts are of sentences of
the seed corpus, in an order that nobody wrote."""

import argparse
import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import yaml

from bench.mixed_texts import LANGUAGES, seed, sentences
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.newsroom.layouts import LAYOUTS

COUNT = 1000
TEXT_CHARACTERS = (1_500, 6_000)
PARAGRAPH_SENTENCES = (1, 4)


def records(count: int) -> list[Record]:
    """So many articles, the languages in turn; the same ones each time."""
    chance, known = Random(6), sentences(seed())
    titles = {
        language: [text.title for text in seed() if text.lang == language and text.title] for language in LANGUAGES
    }
    found = []
    for number in range(count):
        language = LANGUAGES[number // len(LAYOUTS) % len(LANGUAGES)]
        wanted, lines = chance.randint(*TEXT_CHARACTERS), []
        while sum(map(len, lines)) < wanted:
            lines.append(" ".join(chance.sample(known[language], chance.randint(*PARAGRAPH_SENTENCES))))
        title = f"{chance.choice(titles[language])} ({number})"
        found.append(Record(f"{language}-{number}", language, title, "\n".join(lines)))
    return found


def outlets(count: int) -> list[Outlet]:
    """An outlet of each family, with its share of the articles."""
    now, articles = datetime.now(UTC), records(count)
    families = list(LAYOUTS)
    return [
        Outlet(name, name, articles[place :: len(families)], now=now, heavy=True)
        for place, name in enumerate(families)
        if place < count
    ]


def write(newsroom: Newsroom, folder: Path) -> None:
    """The declarations, and then the truth."""
    (folder / "general").mkdir(parents=True)
    for path in declare(newsroom, folder / "declared"):
        facts = yaml.safe_load(path.read_text("utf-8"))
        del facts["layouts"]
        (folder / "general" / path.name).write_text(yaml.safe_dump(facts, allow_unicode=True), "utf-8")
    unfinished = folder / "pages.part"
    with unfinished.open("w", encoding="utf-8") as file:
        for outlet in newsroom.outlets.values():
            for article in outlet.articles():
                facts = {
                    "url": outlet.base_url + article.address,
                    "language": article.lang,
                    "family": outlet.layout.name,
                    "css": outlet.layout.css,
                    "title": article.title,
                    "text": "\n".join(article.lines),
                }
                file.write(json.dumps(facts, ensure_ascii=False) + "\n")
    unfinished.rename(folder / "pages.jsonl")


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--count", type=int, default=COUNT)
    given = arguments.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with Newsroom(outlets(given.count)) as newsroom:
        write(newsroom, given.folder)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
