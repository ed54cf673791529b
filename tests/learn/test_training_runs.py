"""Retrainings that people ask for: one at a time, taken once, and what became of each is told."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from kzmonitor.errors import InputError
from kzmonitor.learn import training_runs
from kzmonitor.learn.training_runs import RunView
from kzmonitor.store import Database, leases
from kzmonitor.store.tables import TrainingRun

NOW = datetime(2026, 11, 11, 9, tzinfo=UTC)


def ask(database: Database, reason: str = "new labels") -> None:
    with database.session() as session:
        training_runs.ask(session, reason, promote=True, account_id=None, now=NOW)


def shown(database: Database) -> RunView:
    with database.session() as session:
        return training_runs.runs(session)[0]


def trained(reason: str, promote: bool) -> Any:
    return SimpleNamespace(outcome="kept", version=f"v-{reason}-{promote}")


def test_what_was_asked_for_is_trained_once_and_told(database: Database) -> None:
    ask(database)
    assert shown(database).state == "waiting"
    done = training_runs.run_asked(database, trained, lambda: NOW)
    assert done is not None
    assert (done.state, done.outcome, done.version) == ("done", "kept", "v-new labels-True")
    assert training_runs.run_asked(database, trained, lambda: NOW) is None
    ask(database, "again")
    assert shown(database).reason == "again"


def test_while_it_runs_nobody_else_takes_it_and_no_other_can_be_asked_for(database: Database) -> None:
    ask(database)

    def train(reason: str, promote: bool) -> Any:
        assert shown(database).state == "running"
        assert training_runs.run_asked(database, trained, lambda: NOW) is None
        with pytest.raises(InputError, match="under way"):
            ask(database)
        return trained(reason, promote)

    assert training_runs.run_asked(database, train, lambda: NOW) is not None


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_reason_is_needed(database: Database, reason: str) -> None:
    with pytest.raises(InputError, match="say why"):
        ask(database, reason)


def test_what_stops_it_is_kept_in_one_line_and_raised(database: Database) -> None:
    ask(database)

    def broken(reason: str, promote: bool) -> Any:
        raise InputError("models/seed/ru.jsonl:3: not JSON\nmore of it")

    with pytest.raises(InputError):
        training_runs.run_asked(database, broken, lambda: NOW)
    found = shown(database)
    assert (found.state, found.line) == ("failed", "models/seed/ru.jsonl:3: not JSON")
    ask(database)


def test_a_run_whose_process_died_is_taken_over_once_and_fails_the_second_time(database: Database) -> None:
    ask(database)
    for _death in range(2):
        with leases.holder(database.engine) as holder, database.session() as session:
            assert training_runs._take(session, holder, NOW) is not None
            session.execute(update(TrainingRun).values(holder=None))  # as if its process were gone
    assert training_runs.run_asked(database, trained, lambda: NOW) is None
    found = shown(database)
    assert (found.state, found.ended_at) == ("failed", NOW)
    assert "died" in (found.line or "")


def test_whoever_was_taken_for_dead_changes_nothing(database: Database) -> None:
    ask(database)

    def slow(reason: str, promote: bool) -> Any:
        with database.session() as session:
            session.execute(update(TrainingRun).values(holder=1, lease_until=NOW + timedelta(days=9000)))
        return trained(reason, promote)

    done = training_runs.run_asked(database, slow, lambda: NOW)
    assert done is not None
    assert (done.state, done.outcome) == ("running", None)
