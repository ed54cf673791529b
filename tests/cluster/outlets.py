"""`python -m tests.cluster.outlets COUNT OUTLETS FOLDER`: the newsroom on a host of its own, with cheap articles.

COUNT articles are shared out between OUTLETS outlets, whose declarations go to FOLDER. The planted reports stand in two
outlets each."""

import random
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from kzmonitor import newsroom
from kzmonitor.newsroom import Outlet, Record
from kzmonitor.newsroom.records import read_records

FIRST_PORT = 8000
CITIES = ["Алматы", "Астана", "Шымкент", "Караганда", "Актобе", "Тараз", "Павлодар", "Семей", "Атырау", "Костанай"]
THINGS = ["школа", "больница", "мост", "дорога", "парк", "рынок", "библиотека", "стадион", "завод", "теплица"]
WORDS = """строители работы район жители ремонт планируют новый большой проект бюджет тенге этажи площадь очередь весна
    осень подрядчик срок ввод участок вода тепло свет дети учебный год сезон погода урожай поезд расписание билеты"""


def ordinary(number: int) -> Record:
    """A short piece of news that nobody is to be told of, unlike any other."""
    chosen, words = random.Random(number), WORDS.split()
    city, thing = chosen.choice(CITIES), chosen.choice(THINGS)
    sentences = [" ".join(chosen.choices(words, k=9)).capitalize() + "." for _line in range(6)]
    title = f"{city}: {thing} номер {number}, {' '.join(chosen.choices(words, k=3))}"
    return Record(f"plain-{number}", "ru", title, "\n".join(sentences))


def planted() -> list[Record]:
    """Reports of different events that have to become an incident each: those of one outlet of the demo."""
    return [record for record in read_records(newsroom.demo_files()[0]) if record.labels]


def outlets_of(count: int, outlets: int, now: datetime) -> list[Outlet]:
    """`count` articles in all: the planted reports in the first two outlets each, ordinary ones to fill."""
    events = planted()
    records: list[list[Record]] = [list(events) if place < 2 else [] for place in range(outlets)]
    for number in range(count - 2 * len(events)):
        min(records, key=len).append(ordinary(number))
    return [Outlet(f"dala-{place}", "plain", found, now=now) for place, found in enumerate(records)]


def main() -> None:
    """Serve until SIGTERM."""
    count, outlets, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    with newsroom.Newsroom(outlets_of(count, outlets, datetime.now(UTC)), FIRST_PORT) as running:
        # No source is due twice within the test.
        newsroom.declare(running, folder, every_minutes=600)
        print("ready", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
