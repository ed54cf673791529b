"""`kzmonitor watch`, and the job that the DAG runs: the same pages, once."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select, text

from kzmonitor.cli import jobs, watching
from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import FINISHED, Crawled
from kzmonitor.errors import SourceError
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.store import Database
from kzmonitor.store.tables import PageEvent
from tests.cli.conftest import Run

REPORT = "Police in Almaty detained five activists outside the mayor's office and took them to a district station.\n"


def test_a_page_behind_an_alert_is_looked_at_once_when_it_is_due(run: Run, champion: Database, tmp_path: Path) -> None:
    outlet = Outlet("dala", "plain", [Record("1", "en", "Five activists detained in Almaty", REPORT * 2)])
    folder = tmp_path / "sources"
    with Newsroom([outlet]) as newsroom:
        declare(newsroom, folder)
        assert run("collect", "--sources-dir", folder).returncode == 0
        assert run("watch", "--sources-dir", folder).stdout.strip() == "no page is due"
        assert run("understand", "--sources-dir", folder).returncode == 0
        with champion.session() as session:
            assert session.scalar(text("select count(*) from alert")) == 1
            # In place of waiting two hours, all that has happened is moved into the past.
            session.execute(text("update article set first_seen = first_seen - interval '2 hours'"))
            session.execute(text("update capture set fetched_at = fetched_at - interval '2 hours'"))
        outlet.edit("1", REPORT.replace("five", "two") * 2)
        done = run("watch", "--sources-dir", folder, "--json")
        assert json.loads(done.stdout) == [{"source": "dala", "finished": "finished", "looks": {"changed": 1}}]
        assert run("watch", "--sources-dir", folder).stdout.strip() == "no page is due"
    with champion.session() as session:
        assert session.scalars(select(PageEvent.kind)).all() == ["changed"]


def test_an_unknown_source_is_one_line(run: Run) -> None:
    done = run("watch", "nosuch")
    assert (done.returncode, done.stderr.strip()) == (2, "nosuch: no such source; see: kzmonitor sources list")


def test_the_job_counts_outcomes_and_a_broken_crawl_is_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setattr(watching.watching, "due", lambda *_given: ["a", "b"])
    well = Crawled("a", FINISHED, {"watched:good": 2, "watched:gone": 1, "retried": 1})
    monkeypatch.setattr(crawl, "run", lambda slugs, folder, work: [well, Crawled("b", FINISHED, {"watched:good": 1})])
    assert jobs.watch() == {"good": 3, "gone": 1}
    monkeypatch.setattr(crawl, "run", lambda slugs, folder, work: [well, Crawled("b", "ended by signal 9")])
    with pytest.raises(SourceError, match=r"^b: the crawl ended with: ended by signal 9$"):
        jobs.watch()
