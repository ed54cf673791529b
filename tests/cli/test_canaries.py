"""`kzmonitor canary`: a known article is fetched again by the ordinary way, and what changed is named."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from kzmonitor.collect.articles import cut_waiting
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.sources import registry
from kzmonitor.store import Database
from kzmonitor.store.tables import Canary, Capture
from tests.cli.conftest import Run

TEXT = "The city council spoke for an hour about new lamps along the river and the price of them.\n" * 12


def later(database: Database, table: str, column: str, by: str) -> None:
    with database.session() as session:
        session.execute(text(f"update {table} set {column} = {column} - interval '{by}'"))


def captured(database: Database) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(Capture)) or 0


@pytest.mark.slow
def test_a_known_article_is_fetched_again_and_what_changed_is_named(
    run: Run, database: Database, tmp_path: Path
) -> None:
    outlet = Outlet("dala", "plain", [Record("1", "en", "New lamps along the river", TEXT)])
    folder = tmp_path / "sources"
    with Newsroom([outlet]) as newsroom:
        declare(newsroom, folder)
        assert run("collect", "--sources-dir", folder).returncode == 0
        with database.session() as session:
            assert cut_waiting(session, registry.load(folder).sources) == {"revision": 1}
        assert run("canary", "--sources-dir", folder).stdout.strip() == "no canary is due"
        later(database, "article", "first_seen", "3 days")
        before = captured(database)
        done = run("canary", "--sources-dir", folder, "--json")
        assert json.loads(done.stdout) == [{"source": "dala", "finished": "finished", "states": {"ok": 1}}]
        assert run("canary", "--sources-dir", folder).stdout.strip() == "no canary is due"
        outlet.edit("1", TEXT * 2)
        later(database, "canary", "looked_at", "1 day")
        done = run("canary", "--sources-dir", folder, "--json")
        assert json.loads(done.stdout)[0]["states"] == {"length": 1}
    with database.session() as session:
        canary = session.scalars(select(Canary)).one()
        assert (canary.state, canary.seen_title) == ("length", "New lamps along the river")
        assert canary.seen_words == 2 * canary.words
    # Nothing was kept of the looks: they show a page that is kept already.
    assert captured(database) == before
