"""`kzmonitor verify`: what it says, and with which exit code."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from kzmonitor.evidence import erasure, manifests
from kzmonitor.store import Database
from tests.cli.conftest import Run, one_line
from tests.evidence.conftest import MONDAY, NOON, captured

DAY = timedelta(days=1)
HOSTILE = "https://vlast.example/\u202e\x1b[2J" + "a" * 400


@pytest.fixture
def closed(database: Database) -> list[UUID]:
    """Three captures of a closed day, one of them under an address that would like to move the cursor."""
    with database.session() as session:
        ids = [captured(session, url=url) for url in ("https://vlast.example/1", "https://vlast.example/2", HOSTILE)]
    manifests.close(database, NOON + DAY)
    return ids


def test_when_everything_matches_it_says_so_and_prints_the_root(
    run: Run, database: Database, closed: list[UUID]
) -> None:
    done = run("verify")
    assert (done.returncode, done.stderr) == (0, "")
    with database.session() as session:
        seal = manifests.seal(session, MONDAY)
    assert seal is not None
    assert f"root of 2026-11-16: {seal.grouped}" in done.stdout
    assert "everything matches" in done.stdout


def test_what_does_not_match_has_a_line_of_its_own_and_exit_code_1(
    run: Run, database: Database, closed: list[UUID]
) -> None:
    with database.session() as session:
        session.execute(text("update capture set status = 404 where id = :id"), {"id": closed[0]})
        session.execute(text("update capture set body = set_byte(body, 12, 0) where id = :id"), {"id": closed[2]})
        session.execute(text("delete from capture where id = :id"), {"id": closed[1]})
    done = run("verify", "--day", "2026-11-16")
    assert (done.returncode, done.stderr) == (1, "")
    lines = {str(capture): line for capture in closed for line in done.stdout.splitlines() if str(capture) in line}
    assert lines[str(closed[0])].endswith("https://vlast.example/1 (manifest of 2026-11-16): changed: status")
    assert lines[str(closed[1])].endswith("the capture is gone")
    assert lines[str(closed[2])].endswith("changed: body")
    assert "\u202e" not in done.stdout
    assert "\x1b" not in done.stdout
    assert "3 things do not match" in done.stdout


def test_an_erased_body_is_told_with_its_rule_and_is_no_fault(run: Run, database: Database, closed: list[UUID]) -> None:
    with database.session() as session:
        erasure.erase(session, closed[0], "court order 12/2026", NOON + DAY)
    done = run("verify")
    assert done.returncode == 0
    assert f"capture {closed[0]}, https://vlast.example/1: erased by rule on 2026-11-17: court order" in done.stdout


def test_programs_read_all_of_it(run: Run, database: Database, closed: list[UUID]) -> None:
    with database.session() as session:
        erasure.erase(session, closed[0], "rule", NOON + DAY)
        session.execute(text("update capture set status = 404 where id = :id"), {"id": closed[1]})
        captured(session, at=NOON + DAY)
    done = run("verify", "--json", LANGUAGE="ru")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["ok"], told["captures"], told["waiting"]) == (False, 4, 1)
    assert [(one["state"], one["parts"], one["capture"]) for one in told["problems"]] == [
        ("changed", ["status"], str(closed[1]))
    ]
    assert told["erased"][0]["why"] == "rule"
    assert (told["days"][0]["day"], len(told["days"][0]["root"])) == ("2026-11-16", 64)


@pytest.mark.parametrize("day", ["2026-11-17", "16.11.2026", "2026-02-30", "x"])
def test_a_day_that_cannot_be_checked_is_one_line_and_exit_code_2(run: Run, closed: list[UUID], day: str) -> None:
    done = run("verify", "--day", day)
    assert done.returncode == 2
    assert day in one_line(done)


def test_before_the_first_closing_it_says_how_days_are_closed(run: Run) -> None:
    assert run("verify").returncode == 0
    done = run("verify", "--day", "2026-11-16")
    assert done.returncode == 2
    assert "kzmonitor digest" in one_line(done)
