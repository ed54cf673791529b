"""How times grow with the archive: `python -m bench.growth [--sizes 1000 10000 100000 1000000] [--only NAME...]`.

At each size: a lookup for copies, storing one more batch, a page of the desk, one round of understanding, and the
morning's digest (there the size is how many are subscribed, at most `--subscribers`). Adds its points to
bench/data/performance.json under `growth` and draws docs/pictures/performance-growth.png, one small chart each, all
with a line for "as the archive grows" to compare with; `--draw` only draws."""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median

import httpx
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import NullFormatter
from sqlalchemy import select, text

from bench import costs, desk_load, digesting, figures, near_duplicates, stored, storing, surroundings
from bench.figures import Report
from bench.news_days import news
from kzmonitor import config
from kzmonitor.classify import registry
from kzmonitor.incidents import understand
from kzmonitor.sources import registry as sources
from kzmonitor.store import Database, embedded, engine, schema
from kzmonitor.store.tables import Model

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "bench" / "data" / "performance.json"
PICTURE = ROOT / "docs" / "pictures" / "performance-growth.png"
COLOUR, GREY = "#0b5394", "#999999"
BATCH, ROUND = 500, 100
PAGES = ("/", "/search?q=журналист", "/overview")
# name: title and unit of its chart
CHARTS: Mapping[str, tuple[str, str]] = {
    "lookup": ("Copies of one article", "ms"),
    "storing": (f"Storing {BATCH} more", "ms"),
    "understanding": (f"Understanding {ROUND} more", "CPU s"),
    "calm": ("Understanding, nothing new", "ms"),
    "page": ("Pages of the desk, slowest of three", "ms"),
    "digest": ("Digest, by subscribers", "s"),
}


def main() -> None:
    """Measure, keep, draw."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    arguments.add_argument("--subscribers", type=int, default=10_000)
    arguments.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    arguments.add_argument("--kept", type=Path, default=KEPT)
    arguments.add_argument("--picture", type=Path, default=PICTURE)
    arguments.add_argument("--draw", action="store_true", help="draw what is kept")
    given = arguments.parse_args()
    report = figures.read(given.kept) if given.kept.exists() else Report()
    if not given.draw:
        points = report.notes.setdefault("growth", {})
        for name in given.only:
            sizes = [size for size in given.sizes if name != "digest" or size <= given.subscribers]
            for chart, found in MEASURES[name](sizes).items():
                points[chart] = found
                print(chart, *(f"{size:,}: {value:.4g}" for size, value in found), flush=True)
            report.write(given.kept)
    draw(report, given.picture)


Points = list[tuple[int, float]]


def lookups(sizes: Sequence[int]) -> dict[str, Points]:
    """Milliseconds to find the copies of one article."""
    with surroundings.database() as database:
        times, _found = near_duplicates.measured(database, sizes, min(sizes), 1)
    return {"lookup": [(one.size, one.median_ms) for one in times]}


def storings(sizes: Sequence[int]) -> dict[str, Points]:
    """Milliseconds to store one more batch by the product's path."""
    texts, points = storing.contents(), []
    with surroundings.database() as database:
        storing.prepare(database)
        held = 0
        for size in sizes:
            for some in storing.rows(texts, size - held, 5000, first=held):
                with database.session() as session:
                    storing.by_copy(session, some)
            held = size
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("vacuum analyze article, revision, capture"))
            spent = []
            for some in storing.rows(texts, 9 * BATCH, BATCH, first=held):
                began = time.perf_counter()
                with database.session() as session:
                    storing.ours(session, some)
                spent.append((time.perf_counter() - began) * 1000)
            held += 9 * BATCH
            points.append((size, median(spent)))
    return {"storing": points}


def desks(sizes: Sequence[int]) -> dict[str, Points]:
    """Milliseconds of the slowest of some pages, and what a round of understanding takes, in the same databases."""
    pages, rounds, calm = [], [], []
    for size in sizes:
        with _world(size) as (database, folder, reviewer):
            with desk_load.served(folder) as address:
                pages.append((size, _slowest(address, reviewer)))
            spent, idle_ms = _round(database, folder)
            rounds.append((size, spent))
            calm.append((size, idle_ms))
    return {"page": pages, "understanding": rounds, "calm": calm}


