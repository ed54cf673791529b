from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from kzmonitor.collect import captures, entries
from kzmonitor.collect.feeds import Item
from kzmonitor.config import Settings
from kzmonitor.incidents import sharing
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, ArticleSignature, Entry, Prediction, Revision

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
PATIENCE_S = 300
OUTLET = Declaration.model_validate(
    {
        "slug": "dala",
        "name": "Dala",
        "kind": "outlet",
        "languages": ["en"],
        "hosts": ["dala.example"],
        "feeds": ["https://dala.example/rss"],
        "layouts": [{"title": "h1", "body": "p", "time": "time"}],
    }
)
PAGE = "<html><body><h1>Report {n} of a quiet day</h1><time>2026-11-20</time><p>{text}</p></body></html>"


def captured(database: Database, count: int) -> None:
    """So many pages wait to be cut."""
    with database.session() as session:
        entries.register(session, OUTLET)
        entries.add(session, OUTLET, [Item(f"https://dala.example/news/{n}") for n in range(count)], NOW)
    with database.session() as session:
        for n, entry in enumerate(session.scalars(select(Entry).order_by(Entry.id))):
            text = " ".join(f"word{n}{place} stands here" for place in range(30))
            received = captures.Received(
                url=entry.url, canonical_url=entry.canonical_url, route="direct", fetched_at=NOW, status=200,
                headers={"Content-Type": ["text/html; charset=utf-8"]}, hops=[],
                body=PAGE.format(n=n, text=text).encode(),
            )  # fmt: skip
            entry.capture_id = captures.keep(session, OUTLET.slug, received)
            entry.state = "fetched"


def shares(database: Database, most: int) -> int:
    with database.session() as session:
        return sharing.shares(session, {OUTLET.slug}, Settings(shares=most), NOW)


def test_a_backlog_is_split_and_a_calm_minute_is_not(champion: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "WORTH_A_SHARE", 4)
    assert shares(champion, 8) == 0
    captured(champion, 7)
    assert shares(champion, 8) == 0  # one task does it best
    captured(champion, 13)
    assert shares(champion, 8) == 3
    assert shares(champion, 2) == 2
    assert shares(champion, 1) == 0


def test_texts_that_wait_to_be_scored_count_as_well(champion: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "WORTH_A_SHARE", 4)
    captured(champion, 12)
    sharing.extract(champion, {OUTLET.slug: OUTLET})
    assert shares(champion, 8) == 3
    sharing.score(champion, Settings(), lambda: NOW)
    assert shares(champion, 8) == 0


def test_shares_at_one_time_do_each_article_once(champion: Database) -> None:
    captured(champion, 90)
    together = Barrier(3, timeout=PATIENCE_S)  # one that fails must not keep the others waiting

    def share() -> tuple[int, int]:
        together.wait()
        cut = sharing.extract(champion, {OUTLET.slug: OUTLET})
        together.wait()
        return cut["revision"], sharing.score(champion, Settings(), lambda: NOW + timedelta(minutes=1)).total()

    with ThreadPoolExecutor(3) as pool:
        done = [share.result() for share in [pool.submit(share) for _share in range(3)]]
    assert [sum(each) for each in zip(*done, strict=True)] == [90, 90]
    assert [counted(champion, table) for table in (Article, Revision, ArticleSignature, Prediction)] == [90] * 4


def counted(database: Database, table: Any) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
