"""Storing beside SQLAlchemy's own ways and beside COPY, the same rows into the same tables, indexes and all.

    python -m bench.storing [--articles 10000] [--batch 500] [--runs 5] [--out FILE.json]

A row is an article with its capture (4 KB as zstd) and its text with search words, all made before the clock runs. Each
way commits after each batch and starts with empty tables. Ours meets what is known already, and says so: captures in
one statement, articles and texts in another (kzmonitor/collect/storing.py). The peers write only what is new:
`execute(statement, rows)`, `insert().values(rows)`, and COPY by psycopg, which breaks off at the first row that is
there."""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from bench import costs, surroundings
from bench.figures import OURS, Figure, Report
from bench.news_days import news
from kzmonitor import config
from kzmonitor.collect import storing
from kzmonitor.language.detect import detect
from kzmonitor.language.searching import search_vector
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, Capture, Revision, Source, new_id

BENCH = "storing"
BODY_BYTES = 4000
DIFFERENT = 2000
WHEN = datetime.now(UTC)

Rows = tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]], Sequence[dict[str, Any]]]
Way = Callable[[Session, Rows], None]


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--articles", type=int, default=10_000)
    arguments.add_argument("--batch", type=int, default=500)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    figures = measured(given.articles, given.batch, given.runs)
    for one in figures:
        print(f"{one.name} ({one.tool}): {one.value:.4g} {one.unit}", flush=True)
    if given.out:
        Report(figures=figures).write(given.out)


def measured(number: int, batch: int, runs: int) -> list[Figure]:
    """Articles a second of each way; the ways take turns, so that a busy minute hits all of them."""
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    texts = contents()
    with surroundings.database() as database:
        prepare(database)
        for _run in range(runs):
            for name, way in WAYS.items():
                batches = list(rows(texts, number, batch))
                _emptied(database)
                with costs.measured(config.settings().data) as cost:
                    for some in batches:
                        with database.session() as session:
                            way(session, some)
                rates[name].append(number / cost.wall_s)
                spent[name].append(cost.all_cpu_s * 1000 / number)
    return [
        *(Figure(BENCH, "articles stored", name, "a second", found) for name, found in rates.items()),
        *(Figure(BENCH, "an article stored", name, "CPU ms", found, "less") for name, found in spent.items()),
    ]


def prepare(database: Database) -> None:
    """The one source of all that is stored."""
    with database.session() as session:
        session.add(Source(slug="orda", name="Orda", tier=1, kind="outlet", languages=[], country="KZ", enabled=True))


def contents() -> list[dict[str, Any]]:
    """Texts with all that is worked out before they are stored."""
    made = []
    for record in news(DIFFERENT):
        said = detect(record.text)
        made.append(
            {
                "title": record.title, "text": record.text, "language": said.code, "script": said.script,
                "search": search_vector(record.title, record.text, said.code),
                "body": os.urandom(BODY_BYTES),
            }
        )  # fmt: skip
    return made


def rows(texts: Sequence[dict[str, Any]], number: int, batch: int, first: int = 0) -> Iterator[Rows]:
    """Captures, articles and revisions in batches, as columns of their tables; no two alike."""
    for start in range(first, first + number, batch):
        captures, articles, revisions = [], [], []
        for place in range(start, min(start + batch, first + number)):
            made, url = dict(texts[place % len(texts)]), f"https://orda.example/{place}"
            body = made.pop("body")
            ids = {"capture": new_id(), "article": new_id(), "revision": new_id()}
            captures.append(
                {
                    "id": ids["capture"], "source": "orda", "url": url, "canonical_url": url, "route": "direct",
                    "fetched_at": WHEN, "status": 200, "headers": {"Content-Type": ["text/html"]}, "hops": [],
                    "body": body, "sha256": sha256(body).digest(),
                }
            )  # fmt: skip
            articles.append(
                {"id": ids["article"], "key": url, "canonical_url": url, "source": "orda", "first_seen": WHEN}
            )
            revisions.append(
                made | {
                    "id": ids["revision"], "article_id": ids["article"], "capture_id": ids["capture"],
                    "text_sha256": sha256(f"{place}{made['text']}".encode()).digest(), "published_at": WHEN,
                    "date_doubt": None, "author": None, "cut_by": "layout:0",
                }
            )  # fmt: skip
        yield captures, articles, revisions


def ours(session: Session, some: Rows) -> None:
    """The product's own path."""
    captures, articles, revisions = some
    storing.store_captures(session, [Capture(**row) for row in captures])
    storing.store(
        session,
        [
            storing.Text(
                key=article["key"], canonical_url=article["canonical_url"], source=article["source"],
                first_seen=article["first_seen"], tell=True, capture=row["capture_id"],
                **{name: value for name, value in row.items() if name not in ("id", "article_id", "capture_id")},
            )
            for article, row in zip(articles, revisions, strict=True)
        ],
    )  # fmt: skip


def by_rows(session: Session, some: Rows) -> None:
    """SQLAlchemy with a list of rows: one statement, many executions in a pipeline."""
    for table, given in zip((Capture, Article, Revision), some, strict=True):
        session.execute(insert(table), list(given))
    _made_current(session)


def by_values(session: Session, some: Rows) -> None:
    """SQLAlchemy with all rows inside of one statement."""
    for table, given in zip((Capture, Article, Revision), some, strict=True):
        session.execute(insert(table).values(list(given)))
    _made_current(session)


def by_copy(session: Session, some: Rows) -> None:
    """COPY, the quickest way into PostgreSQL."""
    cursor = session.connection().connection.cursor()
    for table, given in zip((Capture, Article, Revision), some, strict=True):
        names = [column.name for key in given[0] for column in [table.__mapper__.columns[key]]]
        with cursor.copy(f"copy {table.__tablename__} ({', '.join(names)}) from stdin") as copy:
            for row in given:
                copy.write_row([_plain(value) for value in row.values()])
    _made_current(session)


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _made_current(session: Session) -> None:
    session.execute(
        text(
            "update article set current_revision = revision.id from revision "
            "where revision.article = article.id and current_revision is null"
        )
    )


def _emptied(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("truncate article, revision, capture cascade"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze article, revision, capture"))


WAYS: dict[str, Way] = {
    OURS: ours,
    "SQLAlchemy execute(statement, rows)": by_rows,
    "SQLAlchemy insert().values(rows)": by_values,
    "COPY by psycopg": by_copy,
}


if __name__ == "__main__":
    main()
