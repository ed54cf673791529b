"""The main job on real texts: labelled JSONL served as outlets, crawled over HTTP, understood, told in a digest.

    python bench/main_job.py FILE.jsonl... [--country-only]

Prints, for each outlet: how many articles were stored and how much of each text came through, how the second
run went, what was flagged, and each flag that its label does not bear out. Uses a database of its own."""

import argparse
import json
import os
import re
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from kzmonitor import config, store
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.collect import crawl
from kzmonitor.digest.daily import digest_of
from kzmonitor.digest.period import ALMATY
from kzmonitor.incidents.understand import understand
from kzmonitor.newsroom import Newsroom, Outlet, declare, outlets_from
from kzmonitor.sources import registry
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, Capture, Entry, IncidentArticle, Prediction, Revision

COUNTRY = re.compile(r"kazakh|казах|қазақ|qazaq", re.IGNORECASE)


def main() -> None:
    """Run the job in a temporary data folder and print what came of it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="+", type=Path)
    arguments.add_argument("--country-only", action="store_true", help="a text is relevant only if it names Kazakhstan")
    given = arguments.parse_args()
    truth = read_truth(given.files, country_only=given.country_only)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(KZMONITOR_DATA=f"{folder}/data", KZMONITOR_ALLOW_LOOPBACK="1")
        outlets = outlets_from(given.files, datetime.now(UTC))
        with Newsroom(outlets) as newsroom, store.opened(config.settings()) as database:
            declare(newsroom, Path(folder, "sources"))
            run(database, newsroom, Path(folder, "sources"))
            judge(database, outlets, truth)


def read_truth(files: list[Path], *, country_only: bool) -> dict[str, dict[str, Any]]:
    """The records by id; with `country_only` labels count only where the text names Kazakhstan."""
    truth = {}
    for record in (json.loads(line) for file in files for line in file.open(encoding="utf-8")):
        names_country = COUNTRY.search(f"{record.get('title', '')} {record['text']}") is not None
        record["relevant"] = bool(record["labels"]) and (names_country or not country_only)
        truth[record["id"]] = record
    return truth


def run(database: Database, newsroom: Newsroom, sources: Path) -> None:
    """Two crawls, one understanding, one digest; prints their times and counts."""
    declared = registry.load(sources).sources
    for turn in ("first", "second"):
        started, seen = time.perf_counter(), len(newsroom.requests)
        ended = crawl.run(list(declared), sources)
        statuses = Counter(request.status for request in newsroom.requests[seen:])
        print(f"{turn} crawl: {time.perf_counter() - started:.1f} s, answers {dict(statuses)}")
        for one in ended:
            print(f"  {one.slug}: {one.finished} {one.counts}")
        with database.session() as session:
            counts = [len(session.scalars(select(table.id)).all()) for table in (Entry, Capture)]
        print(f"  stored: {counts[0]} entries, {counts[1]} captures")
    started = time.perf_counter()
    done = understand(database, declared, config.settings(), lambda: datetime.now(UTC))
    print(f"understand: {time.perf_counter() - started:.1f} s, {done}")
    tomorrow = (datetime.now(ALMATY) + timedelta(days=1)).date()
    taxonomy = read_taxonomy(config.models_folder() / "taxonomy.yaml")
    told = digest_of(
        database, tomorrow, declared, taxonomy, config.settings(), datetime.now(UTC), out=sources.parent / "digest"
    )
    print(f"digest: {len(told.digest.items)} items, {told.digest.in_queue} in the queue, {len(told.files)} files")


def judge(database: Database, outlets: list[Outlet], truth: dict[str, dict[str, Any]]) -> None:
    """What came through, and what was flagged rightly and wrongly, by outlet and language."""
    key_of: dict[str, str] = {}
    for outlet in outlets:
        key_of |= outlet.addresses()
        key_of |= {url: record for record in outlet.addresses().values() for url in outlet.variants(record)}
    through: dict[str, list[float]] = {}
    tally: dict[tuple[str, str], Counter[str]] = {}
    query = (
        select(Article.source, Article.canonical_url, Revision, Prediction)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Prediction, Prediction.revision_id == Revision.id)
    )
    with database.session() as session:
        for source, url, revision, prediction in session.execute(query):
            record = truth[key_of[url]]
            through.setdefault(source, []).append(share(record["text"], revision.text))
            verdict = outcome(record["relevant"], prediction.tier)
            tally.setdefault((source, record.get("lang", "?")), Counter())[verdict] += 1
            if verdict.startswith(("missed", "wrong")):
                print(
                    f"  {verdict}: {record['id']} {prediction.relevance:.2f} {prediction.labels} {revision.title[:80]}"
                )
        alerts = Counter(session.scalars(select(Alert.tier)))
        grouped = len(session.scalars(select(IncidentArticle.article_id)).all())
    for source, shares in through.items():
        shares.sort()
        mean = sum(shares) / len(shares)
        print(f"{source}: {len(shares)} articles, text through: least {shares[0]:.3f}, mean {mean:.4f}")
    for (source, language), verdicts in sorted(tally.items()):
        print(f"{source} {language}: {dict(sorted(verdicts.items()))}")
    print(f"alerts by tier: {dict(alerts)}, articles in incidents: {grouped}")


def share(served: str, stored: str) -> float:
    """Share of the served words that were stored."""
    wanted, found = Counter(served.split()), Counter(stored.split())
    return (wanted & found).total() / max(1, wanted.total())


def outcome(relevant: bool, tier: str | None) -> str:
    """One of: right (tier), missed, wrong (tier), left alone."""
    if relevant:
        return f"right ({tier})" if tier else "missed"
    return f"wrong ({tier})" if tier else "left alone"


if __name__ == "__main__":
    main()
