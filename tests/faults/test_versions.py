"""Workers, schemas and models of different ages beside one another."""

import json
from datetime import timedelta
from typing import Any

import pytest

from kzmonitor.classify import persist, registry
from kzmonitor.classify.model import Classifier
from kzmonitor.store import engine, schema
from tests.faults.conftest import NOW, Make
from tests.faults.essence import essence
from tests.faults.machine import Machine, ended, told, until

LATER = """
    alter table revision add column later text; alter table prediction add column later integer default 7;
    alter table entry add column later boolean not null default false; create table later (id integer);
    create index ix_later on article (first_seen, id); update alembic_version set version_num = '9999'
"""


def migrate(machine: Machine) -> None:
    """Bring the schema to one that this version does not know, one change a transaction."""
    with machine.server.admin(machine.database) as connection:
        for change in LATER.split(";"):
            connection.execute(change)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_schema_that_is_behind(machine_of: Make) -> None:
    machine = machine_of("bare")
    with engine.connected(machine.url) as database:
        schema.downgrade(database.engine, "0014")
    told(machine.run("alerts"), "schema-behind")
    machine.well("db", "upgrade")
    machine.well("alerts", "--json")


@pytest.mark.slow
def test_a_migration_under_a_worker_that_is_older_than_it(
    waiting: Machine, whole: dict[str, list[Any]]
) -> None:  # fmt: skip
    """The worker waits for the migration's locks, the migration for the worker's; both end well."""
    with waiting.held("prediction"):
        process = waiting.start("understand")
        until(waiting.blocked)
    migrate(waiting)
    done = ended(process)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert waiting.rows("select version_num from alembic_version") == [("9999",)]
    assert essence(waiting) == whole
    waiting.well("understand")
    waiting.well("digest", "--dry-run")


@pytest.mark.slow
def test_a_worker_that_is_older_than_the_schema(waiting: Machine, whole: dict[str, list[Any]]) -> None:
    migrate(waiting)
    waiting.well("understand")
    assert essence(waiting) == whole


def old(model: Classifier) -> bytes:
    """The same model as an earlier version of kzmonitor would have kept it."""
    now = persist.FORMAT
    try:
        persist.FORMAT = now - 1
        return persist.save(model)
    finally:
        persist.FORMAT = now


@pytest.mark.slow
def test_a_champion_of_an_old_format(waiting: Machine, model: Classifier, whole: dict[str, list[Any]]) -> None:
    body = old(model)
    change = "update model set body = %s, sha256 = sha256(%s), version = 'old-1', state = %s returning 1"
    waiting.rows(change, body, body, "champion")
    told(waiting.run("understand"), "model-old")
    assert waiting.rows("select count(*) from prediction") == [(0,)]
    with engine.connected(waiting.url) as database, database.session() as session:
        registry.promote(session, registry.add(session, model, "candidate", NOW + timedelta(minutes=1)))
    waiting.well("understand")
    assert essence(waiting) == whole


@pytest.mark.slow
def test_a_champion_that_changes_while_a_worker_scores(waiting: Machine, model: Classifier) -> None:
    with waiting.held("prediction"):
        process = waiting.start("understand")
        until(waiting.blocked)
        with engine.connected(waiting.url) as database, database.session() as session:
            later = registry.add(session, model, "candidate", NOW + timedelta(minutes=1), {"reason": "later"})
            session.flush()
            registry.promote(session, later)
    done = ended(process)
    assert (done.returncode, done.stderr) == (0, "")
    waiting.well("understand")
    by_model = "select count(*), count(distinct revision) from prediction join model on model.id = model group by model"
    assert waiting.rows(by_model) == [(44, 44), (44, 44)]
    [(alerts, incidents)] = waiting.rows("select count(*), count(distinct incident) from alert")
    assert alerts == incidents > 5
    assert json.loads(waiting.well("understand", "--json"))["scored"] == {}
