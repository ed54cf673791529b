"""Understanding can be killed at any moment and run again: no article lost, none twice, no alert twice."""

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import func, select

from kzmonitor.classify import registry as models
from kzmonitor.classify.labelled import read_jsonl
from kzmonitor.collect import captures, entries
from kzmonitor.collect.feeds import Item
from kzmonitor.config import Settings
from kzmonitor.incidents.understand import understand
from kzmonitor.newsroom import Outlet, demo_files, outlets_from
from kzmonitor.newsroom.pages import article_page
from kzmonitor.sources.declaration import Declaration, read
from kzmonitor.store import Database
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Capture,
    Entry,
    Incident,
    IncidentArticle,
    Prediction,
    Revision,
    Table,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = (Article, Revision, Prediction, Incident, IncidentArticle, Alert, AlertEvent)


@pytest.fixture
def outlets() -> list[Outlet]:
    return outlets_from(demo_files(), NOW)


@pytest.fixture
def declarations(outlets: list[Outlet], tmp_path: Path) -> dict[str, Declaration]:
    """As the newsroom would declare them, were it listening."""
    declared = {}
    for outlet in outlets:
        path = tmp_path / f"{outlet.slug}.yml"
        path.write_text(
            f"name: {outlet.name}\nlanguages: [ru, kk, en]\nhosts: ['127.0.0.1:0']\nfeeds: ['http://127.0.0.1:0/']\n"
        )
        declared[outlet.slug] = read(path)
    return declared


def captured(database: Database, outlets: list[Outlet], declarations: dict[str, Declaration]) -> int:
    """Pages of the newsroom as collecting leaves them; how many."""
    with database.session() as session:
        for outlet in outlets:
            declaration = declarations[outlet.slug]
            entries.register(session, declaration)
            session.flush()
            for article in outlet.articles():
                url = f"http://127.0.0.1:0{article.address}"
                entries.add(session, declaration, [Item(url, article.record.title, article.published)], NOW)
                entry = session.scalars(select(Entry).where(Entry.url == url)).one()
                page = article_page(outlet, article).encode()
                received = captures.Received(
                    url,
                    entry.canonical_url,
                    "direct",
                    NOW,
                    200,
                    {"Content-Type": ["text/html; charset=utf-8"]},
                    (),
                    page,
                )
                entry.capture_id = captures.keep(session, outlet.slug, received)
                entry.state = "fetched"
        return session.scalar(select(func.count()).select_from(Entry)) or 0


def counts(database: Database) -> dict[str, int]:
    with database.session() as session:
        return {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in ALL}


def grouping(database: Database) -> Counter[frozenset[str]]:
    """Which articles (by key) share an incident: the same however often the work was interrupted."""
    with database.session() as session:
        rows = session.execute(select(IncidentArticle.incident_id, Article.key).join(Article))
        groups: dict[object, set[str]] = {}
        for incident, key in rows:
            groups.setdefault(incident, set()).add(key)
        return Counter(frozenset(group) for group in groups.values())


def done_in_one_go(database: Database, declarations: dict[str, Declaration]) -> None:
    understand(database, declarations, Settings(_env_file=None), lambda: NOW)  # type: ignore[call-arg]


def test_the_demo_is_understood_from_capture_to_alert(
    champion: Database, outlets: list[Outlet], declarations: dict[str, Declaration]
) -> None:
    pages = captured(champion, outlets, declarations)
    done_in_one_go(champion, declarations)
    found = counts(champion)
    assert found["article"] == found["revision"] == found["prediction"] == pages
    assert found["alert"] == found["incident"] > 5
    assert found["incident_article"] > found["incident"], "the demo holds copies"


def test_understanding_again_finds_nothing_to_do(
    champion: Database, outlets: list[Outlet], declarations: dict[str, Declaration]
) -> None:
    captured(champion, outlets, declarations)
    done_in_one_go(champion, declarations)
    before = counts(champion)
    done_in_one_go(champion, declarations)
    assert counts(champion) == before


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import make_url
from kzmonitor.classify import scoring
from kzmonitor.collect import articles
from kzmonitor.config import Settings
from kzmonitor.incidents import candidates, duplicates, grouping, understand
from kzmonitor.sources import registry
from kzmonitor.store import engine

