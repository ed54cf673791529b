"""From feed to open alert: articles a second on this machine, and the CPU that each stage takes.

    python -m bench.end_to_end [--articles 1000] [--runs 5] [--cutters declared general] [--out FILE.json]

Three outlets on loopback show days of news (bench/news_days.py) on pages of 30 to 80 KB. First all at once, as a minute
of `kzmonitor run` has it: one process collects, another understands what has come until nothing is left; the clock
runs from the first look at a feed until every alert is open. Then once more stage by stage, each by itself, for the CPU
of each. The newsroom is a process of its own on the same cores; its share is told, but not counted as ours."""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from sqlalchemy import func, select

from bench import costs, surroundings
from bench.figures import AIM, OURS, Figure, Report
from kzmonitor import config
from kzmonitor.classify import registry, scoring
from kzmonitor.collect import articles, crawl
from kzmonitor.collect.cutting import cutters
from kzmonitor.incidents import candidates, duplicates, grouping
from kzmonitor.incidents.understand import understand
from kzmonitor.sources import registry as sources
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article

BENCH = "end to end"
PAUSE_S = 1.0


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--articles", type=int, default=1000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--cutters", nargs="+", choices=["declared", "general"], default=["declared", "general"])
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = str(given.articles)
        with surroundings.child(
            "bench.outlets_of_news", name, "--count", count, ready=folder / "addresses.json"
        ) as newsroom:
            made_ready(folder)
            for cutter in given.cutters:
                report.figures += of_cutter(folder / cutter, cutter, given.articles, given.runs, newsroom.pid)
    for figure in report.figures:
        print(f"{figure.name}: {figure.value:.4g} {figure.unit}", flush=True)
    if given.out:
        report.write(given.out)


def made_ready(folder: Path) -> None:
    """Let the newsroom make each page once, so that it is quick when the clock runs."""
    with httpx.Client() as client, ThreadPoolExecutor(2) as pool:
        list(pool.map(client.get, json.loads((folder / "addresses.json").read_text())))


def of_cutter(declared: Path, cutter: str, number: int, runs: int, newsroom: int) -> list[Figure]:
    """The figures of one way to cut pages."""
    whole = [at_once(declared, number, newsroom) for _run in range(runs)]
    parts = [stage_by_stage(declared, number) for _run in range(max(1, runs // 2))]
    name = f"{cutter} layouts" if cutter == "declared" else "general cutter"
    rates = [number / one["wall_s"] for one in whole]
    peak = costs.peak_mib()
    figures = [
        Figure(BENCH, f"articles, {name}", OURS, "a second", rates, peak_mib=peak),
        Figure(BENCH, f"articles, {name}", AIM, "a second", [40.0 if cutter == "declared" else 20.0]),
        *(
            Figure(
                BENCH, f"{what}, {name}", OURS, "CPU ms an article", [one[key] * 1000 / number for one in whole], "less"
            )
            for what, key in (
                ("our processes", "cpu_s"),
                ("database", "database_cpu_s"),
                ("newsroom", "newsroom_cpu_s"),
            )
        ),
    ]
    return figures + [
        Figure(
            BENCH, f"{part}, {name}", OURS, "CPU ms an article", [one[part] * 1000 / number for one in parts], "less"
        )
        for part in parts[0]
    ]


def at_once(declared: Path, number: int, newsroom: int) -> dict[str, float]:
    """Collecting and understanding side by side; seconds by the clock and of the processors."""
    with surroundings.database(
        surroundings.baseline(), KZMONITOR_ALLOW_LOOPBACK="1", KZMONITOR_SOURCES_DIR=str(declared)
    ) as database:
        data, declarations = config.settings().data, sources.load(declared).sources
        served = psutil.Process(newsroom)
        served_s = costs.cpu_of(served)
        with costs.measured(data) as cost, ThreadPoolExecutor(1) as beside:
            collecting = beside.submit(crawl.run, list(declarations), declared)
            while not collecting.done():
                understand(database, declarations, config.settings(), now)
                time.sleep(PAUSE_S)
            understand(database, declarations, config.settings(), now)
            cutters().close()  # what a child has spent is known when it has ended
        _whole(database, number)
        return vars(cost) | {"newsroom_cpu_s": costs.cpu_of(served) - served_s}


def stage_by_stage(declared: Path, number: int) -> dict[str, float]:
    """CPU seconds of each stage, the database's among them."""
    with surroundings.database(
        surroundings.baseline(), KZMONITOR_ALLOW_LOOPBACK="1", KZMONITOR_SOURCES_DIR=str(declared)
    ) as database:
        data, declarations = config.settings().data, sources.load(declared).sources
        spent: dict[str, float] = {}

        def timed(name: str, work: Callable[[], object]) -> None:
            with costs.measured(data) as cost:
                work()
            spent[name] = cost.all_cpu_s

        def until_empty(step: Callable[..., object]) -> None:
            while True:
                with database.session() as session:
                    if not step(session):
                        return

        def cut_all() -> None:
            until_empty(lambda own: articles.cut_waiting(own, declarations))
            cutters().close()  # what a child has spent is known when it has ended

        with database.session() as session:
            model = registry.champion(session, now())
            fitted = registry.classifier(model)
        days = config.settings().rescore_days
        timed("fetch and capture", lambda: crawl.run(list(declarations), declared))
        timed("cut and store", cut_all)
        timed("index for copies", lambda: until_empty(duplicates.index_waiting))
        timed("score", lambda: until_empty(lambda own: scoring.score_waiting(own, model, fitted, days, now())))
        timed("read clues", lambda: until_empty(lambda own: candidates.note_clues(own, now())))
        timed("judge pairs", lambda: until_empty(candidates.judge_pairs))
        timed("group and open", lambda: until_empty(lambda own: grouping.group_waiting(own, now())))
        _whole(database, number)
        return spent


def _whole(database: Database, number: int) -> None:
    """Everything arrived: a run that lost articles would look fast."""
    with database.session() as session:
        stored = session.scalar(select(func.count()).select_from(Article)) or 0
        alerts = session.scalar(select(func.count()).select_from(Alert)) or 0
    if stored < number * 0.999 or alerts < number // 100:
        raise SystemExit(f"of {number} articles {stored} were stored, {alerts} alerts opened")


if __name__ == "__main__":
    main()
