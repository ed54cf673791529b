"""Collecting beside its peers: `python -m bench.collecting [--runs N] [--count N] [--out FILE] [--setup]`.

The same 1,000 pages of eight families in three languages, served on loopback by a process that is not counted. The
whole path is measured as a process from its start to its end, with all its children: fetching, keeping what was
received, cutting, metadata, language, words to search by, PostgreSQL and its server. The peers keep their results in a
file, or as they do by default. Then the text that each found is compared with the text that was served.

Peers live in an environment of their own, which `--setup` makes in var/bench/peers out of bench/peers.lock."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx

from bench import collecting_cutting, collecting_memory, costs, surroundings
from bench.collecting_pages import COUNT
from bench.collecting_quality import f1
from bench.figures import OURS, Figure, Report
from kzmonitor import config
from kzmonitor.store import Database

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "var" / "bench" / "peers"
LOCK = ROOT / "bench" / "peers.lock"
INSTALLED = PEERS / ".installed"
BENCH = "collecting"
DECLARED, GENERAL = f"{OURS}, declared layouts", f"{OURS}, general cutter"
TOOLS = (
    "Scrapy alone",
    "Scrapy + three selectors",
    "Scrapy + trafilatura with metadata",
    "news-please, library",
    "news-please, Scrapy",
)
SLOW = TOOLS[-2:]
Page = dict[str, Any]
Texts = Mapping[str, str]


def set_up() -> Path:
    """The Python of the peers' environment, made from the hashes of the lock where it is not there or is older."""
    python = PEERS / "bin" / "python"
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
        uv = [str(Path(sys.executable).with_name("uv"))]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, PEERS], check=True)
        subprocess.run([*uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", LOCK], check=True)
        INSTALLED.touch()
    return python


def figures(runs: int = 5, count: int = COUNT, tools: Sequence[str] = TOOLS, slow_runs: int | None = None) -> Report:
    """All figures of this benchmark; the tools take turns, so that a busy minute hits all alike. slow_runs: runs of
    news-please, which takes three minutes for each."""
    python, report = set_up(), Report()
    with tempfile.TemporaryDirectory(prefix="kzmonitor-bench-") as name:
        folder = Path(name) / "pages"
        ready = folder / "pages.jsonl"
        with surroundings.child("bench.collecting_pages", str(folder), "--count", str(count), ready=ready):
            pages = fetched(ready)
            spent: dict[str, list[Spent]] = defaultdict(list)
            texts: dict[str, Texts] = {}
            for run in range(runs):
                for tool, sources in ((DECLARED, "declared"), (GENERAL, "general")):
                    one, texts[tool] = ours(folder / sources)
                    spent[tool].append(one)
                for tool in tools:
                    if tool in SLOW and slow_runs is not None and run >= slow_runs:
                        continue
                    one, texts[tool] = theirs(python, tool, ready)
                    spent[tool].append(one)
        report.figures += [one for tool, each in spent.items() for one in whole_path(tool, each, count)]
        report.figures += collecting_cutting.figures(pages, folder, runs)
        report.figures += quality(pages, texts)
    sizes = sorted(len(page["html"].encode()) for page in pages)
    report.notes[BENCH] = {
        "pages": count,
        "bytes": {"least": sizes[0], "median": sizes[len(sizes) // 2], "most": sizes[-1]},
        "families": sorted({page["family"] for page in pages}),
        "peers": versions(python),
        "F1 by language and family": by_family(pages, texts),
    }
    return report


@dataclass(frozen=True)
class Spent:
    """What one run of one tool took. cpu_s: user and system of all its processes, the database's included; peak_mib:
    of its processes together, without the database."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def fetched(ready: Path) -> list[Page]:
    """The pages with their `html`; by that each has been made once before anything is measured."""
    pages = [json.loads(line) for line in ready.read_text("utf-8").splitlines()]
    with httpx.Client() as client:
        for page in pages:
            page["html"] = client.get(page["url"]).raise_for_status().text
    return pages


def ours(sources: Path) -> tuple[Spent, Texts]:
    """The whole path in an empty database."""
    with surroundings.database(KZMONITOR_ALLOW_LOOPBACK="1") as database:
        spent = measured([sys.executable, "-m", "bench.collecting_ours", str(sources)], config.settings().data)
        return spent, stored(database)


def theirs(python: Path, tool: str, pages: Path) -> tuple[Spent, Texts]:
    """A peer with the same pages."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.jsonl"
        command = [str(python), str(ROOT / "bench" / "collecting_peers.py"), tool, str(pages), str(out)]
        spent = measured(command)
        rows = (json.loads(line) for line in out.read_text("utf-8").splitlines())
        return spent, {row["url"]: row["text"] for row in rows}


def measured(command: Sequence[str], data: Path | None = None) -> Spent:
    """Run a command to its end. data: the data folder of the database server whose work counts, too."""
    server = costs.server_of(data) if data is not None else None
    database_s, began = costs.cpu_of(server), time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        with collecting_memory.watched(process.pid) as peak:
            _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command[:4])} failed:\n{said.read()[-2000:].decode(errors='replace')}")
    wall_s = time.perf_counter() - began
    return Spent(wall_s, usage.ru_utime + usage.ru_stime + costs.cpu_of(server) - database_s, peak.mib)


def stored(database: Database) -> Texts:
    """The text of each page by the address that it was fetched from."""
    query = """select capture.url, revision.text from entry join capture on capture.id = entry.capture_id
        join revision on revision.capture = capture.id"""
    with database.engine.connect() as connection:
        return {row.url: row.text for row in connection.exec_driver_sql(query)}


def whole_path(tool: str, spent: Iterable[Spent], count: int) -> list[Figure]:
    """CPU, time and memory of one tool."""
    each = list(spent)
    return [
        Figure(BENCH, "whole path", tool, "CPU ms a page", [one.cpu_s / count * 1000 for one in each], "less"),
        Figure(BENCH, "whole path, time", tool, "ms a page", [one.wall_s / count * 1000 for one in each], "less"),
        Figure(BENCH, "whole path, memory", tool, "MiB", [one.peak_mib for one in each], "less"),
    ]


def quality(pages: Sequence[Page], texts: Mapping[str, Texts]) -> list[Figure]:
    """Mean token F1 of each tool by language; a page without a text counts as 0."""
    languages = sorted({page["language"] for page in pages})
    return [
        Figure(BENCH, f"text, {language}", tool, "token F1", [mean_f1(of(pages, "language", language), found)])
        for language in languages
        for tool, found in texts.items()
        if any(found.values())
    ]


def by_family(pages: Sequence[Page], texts: Mapping[str, Texts]) -> dict[str, dict[str, dict[str, float]]]:
    """Mean token F1: tool -> language -> family."""
    families, languages = (sorted({page[key] for page in pages}) for key in ("family", "language"))
    return {
        tool: {
            language: {
                family: round(mean_f1(of(of(pages, "language", language), "family", family), found), 3)
                for family in families
            }
            for language in languages
        }
        for tool, found in texts.items()
        if any(found.values())
    }


def of(pages: Sequence[Page], key: str, value: str) -> list[Page]:
    """The pages of one language or family."""
    return [page for page in pages if page[key] == value]


def mean_f1(pages: Sequence[Page], found: Texts) -> float:
    """Over these pages; 0 where there are none."""
    return fmean([f1(page["text"], found.get(page["url"], "")) for page in pages] or [0.0])


def versions(python: Path) -> dict[str, str]:
    """Of the packages that the peers are made of."""
    names = ("scrapy", "trafilatura", "news-please", "newspaper4k", "lxml")
    code = (
        f"from importlib.metadata import version; import json; print(json.dumps({{n: version(n) for n in {names!r}}}))"
    )
    told = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(told.stdout)
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print; `--out` keeps the figures as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--slow-runs", type=int, help="of news-please, when fewer")
    arguments.add_argument("--count", type=int, default=COUNT)
    arguments.add_argument("--tools", nargs="*", default=TOOLS, choices=TOOLS, help="only these peers")
    arguments.add_argument("--setup", action="store_true", help="only make the environment of the peers")
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args(argv)
    if given.setup:
        print(set_up())
        return
    report = figures(given.runs, given.count, given.tools, given.slow_runs)
    if given.out is not None:
        report.write(given.out)
    for one in report.figures:
        print(f"{one.name:26} {one.tool:36} {one.value:9.3f} {one.unit}")


if __name__ == "__main__":
    main()
