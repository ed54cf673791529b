"""Outlets of the newsroom with days of news on heavy pages: `python -m bench.outlets_of_news FOLDER [--count N]`.

Serves three outlets on loopback until it is told to stop. FOLDER gets `declared/` and `general/` (declarations with and
without layouts) and, when all of it answers, `addresses.json`: the addresses of all articles. With `--publish SECONDS`
the outlets begin empty, and a report appears on one of them in turn after each such pause, more or less;
`published.jsonl` says when each was shown (`at`, seconds since 1970) and under which address."""

import argparse
import json
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import yaml

from bench.news_days import news
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare

LAYOUTS = {"alatau-times": "vlast", "dala-radio": "pangea", "steppe-wire": "wordpress"}


def outlets(records: list[Record], now: datetime) -> list[Outlet]:
    """Three outlets that share the records."""
    return [
        Outlet(slug, layout, records[place :: len(LAYOUTS)], now=now, heavy=True)
        for place, (slug, layout) in enumerate(LAYOUTS.items())
    ]


def write(newsroom: Newsroom, folder: Path, every_minutes: float) -> None:
    """Both kinds of declarations."""
    for path in declare(newsroom, folder / "declared", every_minutes=every_minutes):
        facts = yaml.safe_load(path.read_text("utf-8"))
        facts |= {"languages": ["ru", "kk", "en"]}
        path.write_text(yaml.safe_dump(facts, allow_unicode=True), "utf-8")
        del facts["layouts"]
        (folder / "general").mkdir(exist_ok=True)
        (folder / "general" / path.name).write_text(yaml.safe_dump(facts, allow_unicode=True), "utf-8")


def publish(newsroom: Newsroom, file: Path, every_s: float, stop: threading.Event) -> None:
    """Put one report after another on the outlets, at moments of chance."""
    chance = Random(7)
    reports = [record for record in news(4000) if record.labels]
    sites = list(newsroom.outlets.values())
    with file.open("a", encoding="utf-8") as told:
        for number, record in enumerate(reports):
            if stop.wait(chance.uniform(0.5, 1.5) * every_s):
                return
            outlet = sites[number % len(sites)]
            outlet.publish(record)
            line = {"at": time.time(), "url": outlet.address(record.id), "labels": record.labels}
            told.write(json.dumps(line) + "\n")
            told.flush()


def main() -> None:
    """Serve until SIGTERM."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--count", type=int, default=1000)
    arguments.add_argument("--publish", type=float, metavar="SECONDS")
    arguments.add_argument("--every-minutes", type=float, default=1)
    given = arguments.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    records = [] if given.publish else list(news(given.count))
    given.folder.mkdir(parents=True, exist_ok=True)
    with Newsroom(outlets(records, datetime.now(UTC))) as newsroom:
        write(newsroom, given.folder, given.every_minutes)
        addresses = [address for outlet in newsroom.outlets.values() for address in outlet.addresses()]
        (given.folder / "addresses.json").write_text(json.dumps(addresses), "utf-8")
        stop = threading.Event()
        if given.publish:
            told = given.folder / "published.jsonl"
            threading.Thread(target=publish, args=(newsroom, told, given.publish, stop), daemon=True).start()
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        stop.set()


if __name__ == "__main__":
    main()
