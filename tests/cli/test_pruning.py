"""`kzmonitor prune`, as its user runs it."""

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from kzmonitor.store import Database
from kzmonitor.store.tables import LoginAttempt
from tests.cli.conftest import Run, one_line


def test_it_says_by_rule_what_it_removed(run: Run, database: Database) -> None:
    old = datetime.now(UTC) - timedelta(days=31)
    with database.session() as session:
        session.add_all(LoginAttempt(subject=b"s", client=b"c", created_at=old) for _n in range(3))
    counted = run("prune", "--dry-run")
    assert (counted.returncode, counted.stderr) == (0, "")
    assert "failed logins\t30\t3" in counted.stdout.splitlines()
    done = json.loads(run("prune", "--json").stdout)
    assert {"rule": "failed logins", "days": 30, "rows": 3} in done
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 0
    assert "KEEP_LOGINS_DAYS" in one_line(run("prune", KZMONITOR_KEEP_LOGINS_DAYS="-1"))
