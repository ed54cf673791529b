"""A backlog of stored articles that nobody has scored: how long `kzmonitor understand` needs for it, and whether twice
as many need twice as long.

    python -m bench.backlog [--sizes 5000 10000 20000 50000] [--workers 1 2] [--model FILE] [--docs docs] [--out FILE]

Each size begins with an empty database of its own server. The articles are about 3,000 characters long, strung from
the sentences of the shipped texts, the languages in turn, a thousand for each day back from today; one in a hundred
tells of something. The command is the real one, in processes of its own; two workers are two of them at once. Seconds
by the clock and of the processors, the peak of each process's memory, the line through the times. Writes
docs/pictures/backlog.png and the part of docs/soak.md between its marks."""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sqlalchemy import insert, text

from bench import mixed_texts
from kzmonitor.classify import persist, registry
from kzmonitor.files import write_whole
from kzmonitor.store import Database, embedded, engine, schema
from kzmonitor.store.tables import Article, Capture, Revision, Source, Table, new_id

SIZES = (5_000, 10_000, 20_000, 50_000)
CHARACTERS = 3000
A_DAY = 1000
RELEVANT_EVERY = 100
SOURCES = 14
MILLION = 1_000_000
MOST_MEMORY = 2 * 2**30
STRAIGHT = 0.10
BATCH = 500
MIB = 2**20
PART = re.compile(r"(?<=<!-- backlog -->\n).*?(?=<!-- end -->)", re.DOTALL)
PEAK = re.compile(r"VmHWM:\s+(\d+)")
MADE_CURRENT = text(
    "update article set current_revision = revision.id from revision"
    " where revision.article = article.id and revision.id = any(:new)"
)
COLOURS = {1: "#0b5394", 2: "#b45f06"}


@dataclass(frozen=True)
class Measured:
    """One size with so many workers: seconds by the clock, those of the processors that all workers took together, the
    largest peak of one of them (bytes), seconds from the first to the last prediction, and how many were flagged."""

    articles: int
    workers: int
    seconds: float
    cpu_seconds: float
    peak: int
    scoring_seconds: float
    flagged: int


@dataclass(frozen=True)
class Line:
    """seconds = start + each x articles; r2: share of the variance that it explains; away: the largest deviation of a
    point from it, as a share of the line."""

    start: float
    each: float
    r2: float
    away: float


