"""No query without an index: what the product sends, and the plan that PostgreSQL makes of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import URL

from kzmonitor.classify.model import Classifier
from kzmonitor.config import Settings
from kzmonitor.store import engine, schema
from kzmonitor.store.tables import Table, new_id
from tests.conftest import empty_database
from tests.store import plan_work, plans
from tests.store.plans import Sent

pytestmark = pytest.mark.slow
# Tables that never get large, each with its reason; all others grow with the articles, those of later versions too.
SMALL = {
    "source": "outlets", "host": "outlets", "canary": "one for each outlet", "backfill": "outlets", "model": "versions",
    "training_run": "versions", "figure": "one for each chart that was looked at", "account": "people",
    "saved_view": "people", "session": "logins, and pruned", "token": "people", "recovery_code": "people",
    "invitation": "people", "login_attempt": "a day of failures", "oidc_login": "minutes", "subscriber": "people",
    "request": "letters of people", "missed_report": "letters of people", "manifest": "one a day",
    "coverage": "outlets and languages, one a day", "campaign": "patterns over incidents",
}  # fmt: skip
GROWING = [table.name for table in Table.metadata.sorted_tables if table.name not in SMALL]
# Who reads a whole table by nature, and why that is right there.
BY_NATURE = {
    ("evidence.manifests._close_day", "capture"): "once a day: a capture that was stored late must not be left out",
    ("evidence.manifests._close_day", "manifest_leaf"): "the other side of that",
    ("digest.background._in_queue", "review"): "once a day: how many alerts wait, of all that there ever were",
    ("digest.background._in_queue", "incident"): "the same",
    ("incidents.search.parties", "party"): "of a name that most of them have the first fifty are soon found",
    ("incidents.campaign_keeping.happened", "incident"): "campaigns are patterns over years of incidents",
    ("incidents.campaign_keeping.happened", "alert"): "the same",
    ("incidents.campaign_keeping.happened", "proceeding"): "the same",
    ("incidents.campaign_keeping.happened", "incident_article"): "the same",
    ("incidents.campaign_keeping.happened", "article"): "the same",
    ("incidents.freshness.freshness", "incident"): "all alerts of four weeks; kept for ten minutes",
    ("incidents.freshness.freshness", "article"): "the same",
    ("incidents.freshness.freshness", "revision"): "the same",
    ("incidents.ranking.counts", "alert_rank"): "counts all alerts, in the narrowest table; kept for five seconds",
    ("incidents.ranking.number", "alert_rank"): "counts the alerts of a list; kept for five seconds",
    ("learn.figures._counted", "alert"): "all incidents of up to a year; kept for ten minutes",
    ("learn.figures._targets", "proceeding"): "the same",
    ("learn.figures._actors", "alert"): "the same",
    ("learn.missed.missed", "revision"): "all unflagged articles of up to a year; kept for twelve hours",
    ("learn.votes.votes", "review"): "all that people said, for that estimate and for training",
    ("store.metrics._Standing.collect", "alert_rank"): "counts all alerts, in the narrowest table",
    ("store.partitions.empty_months", "capture"): "asks whether there is a row: the first one ends it",
    ("store.partitions.empty_months", "prediction"): "the same",
}

# Read a tenth of a table: the planner may go either way.
EITHER_WAY = {
    "learn.figures._counted", "learn.figures._targets", "learn.figures._actors", "incidents.freshness.freshness",
    "digest.background._in_queue", "incidents.search.parties",
}  # fmt: skip


@dataclass(frozen=True)
class Day:
    """The statements of a day, and the connection that explains them as if the tables were large."""

    sent: list[Sent]
    unopened: set[str]
    names: dict[str, str]
    connection: psycopg.Connection


@pytest.fixture(scope="module")
def day(
    server: URL, administrator: str, trained: Classifier, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("plans")
    settings = Settings(_env_file=None, data=folder, keep_texts_days=plan_work.KEPT_DAYS)  # type: ignore[call-arg]
    with (
        empty_database(administrator, server.username, "plans") as name,
        engine.connected(server.set(database=name)) as database,
    ):
        schema.upgrade(database.engine)
        there = psycopg.conninfo.make_conninfo(administrator, dbname=name)
        plan_work.build(database, there, trained)
        with plans.listening(database) as ear:
            plan_work.jobs(database, settings, folder)
            unopened = plan_work.pages(database)
        with plans.grown(there, GROWING) as connection:
            yield Day(list(ear.sent.values()), unopened, plans.growing_names(connection, GROWING), connection)


def test_all_pages_were_opened(day: Day) -> None:
    assert day.unopened == set()


def test_every_table_that_grows_has_rows_to_judge_by(day: Day) -> None:
    assert set(GROWING) - set(day.names.values()) == set()


def test_no_statement_reads_the_whole_of_a_table_that_grows(day: Day) -> None:
    found = [one for sent in day.sent for one in plans.whole_tables(day.connection, sent, day.names)]
    assert len(day.sent) > 400
    assert [str(one) for one in found if (one.by, one.table) not in BY_NATURE] == []
    # And nobody stays on the list who mended his ways.
    if on_the_embedded_server():
        assert {by for by, _table in BY_NATURE} - {one.by for one in found} - EITHER_WAY == set()


def on_the_embedded_server() -> bool:
    """Planners of other versions choose a little differently among what is allowed."""
    return "KZMONITOR_TEST_DATABASE_URL" not in os.environ


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("select count(*) from revision where author = %(who)s", "revision"),
        ("select id from article where first_seen + interval '1 hour' > now()", "article"),
        ("update entry set title = null where title = %(who)s", "entry"),
        ("delete from review where note = %(who)s", "review"),
        ("select 1 from alert where exists (select from capture where url = %(who)s)", "capture"),
        ("select id from prediction join revision on id = revision where fields ? 'x'", "prediction"),
        ("select max(length(title)) from incident group by region order by region", "incident"),
        ("select id from article order by first_seen", "article"),
    ],
)
def test_a_statement_without_an_index_is_found(day: Day, statement: str, table: str) -> None:
    found = plans.whole_tables(day.connection, Sent("planted", statement, {"who": "somebody"}), day.names)
    assert table in {one.table for one in found}


@pytest.mark.parametrize(
    "statement",
    [
        "select title from revision where id = %(id)s",
        "select id from article order by first_seen desc limit 50",
        "select count(*) from entry where state in ('found', 'leased')",
        "select n.id from incident n join alert a on a.incident = n.id where a.id = %(id)s",
        "select id from review where subject = 'alert' and subject_id = any(array[%(id)s::uuid])",
        "select * from source",
    ],
)
def test_a_statement_with_an_index_is_not(day: Day, statement: str) -> None:
    assert plans.whole_tables(day.connection, Sent("planted", statement, {"id": new_id()}), day.names) == []
