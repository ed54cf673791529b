"""Retraining and the registry as their user runs them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from kzmonitor.classify import registry
from kzmonitor.cli import jobs, learning
from kzmonitor.learn import retrain as retraining
from kzmonitor.learn.retrain import World
from kzmonitor.store import Database
from kzmonitor.store.tables import Account, Alert, Review, Revision, new_id
from tests.cli.conftest import Run, one_line


@pytest.fixture
def small(database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """A world of few texts in place of the shipped one, and the champion that its seed makes."""
    shipped = retraining.shipped()
    world = World(shipped.seed[::12], shipped.frozen[::3], shipped.taxonomy)
    monkeypatch.setattr(retraining, "shipped", lambda: world)
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", address)
    monkeypatch.setenv("LANGUAGE", "en")
    with database.session() as session:
        return registry.add(session, world.seed_model, "champion", datetime(2026, 11, 1, tzinfo=UTC)).version


def test_without_reviews_there_is_nothing_new_to_learn(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    learning.retrain(json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["version"], told["compared_with"]) == ("known", small, small)
    assert told["gate"]["passed"] is True
    assert {one["on"] for one in told["gate"]["comparisons"]} == {"frozen"}
    assert {one["difference"] for one in told["gate"]["comparisons"]} <= {0.0, None}


def test_a_dry_run_prints_the_comparison_and_the_verdict(
    small: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    learning.retrain(dry_run=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("\t")[:4] == ["set", "figure", "of", "events"]
    assert any(line.startswith("frozen events\trecall at mail\tkk\t") for line in lines)
    assert lines[-1] == "dry run, nothing was kept; no language and no core label got worse beyond noise"
    with database.session() as session:
        assert [model.version for model in registry.versions(session)] == [small]


def test_what_was_left_out_and_why_is_said_line_by_line(
    small: str, database: Database, report: Callable[..., Alert], capsys: pytest.CaptureFixture[str]
) -> None:
    with database.session() as session:
        alert = report(session, "Обыск в редакции", "В Алматы прошёл обыск.", at=datetime(2026, 11, 1, tzinfo=UTC))
        told = session.scalars(select(Revision)).one()
        for name, labels in (("anna", ["raid"]), ("berik", None)):
            reader = Account(id=new_id(), pseudonym=name, role="reviewer", password_hash=None, disabled_at=None)
            session.add(reader)
            session.flush()
            session.add(
                Review(
                    account_id=reader.id, subject="alert", subject_id=alert.id, revision_id=told.id, labels=labels,
                    decision="correct" if labels else "reject", created_at=datetime(2026, 11, 2, tzinfo=UTC),
                )
            )  # fmt: skip
    learning.retrain(dry_run=True)
    out = capsys.readouterr().out
    assert "1 text is left out: its readers are at odds and nobody adjudicated" in out
    assert "relevance\tanna / berik\t1\t0\t0.000\t0.000" in out


def test_the_job_says_what_came_of_it(small: str) -> None:
    assert jobs.retrain("weekly", promote=True) == {"outcome": "known", "version": small}


@pytest.mark.parametrize(
    ("arguments", "told"), [(("--force",), "--reason"), (("--force", "--reason", "x", "--dry-run"), "contradict")]
)
def test_forcing_needs_a_reason_and_does_something(run: Run, arguments: tuple[str, ...], told: str) -> None:
    done = run("retrain", *arguments)
    assert done.returncode == 2
    assert told in one_line(done)


def test_the_champion_shows_what_it_missed_and_drift(run: Run, small: str) -> None:
    told = json.loads(run("model", "show").stdout)
    assert (told["version"], told["state"]) == (small, "champion")
    assert told["missed"] | {"since": "", "until": ""} == {
        "since": "", "until": "", "strata": [], "reported": 0, "known": 0, "unaudited": [],
        "estimate": None, "low": None, "high": None,
    }  # fmt: skip
    assert [one["language"] for one in told["drift"]["inputs"]] == ["ru", "kk", "en"]


def test_two_versions_are_compared_on_held_out_events_or_on_a_file(run: Run, small: str, tmp_path: Path) -> None:
    done = run("model", "compare", small, small, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passed"] is True
    data = tmp_path / "data.jsonl"
    rows = [{"id": str(number), "lang": "en", "text": f"Weather {number}", "labels": []} for number in range(12)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = run("model", "compare", small, small, data).stdout
    assert "data.jsonl\tirrelevant kept out of mail\ten\t12\t1.000\t1.000\t+0.000" in table
