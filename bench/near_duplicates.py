"""Near-duplicates on planted copies: recall, precision, and the time of one article as the archive grows.

    python bench/near_duplicates.py [--sizes 1000 10000 100000] [--found-at 100000] [--peer PATH]

Texts come from bench/planted_copies.py, one in ten a copy, and are stored and indexed by the product's own functions
in a database of its own; beyond the size at which quality is measured keys are copied in by COPY, to save time. Then
every article of the archive is looked up, so that precision counts each pair that is called a copy, among court reports
and agency formulas, too. Times are of one article at a time: its signature, one round trip, verification.

`--peer`: a folder with datasketch in it; its in-memory MinHash LSH then gets the same texts. Writes
docs/near-duplicates.md. Exits 1 below recall 0.97 or precision 0.98 among 100,000 or more."""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from statistics import median
from uuid import UUID

from sqlalchemy import text

from bench.figures import OURS, Figure, Report
from bench.planted_copies import CHANGES, LANGUAGES, SHAPES, Planted, Writer, stream
from kzmonitor import config, store
from kzmonitor.incidents.duplicates import BEARERS, Asked, copies, copies_of, index_waiting
from kzmonitor.incidents.signatures import signature
from kzmonitor.store import Database

PAGE = Path(__file__).parent.parent / "docs" / "near-duplicates.md"
# Among so many the formulas of courts and agencies are known by their number; in a young archive names and figures
# alone keep them apart, which is less sure (docs/decisions/010).
PROMISED_AT = 100_000
RECALL, PRECISION = 0.97, 0.98
BATCH = 50
LOOKUPS = 400
PARTS = 5
BENCH, PEER_NAME = "near-duplicates", "datasketch MinHash LSH, in memory"
WHEN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Times:
    """At one size: milliseconds to find the copies of one article (median, 95th of 100), index rows that it reads, at
    most 32 for each of 64 keys; milliseconds to index one; bytes of the index for each article."""

    size: int
    median_ms: float
    slow_ms: float
    rows: float
    index_ms: float
    bytes_each: float
    parts_ms: list[float] = field(default_factory=list)  # medians of the lookups in `PARTS` lots


@dataclass
class Found:
    """Pairs that were called copies. planted, met: by (what, value), of the planted ones; false: by shape."""

    planted: Counter[tuple[str, str]] = field(default_factory=Counter)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    false: Counter[tuple[str, str]] = field(default_factory=Counter)
    lookups_ms: float = 0.0

    def recall(self, what: str, value: str) -> float:
        return self.met[what, value] / max(1, self.planted[what, value])

    def precision(self, what: str, value: str) -> float:
        met = self.met[what, value]
        return met / max(1, met + self.false[what, value])


