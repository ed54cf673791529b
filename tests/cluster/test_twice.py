"""A task that is taken for dead may run on to its end while it is done again elsewhere: two bodies at once are one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from kzmonitor import newsroom
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, AlertEvent, Article, Capture, Entry, Incident, Prediction, Revision

pytestmark = pytest.mark.slow
MOMENT = "datetime(2026, 11, 22, 3, tzinfo=UTC)"


@pytest.fixture
def environment(champion: Database, tmp_path: Path) -> Iterator[dict[str, str]]:
    """That of a worker whose three sources are the bundled newsroom's."""
    address = champion.url.set(drivername="postgresql").render_as_string(hide_password=False)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KZMONITOR_")}
    with newsroom.Newsroom(newsroom.outlets_from(newsroom.demo_files(), datetime.now(UTC))) as running:
        newsroom.declare(running, tmp_path / "sources", every_minutes=600)
        yield kept | {
            "KZMONITOR_DATABASE_URL": address,
            "KZMONITOR_DATA": str(tmp_path / "data"),
            "KZMONITOR_SOURCES_DIR": str(tmp_path / "sources"),
            "KZMONITOR_ALLOW_LOOPBACK": "1",
            "KZMONITOR_ENV_FILE": os.devnull,
        }


def twice(body: str, environment: dict[str, str]) -> None:
    """The body of a task in two processes at once, as two workers run it; both end well."""
    code = f"from datetime import UTC, datetime; from kzmonitor.cli import jobs; jobs.{body}"
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)
        for _worker in range(2)
    ]
    said = [process.communicate(timeout=600)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said


def count(database: Database, table: Any) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_two_bodies_of_a_task_do_its_work_once(champion: Database, environment: dict[str, str], tmp_path: Path) -> None:
    for source in sorted(path.stem for path in (tmp_path / "sources").glob("*.yml")):
        twice(f"poll({source!r})", environment)
    with champion.session() as session:
        addresses = session.scalars(select(Entry.canonical_url)).all()
        fetched = session.scalars(select(Capture.canonical_url).where(Capture.canonical_url.in_(addresses))).all()
    assert len(addresses) == 44
    assert sorted(fetched) == sorted(addresses)

    for body in ("extract(1)", "score(1)", "understand()"):
        twice(body, environment)
    assert [count(champion, table) for table in (Article, Revision, Prediction)] == [44] * 3
    alerts = count(champion, Alert)
    assert 0 < alerts <= count(champion, Incident)
    with champion.session() as session:
        opened = session.scalar(select(func.count()).where(AlertEvent.kind == "opened"))
    assert opened == alerts

    twice(f"digest({MOMENT})", environment)
    assert len(list((tmp_path / "data/digests").iterdir())) == 6
