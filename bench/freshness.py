"""How soon a report is an open alert: seconds from the moment a feed shows it.

    python -m bench.freshness [--reports 40] [--every 12] [--airflow] [--out FILE.json]

Reports appear on three outlets on loopback, one after another at moments of chance, while `collect --watch 30` runs, or
with `--airflow` all of `kzmonitor run`, in which each source is looked at every three minutes, the default.
The first reports come when the first look is over. Waits for the last alert, and then tells every delay."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select

from bench import surroundings
from bench.figures import AIM, OURS, Figure, Report
from kzmonitor.config import settings
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, Capture, IncidentArticle, Poll, Revision

BENCH = "freshness"
WATCH_S = 30
DEFAULT_MINUTES = 3.0
AIMS_S = {False: 60.0, True: 300.0}
START_S = 600


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reports", type=int, default=40)
    arguments.add_argument("--every", type=float, default=12, help="seconds between two reports, more or less")
    arguments.add_argument("--airflow", action="store_true")
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    delays, unflagged = measured(given.reports, given.every, airflow=given.airflow)
    way = "kzmonitor run" if given.airflow else f"collect --watch {WATCH_S}"
    p95 = percentile(delays, 0.95)
    name = f"from feed to alert, p95, {way}"
    figures = [
        Figure(BENCH, name, OURS, "s", [p95], "less"),
        Figure(BENCH, name, AIM, "s", [AIMS_S[given.airflow]], "less"),
        Figure(BENCH, f"from feed to alert, median, {way}", OURS, "s", delays, "less"),
    ]
    middle, most = percentile(delays, 0.5), max(delays)
    print(f"{way}: {len(delays)} alerts, median {middle:.1f} s, p95 {p95:.1f} s, most {most:.1f} s")
    print(f"{unflagged} reports were not flagged")
    if given.out:
        notes = {f"freshness, {way}": {"delays": delays, "not flagged": unflagged}}
        Report(figures=figures, notes=notes).write(given.out)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so large a share does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def measured(reports: int, every_s: float, *, airflow: bool) -> tuple[list[float], int]:
    """The delay of each report that opened or joined an alert, in seconds, and how many others there were."""
    minutes = DEFAULT_MINUTES if airflow else WATCH_S / 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = (name, "--publish", str(every_s), "--every-minutes", str(minutes))
        told = folder / "published.jsonl"
        with (
            surroundings.database(
                surroundings.baseline(), KZMONITOR_ALLOW_LOOPBACK="1", KZMONITOR_SOURCES_DIR=str(folder / "declared")
            ) as database,
            surroundings.child("bench.outlets_of_news", *given, ready=folder / "addresses.json"),
            _Running(airflow=airflow),
        ):
            _until(lambda: _looked(database), START_S, "nothing was collected")
            before = len(_shown(told))
            _until(lambda: len(_shown(told)) >= before + reports, reports * every_s * 3, "nothing was published")
            wanted = _shown(told)[before : before + reports]
            _until(lambda: len(_alerts(database, wanted)[1]) >= reports, 900, "not all was understood")
            opened, _seen = _alerts(database, wanted)
    delays = [opened[line["url"]] - line["at"] for line in wanted if line["url"] in opened]
    return delays, len(wanted) - len(delays)


class _Running:
    """The product as a child process; its standard output goes nowhere."""

    def __init__(self, *, airflow: bool) -> None:
        self.arguments = ["run"] if airflow else ["collect", "--watch", str(WATCH_S)]

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "kzmonitor", *self.arguments]
        self.log = (settings().data / "bench.log").open("wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=dict(os.environ))

    def __exit__(self, *_error: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def _until(condition, timeout_s: float, problem: str) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            sys.exit(problem)
        time.sleep(1)


def _looked(database: Database) -> bool:
    with database.session() as session:
        return (session.scalar(select(func.count(Poll.source.distinct()))) or 0) >= 3


def _shown(told: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in told.read_text("utf-8").splitlines()] if told.exists() else []


def _alerts(database: Database, wanted: list[dict[str, object]]) -> tuple[dict[str, float], set[str]]:
    """Address -> when its article stood in an incident with an alert, seconds since 1970; and the addresses whose
    articles have been understood, flagged or not."""
    by_path = {urlsplit(str(line["url"])).path: str(line["url"]) for line in wanted}
    query = (
        select(Revision.id, Capture.url, func.min(IncidentArticle.created_at), func.min(Alert.opened_at))
        .select_from(Article)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Capture, Capture.id == Revision.capture_id)
        .outerjoin(IncidentArticle, IncidentArticle.article_id == Article.id)
        .outerjoin(Alert, Alert.incident_id == IncidentArticle.incident_id)
        .where(Article.scored_revision.is_not(None), ~Article.clues_due)
        .group_by(Revision.id, Capture.url)
    )
    opened, seen = {}, set()
    with database.session() as session:
        for _id, url, stood_at, _opened_at in session.execute(query):
            address = by_path.get(urlsplit(url).path)
            if address is not None:
                seen.add(address)
                if stood_at is not None:
                    opened[address] = stood_at.timestamp()
    return opened, seen


if __name__ == "__main__":
    main()