def main() -> None:
    """Fill, measure, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    arguments.add_argument("--found-at", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--peer", type=Path)
    arguments.add_argument("--page", type=Path, default=PAGE)
    arguments.add_argument("--out", type=Path, help="figures as JSON")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KZMONITOR_DATA"] = folder
        with store.opened(config.settings()) as database:
            times, found = measured(database, given.sizes, given.found_at, given.seed)
    peer = datasketch(given.peer, given.sizes, given.found_at, given.seed) if given.peer else []
    given.page.write_text(page(times, found, peer, given.found_at), "utf-8")
    if given.out:
        Report(figures=figures(times, found, peer, given.found_at)).write(given.out)
    total = found.recall("all", ""), found.precision("all", "")
    if given.found_at >= PROMISED_AT and (total[0] < RECALL or total[1] < PRECISION):
        sys.exit(f"recall {total[0]:.4f}, precision {total[1]:.4f}: below {RECALL}, {PRECISION}")


def measured(database: Database, sizes: Sequence[int], found_at: int, seed: int) -> tuple[list[Times], Found]:
    """Times at each size, and what was found at `found_at`."""
    _prepare(database)
    texts = stream(max(*sizes, found_at), 0.1, seed)
    kept: dict[int, Planted] = {}
    times: list[Times] = []
    found = Found()
    stored = 0
    for size in sorted({*sizes, found_at}):
        new = list(islice(texts, size - stored))
        kept |= {text.number: text for text in new} if size <= found_at else {}
        began = time.perf_counter()
        bulk = size > found_at
        _fill(database, new, keys=bulk)
        written = time.perf_counter()
        while not bulk and _index(database):
            pass
        indexed = (time.perf_counter() - (began if bulk else written)) * 1000 / len(new)
        stored = size
        times.append(_timed(database, size, indexed, seed))
        print(times[-1], flush=True)
        if size == found_at:
            found = look_all_up(database, kept)
            for what, value in sorted(found.planted):
                print(what, value, f"{found.recall(what, value):.4f} {found.precision(what, value):.4f}", flush=True)
    return times, found


def _prepare(database: Database) -> None:
    with database.session() as session:
        session.execute(
            text("insert into source (slug, name, tier, kind, languages, country, enabled) values "
                 "('world', 'World', 1, 'outlet', '{}', 'KZ', true)")
        )  # fmt: skip
        session.execute(
            text(
                "insert into capture "
                "(id, source, url, canonical_url, route, fetched_at, status, headers, hops, sha256) "
                "values (:id, 'world', 'x', 'x', 'import', :at, 200, '{}', '{}', '')"
            ),
            {"id": _id(0), "at": WHEN},
        )


def _id(number: int) -> UUID:
    return UUID(int=(0x01938000 << 96) | (7 << 76) | (2 << 62) | number)


def _fill(database: Database, texts: Sequence[Planted], *, keys: bool) -> None:
    """Store texts as articles with one revision each; with `keys`, their signatures, too."""
    with database.engine.begin() as connection:
        cursor = connection.connection.cursor()
        with cursor.copy("copy article (id, key, canonical_url, source, first_seen) from stdin") as copy:
            for one in texts:
                copy.write_row(
                    (_id(one.number), f"world:{one.number}", f"https://w.example/{one.number}", "world", WHEN)
                )
        columns = "id, article, capture, text_sha256, title, text, language, script, published_at, cut_by"
        with cursor.copy(f"copy revision ({columns}) from stdin") as copy:
            for one in texts:
                id, digest = _id(one.number), sha256(one.text.encode()).digest()
                copy.write_row((id, id, _id(0), digest, one.title, one.text, one.language, "cyrl", WHEN, "feed"))
        cursor.execute("update article set current_revision = id where current_revision is null")
        if keys:
            cursor.execute("select coalesce(max(number), 0) from article_signature")
            (last,) = cursor.fetchone() or (0,)
            with cursor.copy("copy article_signature (article, revision, number) from stdin") as copy:
                for place, one in enumerate(texts, start=last + 1):
                    copy.write_row((_id(one.number), _id(one.number), place))
            with cursor.copy("copy article_band (key, article) from stdin") as copy:
                for place, one in enumerate(texts, start=last + 1):
                    for key in signature(one.text).keys:
                        copy.write_row((key, place))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze article_band, article_signature, article, revision"))


def _index(database: Database) -> bool:
    with database.session() as session:
        return bool(index_waiting(session))


_READ = text(
    "select count(*) from unnest(cast(:keys as integer[])) as asked (key) cross join lateral "
    "(select from article_band where article_band.key = asked.key limit :bearers) as band"
)


def _timed(database: Database, size: int, index_ms: float, seed: int) -> Times:
    """Look up new articles one by one: half of them copies of what is stored."""
    spent, rows = [], []
    with database.session() as session:
        for asked in _new_articles(database, size, seed):
            began = time.perf_counter()
            copies(session, asked.article_id, asked.text)
            spent.append((time.perf_counter() - began) * 1000)
            read = {"keys": list(signature(asked.text).keys), "bearers": BEARERS}
            rows.append(session.scalar(_READ, read) or 0)
        bytes_ = session.scalar(
            text("select pg_total_relation_size('article_band') + pg_total_relation_size('article_signature')")
        )
    lots = parts(spent[len(spent) // 10 :])  # the first ones warm the caches
    spent = sorted(spent[len(spent) // 10 :])
    return Times(size, median(spent), spent[int(len(spent) * 0.95)], median(rows), index_ms, bytes_ / size, lots)


def _new_articles(database: Database, size: int, seed: int) -> Iterator[Asked]:
    random = Random(seed + 1)
    writers = {language: Writer(language) for language in LANGUAGES}
    with database.engine.connect() as connection:
        for number in range(LOOKUPS):
            writer = writers[random.choice(LANGUAGES)]
            new = writer.write(size + number, random)
            if number % 2:
                row = connection.execute(
                    text("select language, text from revision where id = :id"), {"id": _id(random.randrange(size))}
                ).one()
                old = Planted(0, row.language, "report", "", row.text)
                new = writers[row.language].copy(size + number, old, random.choice(CHANGES), random)
            yield Asked(_id(2**40 + number), new.text)


def look_all_up(database: Database, texts: dict[int, Planted]) -> Found:
    """Look up every article, and sort the pairs by what they are."""
    numbers = {_id(number): number for number in texts}
    pairs: set[tuple[int, int]] = set()
    began = time.perf_counter()
    ids = list(texts)
    with database.session() as session:
        for start in range(0, len(ids), BATCH):
            asked = [Asked(_id(number), texts[number].text) for number in ids[start : start + BATCH]]
            for article, copies_ in copies_of(session, asked).items():
                one = numbers[article]
                pairs |= {(max(one, numbers[copy.article_id]), min(one, numbers[copy.article_id])) for copy in copies_}
    found = sorted_out(texts, pairs)
    found.lookups_ms = (time.perf_counter() - began) * 1000 / len(ids)
    return found


def sorted_out(texts: dict[int, Planted], pairs: set[tuple[int, int]]) -> Found:
    """Which pairs were planted, by change, language and shape, and which are false."""
    found = Found()
    for text_ in texts.values():
        if text_.original is not None:
            is_met = (text_.number, text_.original) in pairs
            for group in _groups(text_):
                found.planted[group] += 1
                found.met[group] += is_met
    for late, early in pairs:
        if texts[late].original != early:
            for group in _groups(texts[late]):
                found.false[group] += 1
    return found


def _groups(one: Planted) -> list[tuple[str, str]]:
    return [("all", ""), ("change", one.change), ("language", one.language), ("shape", one.shape)]


@dataclass(frozen=True)
class Peer:
    """datasketch at one size: milliseconds to sign and ask, to add; recall and precision of its candidates."""

    size: int
    ask_ms: float
    add_ms: float
    recall: float
    precision: float
    parts_ms: list[float]


def datasketch(folder: Path, sizes: Sequence[int], found_at: int, seed: int) -> list[Peer]:
    """MinHash LSH in memory (128 values, word pairs, Jaccard 0.3, weighted for recall) on the same stream."""
    sys.path.append(str(folder))
    from datasketch import MinHash, MinHashLSH  # only where the caller has it

    def signed(text_: str) -> "MinHash":
        words = text_.casefold().split()
        made = MinHash(num_perm=128)
        made.update_batch([f"{one} {other}".encode() for one, other in pairwise(words)])
        return made

    index = MinHashLSH(threshold=0.3, num_perm=128, weights=(0.3, 0.7))
    texts = stream(found_at, 0.1, seed)
    kept: dict[int, Planted] = {}
    pairs: set[tuple[int, int]] = set()
    peers = []
    for size in sorted({size for size in (*sizes, found_at) if size <= found_at}):
        ask, add = [], []
        for one in islice(texts, size - len(kept)):
            began = time.perf_counter()
            sketch = signed(one.text)
            met = index.query(sketch)
            asked = time.perf_counter()
            index.insert(one.number, sketch)
            ask.append(asked - began)
            add.append(time.perf_counter() - asked)
            kept[one.number] = one
            pairs |= {(one.number, other) for other in met}
        found = sorted_out(kept, pairs)
        last = min(len(ask), LOOKUPS)
        rates = found.recall("all", ""), found.precision("all", "")
        asked_ms = [1000 * one for one in ask[-last:]]
        peers.append(Peer(size, median(asked_ms), median(add[-last:]) * 1000, *rates, parts(asked_ms)))
        print(peers[-1], flush=True)
    return peers


def parts(values: Sequence[float]) -> list[float]:
    """Medians of the values in lots of equal size."""
    return [median(values[place::PARTS]) for place in range(min(PARTS, len(values)))]


def figures(times: Sequence[Times], found: Found, peer: Sequence[Peer], at: int) -> list[Figure]:
    """Lookups at each size, and how good they are at one."""
    told = [Figure(BENCH, f"a lookup among {one.size:,}", OURS, "ms", one.parts_ms, "less") for one in times]
    told += [Figure(BENCH, f"a lookup among {one.size:,}", PEER_NAME, "ms", one.parts_ms, "less") for one in peer]
    ours = found.recall("all", ""), found.precision("all", "")
    for name, value in zip(("recall", "precision"), ours, strict=True):
        told.append(Figure(BENCH, f"{name} among {at:,}", OURS, "share", [value]))
    for one in peer:
        if one.size == at:
            told.append(Figure(BENCH, f"recall among {at:,}", PEER_NAME, "share", [one.recall]))
            told.append(Figure(BENCH, f"precision among {at:,}", PEER_NAME, "share", [one.precision]))
    return told


def page(times: Sequence[Times], found: Found, peer: Sequence[Peer], at: int) -> str:
    """All figures as a page."""
    lines = [
        "# Near-duplicates, measured",
        "",
        "Written by `python bench/near_duplicates.py`; bench/planted_copies.py tells what the texts are. A pair is a",
        "false one unless one of the two was made from the other.",
        "",
        "| articles | one lookup, median | 95 of 100 below | index rows it reads | to index one | index for each |",
        "|---|---|---|---|---|---|",
    ]
    for one in times:
        lines.append(
            f"| {one.size:,} | {one.median_ms:.1f} ms | {one.slow_ms:.1f} ms | {one.rows:.0f} "
            f"| {one.index_ms:.2f} ms | {one.bytes_each / 1000:.1f} kB |"
        )
    lines += [
        "",
        f"Among {at:,} articles, {found.planted['all', '']:,} of them copies, each looked up "
        f"({found.lookups_ms:.1f} ms for each in batches of {BATCH}):",
        "",
        "| | copies | recall | precision |",
        "|---|---|---|---|",
    ]
    order = ["all", "", *(change.name for change in CHANGES), *LANGUAGES, *SHAPES]
    for what, value in sorted(found.planted, key=lambda group: (group[0] != "all", order.index(group[1]))):
        precision = "" if what == "change" else f"{found.precision(what, value):.3f}"
        lines.append(
            f"| {value or 'all'} | {found.planted[what, value]:,} | {found.recall(what, value):.3f} | {precision} |"
        )
    lines += [
        "",
        "A false pair has no change to be counted under; it counts for the language and shape of the later one.",
    ]
    if peer:
        lines += ["", "datasketch's MinHash LSH in memory (128 values, word pairs, threshold 0.3), same texts:", ""]
        lines += ["| articles | sign and ask | add | recall | precision |", "|---|---|---|---|---|"]
        lines += [
            f"| {one.size:,} | {one.ask_ms:.1f} ms | {one.add_ms:.2f} ms | {one.recall:.3f} | {one.precision:.3f} |"
            for one in peer
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