@contextmanager
def _world(size: int) -> Iterator[tuple[Database, Path, str]]:
    """A desk with so many articles, and a reviewer's name."""
    folder = Path(tempfile.mkdtemp(prefix="kzmonitor-bench-"))
    try:
        with embedded.running(folder) as cluster:
            [reviewer] = desk_load.prepared(cluster, size, 1)
            with engine.connected(cluster.url()) as database:
                schema.upgrade(database.engine)
                yield database, folder, reviewer
    finally:
        shutil.rmtree(embedded.Cluster(folder).server_home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _slowest(address: str, reviewer: str) -> float:
    """Of the median times of the pages the longest, in milliseconds."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
        client.post("/login", data={"pseudonym": reviewer, "password": desk_load.PASSWORD})
        return max(median(_timed(lambda to=page: client.get(to)) for _try in range(7)) for page in PAGES)


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1000


def _round(database: Database, folder: Path) -> tuple[float, float]:
    """CPU seconds to understand some more articles, and milliseconds of a round in which nothing is new."""
    now = datetime.now(UTC)
    with database.session() as session:
        for model in session.scalars(select(Model).where(Model.state == "champion")):
            model.state = "retired"
        session.flush()
        registry.add(session, surroundings.baseline(), "champion", now)
    # The texts of the built world count as scored: by a model that is retired, long enough ago.
    declared, settings = sources.load().sources, config.Settings(_env_file=None, rescore_days=0)  # type: ignore[call-arg]
    understand.understand(database, declared, settings, lambda: datetime.now(UTC))
    stored.articles(database, islice(news(ROUND * 3, seed=5), ROUND))
    with costs.measured(folder) as cost:
        understand.understand(database, declared, settings, lambda: datetime.now(UTC))
    calm = [
        _timed(lambda: understand.understand(database, declared, settings, lambda: datetime.now(UTC)))
        for _try in range(5)
    ]
    return cost.all_cpu_s, median(calm)


def digests(sizes: Sequence[int]) -> dict[str, Points]:
    """Seconds to make and send the digests of so many subscribers."""
    points = []
    for size in sizes:
        rate = digesting.measured(size, digesting.ALERTS_A_DAY, 1)[0].value
        points.append((size, size / rate))
    return {"digest": points}


MEASURES: Mapping[str, Callable[[Sequence[int]], dict[str, Points]]] = {
    "lookup": lookups,
    "storing": storings,
    "desk": desks,
    "digest": digests,
}


def draw(report: Report, picture: Path = PICTURE) -> None:
    """One picture with a small chart for each thing that was measured; nothing when none was."""
    found = {name: points for name, points in report.notes.get("growth", {}).items() if points}
    if not found:
        return
    columns = 3
    rows = -(-len(found) // columns)
    figure = Picture(figsize=(3.5 * columns, 2.7 * rows), layout="constrained", dpi=130)
    places = figure.subplots(rows, columns, squeeze=False).flat
    for place, (name, points) in zip(places, found.items(), strict=False):
        _chart(place, *CHARTS[name], points, "subscribers" if name == "digest" else "articles")
    for empty in list(places):
        empty.set_axis_off()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.suptitle("Dotted: if it grew as the archive does", fontsize=8, color=GREY)
    figure.savefig(picture, metadata={"Software": None})


def _chart(place: Axes, title: str, unit: str, points: Points, along: str) -> None:
    sizes, values = zip(*points, strict=True)
    place.loglog(sizes, values, marker="o", color=COLOUR, markersize=4)
    if len(points) > 1:
        grown = [values[0] * size / sizes[0] for size in sizes]
        place.loglog(sizes, grown, linestyle=":", color=GREY, linewidth=1)
    for size, value in (points[0], points[-1]):
        place.annotate(
            figures.number(value), (size, value), fontsize=8, xytext=(0, 5), textcoords="offset points", ha="center"
        )
    low, high = min(values) / 3, max(values) * 6
    place.set_ylim(low, high)
    place.set_title(title, fontsize=10)
    place.set_xlabel(along, fontsize=8)
    place.set_ylabel(unit, fontsize=8)
    place.tick_params(labelsize=7)
    place.yaxis.set_minor_formatter(NullFormatter())
    place.grid(visible=True, color="#eee")


if __name__ == "__main__":
    main()