address, sources, transactions, moment = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
STEPS = ((articles, "cut_waiting"), (duplicates, "index_waiting"), (scoring, "score_waiting"),
         (candidates, "note_clues"), (candidates, "judge_pairs"), (grouping, "group_waiting"))
for step, name in STEPS:
    function = getattr(step, name)
    function.__defaults__ = (*function.__defaults__[:-1], 3)  # small batches: more moments to be killed at
begun = 0
open_session = engine.Database.session

@contextmanager
def session(self):
    global begun
    begun += 1
    with open_session(self) as opened:
        yield opened
        if begun == transactions and moment == "before":
            opened.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    if begun == transactions:
        os.kill(os.getpid(), signal.SIGKILL)

engine.Database.session = session
with engine.connected(make_url(address)) as database:
    understand.understand(database, registry.load(sources).sources, Settings(_env_file=None),
                          lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
"""


# After how many transactions, and whether before or after the last one's commit.
MOMENTS = [
    *((1, "before"), (2, "after"), (3, "before"), (9, "after"), (4, "before"), (3, "after")),
    *((7, "before"), (2, "before"), (5, "after"), (4, "after"), (6, "before"), (3, "before")),
]


@pytest.mark.slow
def test_killed_at_ten_moments_and_run_again_it_ends_where_one_run_would_have(
    champion: Database, outlets: list[Outlet], declarations: dict[str, Declaration], tmp_path: Path
) -> None:
    pages = captured(champion, outlets, declarations)
    done_in_one_go(champion, declarations)
    expected, expected_groups = counts(champion), grouping(champion)
    with champion.session() as session:
        of_incidents = ("alert_event", "alert", "proceeding", "party", "incident_article", "incident")
        of_articles = ("clue_token", "article_clue", "article_pair", "article_band", "article_signature", "prediction")
        for table in (*of_incidents, *of_articles):
            session.execute(Table.metadata.tables[table].delete())
        session.execute(Table.metadata.tables["article"].update().values(current_revision=None))
        session.execute(Table.metadata.tables["revision"].delete())
        session.execute(Table.metadata.tables["article"].delete())
        session.execute(Table.metadata.tables["entry"].update().values(cut_id=None))
    address = champion.url.render_as_string(hide_password=False)
    kills = 0
    for transactions, moment in MOMENTS:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, address, str(tmp_path), str(transactions), moment],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""}, capture_output=True, text=True,
        )  # fmt: skip
        assert killed.returncode in (-9, 0), killed.stderr
        kills += killed.returncode == -9
    assert kills >= 10
    done_in_one_go(champion, declarations)
    assert counts(champion) == expected
    assert expected["article"] == pages
    assert grouping(champion) == expected_groups


def test_a_model_that_was_tampered_with_is_not_used(champion: Database) -> None:
    with champion.session() as session:
        model = models.champion(session, NOW)
        model.body = model.body[:-1] + bytes([model.body[-1] ^ 1])
        with pytest.raises(Exception, match="does not match its hash"):
            models.classifier(model)


def test_the_demo_corpus_is_valid(tmp_path: Path) -> None:
    for file in demo_files():
        texts = read_jsonl(file)
        assert len({text.id for text in texts}) == len(texts) > 10


def test_a_capture_that_was_changed_in_the_database_is_named(
    champion: Database, outlets: list[Outlet], declarations: dict[str, Declaration]
) -> None:
    captured(champion, outlets[:1], declarations)
    with champion.session() as session:
        capture = session.scalars(select(Capture).limit(1)).one()
        capture.body = zstandard.compress(b"something else")
        changed = capture.id
        assert capture.sha256 != sha256(b"something else").digest()
    done_in_one_go(champion, declarations)
    with champion.session() as session:
        entry = session.scalars(select(Entry).where(Entry.capture_id == changed)).one()
        assert entry.error == "tampered"