def main() -> None:
    """Measure, print, draw and write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--workers", type=int, nargs="+", default=(1, 2))
    arguments.add_argument("--model", type=Path, help="a trained one; without it, the baseline is trained first")
    arguments.add_argument("--docs", type=Path, help="folder of the page and the picture")
    arguments.add_argument("--out", type=Path, help="the figures as JSON")
    given = arguments.parse_args()
    body = given.model.read_bytes() if given.model else None
    found = list(measured(given.sizes, given.workers, body))
    if given.out:
        write_whole(given.out, json.dumps([asdict(one) for one in found], indent=1).encode())
    print(table(found))
    if given.docs:
        picture(found).savefig(given.docs / "pictures" / "backlog.png", dpi=130)
        page = given.docs / "soak.md"
        page.write_text(PART.sub(lambda _: f"{table(found)}\n", page.read_text()))


def measured(sizes: Sequence[int], workers: Sequence[int], body: bytes | None) -> Iterator[Measured]:
    """Each size with each number of workers, the smallest first."""
    with tempfile.TemporaryDirectory(prefix="kzmonitor-backlog-") as folder:
        home = Path(folder) / "data"
        with embedded.running(home) as cluster, engine.connected(cluster.url()) as database:
            schema.upgrade(database.engine)
            body = body or persist.save(registry.classifier(_baseline(database)))
            for size in sorted(sizes):
                for number in workers:
                    fill(database, size, body)
                    yield told(understood(database, home, size, number))
        shutil.rmtree(cluster.server_home, ignore_errors=True)


def told(one: Measured) -> Measured:
    """The same, said on the way."""
    print(
        f"{one.articles:,} articles, {one.workers} workers: {one.seconds:.0f} s, {one.cpu_seconds:.0f} CPU s, "
        f"{one.articles / one.seconds:.0f} a second, peak {one.peak / MIB:.0f} MiB, {one.flagged} flagged",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    return one


def _baseline(database: Database) -> Any:
    with database.session() as session:
        return registry.champion(session, datetime.now(UTC))


def fill(database: Database, number: int, body: bytes) -> None:
    """An empty database with a model and so many stored articles. The same number gives the same texts."""
    now = datetime.now(UTC)
    tables = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
    with database.engine.begin() as connection:
        connection.execute(text(f"truncate {tables} cascade"))
    with database.session() as session:
        registry.add(session, persist.load(body), "champion", now)
        for place in range(SOURCES):
            session.add(
                Source(slug=f"outlet-{place}", name=f"Outlet {place}", tier=1, kind="local", languages=["ru"],
                       country="KZ", enabled=True)
            )  # fmt: skip
    rows = stored(number, now, random.Random(number))
    while batch := list(islice(rows, BATCH)):
        with database.session() as session:
            for table in (Capture, Article, Revision):
                session.execute(insert(table), [row[table] for row in batch])
            session.execute(MADE_CURRENT, {"new": [row[Revision]["id"] for row in batch]})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def stored(number: int, now: datetime, chance: random.Random) -> Iterator[dict[Any, dict[str, Any]]]:
    """The rows of each article: its capture (whose body nobody needs any more), itself, its text."""
    told_of = mixed_texts.sentences(reports := [one for one in mixed_texts.seed() if one.labels and not one.hard])
    for place, (language, title, body) in enumerate(mixed_texts.articles(number, CHARACTERS, chance)):
        if place % RELEVANT_EVERY == RELEVANT_EVERY - 1:
            title = chance.choice([one.title for one in reports if one.lang == language])
            body = mixed_texts.strung(told_of[language], CHARACTERS, chance)
        at = now - timedelta(days=place // A_DAY, seconds=chance.randrange(86_400))
        url, capture, article, revision = f"https://outlet.example/{place}", new_id(), new_id(), new_id()
        source = f"outlet-{place % SOURCES}"
        yield {
            Capture: {"id": capture, "source": source, "url": url, "canonical_url": url, "route": "direct",
                      "fetched_at": at, "status": 200, "headers": {}, "hops": [], "body": None, "sha256": b"\1" * 32},
            Article: {"id": article, "key": url, "canonical_url": url, "source": source, "first_seen": at},
            Revision: {"id": revision, "article_id": article, "capture_id": capture, "title": title, "text": body,
                       "text_sha256": sha256(f"{title}\n{body}".encode()).digest(), "language": language,
                       "script": "cyrl", "published_at": at, "cut_by": "layout", "search": ""},
        }  # fmt: skip


def understood(database: Database, home: Path, articles: int, workers: int) -> Measured:
    """Run the command in so many processes until all of them are done."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KZMONITOR_")},
        "KZMONITOR_DATA": str(home), "KZMONITOR_ENV_FILE": "/dev/null",
    }  # fmt: skip
    command = [sys.executable, "-m", "kzmonitor", "understand", "--json"]
    began = time.monotonic()
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(workers)]
    peaks = dict.fromkeys((one.pid for one in running), 0)
    cpu_seconds = 0.0
    while running:
        for one in list(running):
            peaks[one.pid] = max(peaks[one.pid], _peak(one.pid))
            pid, status, used = os.wait4(one.pid, os.WNOHANG)
            if pid:
                one.returncode = os.waitstatus_to_exitcode(status)
                assert one.returncode == 0, one.returncode
                cpu_seconds += used.ru_utime + used.ru_stime
                running.remove(one)
        time.sleep(0.05)
    seconds = time.monotonic() - began
    with database.session() as session:
        scored, flagged, scoring = session.execute(
            text(
                "select count(*), count(*) filter (where tier is not null),"
                " extract(epoch from max(created_at) - min(created_at)) from prediction"
            )
        ).one()
    assert scored == articles, scored
    return Measured(articles, workers, seconds, cpu_seconds, max(peaks.values()), float(scoring), flagged)


def _peak(pid: int) -> int:
    """What the process has held at most (bytes); ru_maxrss would begin with what we held when we forked."""
    try:
        found = PEAK.search(Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) * 1024 if found else 0


def line(found: Sequence[Measured], *, cpu: bool = False) -> Line:
    """The line through the times of one number of workers, by the clock or of the processors."""
    numbers, seconds = np.array([[one.articles, one.cpu_seconds if cpu else one.seconds] for one in found]).T
    each, start = np.polyfit(numbers, seconds, 1)
    fitted = start + each * numbers
    spread = float(((seconds - seconds.mean()) ** 2).sum())
    r2 = 1 - float(((seconds - fitted) ** 2).sum()) / spread if spread else 1.0
    return Line(float(start), float(each), r2, float(np.abs(seconds / fitted - 1).max()))


def lines(found: Sequence[Measured], *, cpu: bool = False) -> Mapping[int, Line]:
    """By number of workers, where there are enough sizes to tell."""
    by_workers = {number: [one for one in found if one.workers == number] for number in {one.workers for one in found}}
    return {number: line(some, cpu=cpu) for number, some in sorted(by_workers.items()) if len(some) >= 3}


def table(found: Sequence[Measured]) -> str:
    """The figures as Markdown, and what they mean for a million."""
    head = ["articles", "workers", "seconds", "a second", "CPU ms an article", "scoring alone, a second",
            "peak of a worker, MiB", "flagged"]  # fmt: skip
    rows = [
        [f"{one.articles:,}", str(one.workers), f"{one.seconds:.0f}", f"{one.articles / one.seconds:.0f}",
         f"{1000 * one.cpu_seconds / one.articles:.1f}", f"{one.articles / max(one.scoring_seconds, 0.001):.0f}",
         f"{one.peak / MIB:,.0f}", f"{one.flagged:,}"]
        for one in found
    ]  # fmt: skip
    said = [
        f"- {_workers(number)}: {one.start:.0f} s and {1000 * one.each:.1f} ms an article; R² {one.r2:.4f}; largest "
        f"deviation {one.away:.1%} (a line: under {STRAIGHT:.0%}, {'met' if one.away < STRAIGHT else 'not met'}). "
        f"{MILLION:,} articles at this rate: {(one.start + one.each * MILLION) / 3600:.1f} hours."
        for number, one in lines(found).items()
    ]
    said += [
        f"- {_workers(number)}, seconds of the processors: {one.start:.0f} s and {1000 * one.each:.1f} ms an article; "
        f"R² {one.r2:.4f}; largest deviation {one.away:.1%}."
        for number, one in lines(found, cpu=True).items()
    ]
    highest = max(one.peak for one in found)
    verdict = "met" if highest < MOST_MEMORY else "not met"
    said.append(f"- Peak of a worker: {highest / MIB:,.0f} MiB (under {MOST_MEMORY // MIB:,}: {verdict}).")
    cells = [head, ["---:"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n\n" + "\n".join(said)


def _workers(number: int) -> str:
    return "One worker" if number == 1 else f"{number} workers"


def picture(found: Sequence[Measured]) -> Figure:
    """Time and memory over the number of articles, with the lines."""
    figure = Figure(figsize=(8.6, 3.8), layout="constrained")
    times, memory = figure.subplots(1, 2)
    for number in sorted({one.workers for one in found}):
        some = [one for one in found if one.workers == number]
        xs, colour = [one.articles / 1000 for one in some], COLOURS.get(number, "#38761d")
        times.plot(xs, [one.seconds / 60 for one in some], "o", color=colour, label=_workers(number))
        fitted = lines(found).get(number)
        if fitted:
            ends = np.array([0, max(one.articles for one in some)])
            times.plot(ends / 1000, (fitted.start + fitted.each * ends) / 60, color=colour, linewidth=1)
        memory.plot(xs, [one.peak / MIB for one in some], "o-", color=colour, linewidth=1, label=_workers(number))
    times.set(title="Time to understand a backlog", xlabel="thousand articles", ylabel="minutes", ylim=(0, None))
    memory.axhline(MOST_MEMORY / MIB, color="#a61c00", linewidth=0.8, linestyle="--")
    memory.set(title="Peak of a worker", xlabel="thousand articles", ylabel="MiB", ylim=(0, MOST_MEMORY / MIB * 1.05))
    for axes in (times, memory):
        axes.set_xlim(0, None)
        axes.grid(visible=True, color="#eee")
        axes.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
