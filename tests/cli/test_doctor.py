"""The doctor finds what was planted, and says what to do."""

import json
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kzmonitor.cli import doctor
from kzmonitor.sources import coverage
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database, schema
from kzmonitor.store.tables import (
    Alert,
    Canary,
    Coverage,
    IncidentArticle,
    Model,
    Poll,
    Revision,
    Source,
)
from tests.cli.conftest import Run


def faults(run: Run, *arguments: object, **environment: str) -> dict[str, str]:
    done = run("doctor", "--json", *arguments, **environment)
    assert "Traceback" not in done.stderr, done.stderr
    found = {finding["what"]: finding["fault"] for finding in json.loads(done.stdout) if finding["fault"]}
    assert done.returncode == (1 if found else 0)
    return found


def test_a_sound_installation_has_no_fault(run: Run, champion: Database) -> None:
    assert faults(run) == {}


def test_five_planted_faults_are_found(run: Run, champion: Database, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data").chmod(0o755)
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "broken.yml").write_text("name: x\nhost: y\n")
    shutil.copy(Path(__file__).parents[2] / "kzmonitor/sources/declarations/vlast.yml", sources)
    with champion.session() as session:
        session.execute(update(Model).values(body=b"something else"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        found = faults(
            run, "--sources-dir", sources,
            KZMONITOR_PROXY=f"http://127.0.0.1:{port}", KZMONITOR_SMTP_URL=f"smtp://127.0.0.1:{port}",
            KZMONITOR_MAIL_FROM="desk@example.org",
        )  # fmt: skip
    assert set(found) == {"data folder", "declaration", "proxy", "mail", "model"}
    assert "chmod 700" in found["data folder"]
    assert "broken.yml:2" in found["declaration"]
    assert "does not match its hash" in found["model"]


def test_an_old_schema_is_found(run: Run, database: Database) -> None:
    schema.downgrade(database.engine, "0001")
    try:
        assert "kzmonitor db upgrade" in faults(run)["schema"]
    finally:
        schema.upgrade(database.engine)


def test_a_silent_source_is_found_with_advice(run: Run, champion: Database) -> None:
    with champion.session() as session:
        session.add(Source(slug="vlast", name="V", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
        session.flush()
        session.add(Poll(source="vlast", url="https://vlast.kz/feed/", started="2026-11-20T00:00:00Z", state="tiny"))
    assert "retired" in faults(run)["vlast"]


def test_a_database_that_is_gone_is_found(run: Run) -> None:
    assert "does not answer" in faults(run, KZMONITOR_DATABASE_URL="postgresql://u:p@127.0.0.1:1/x")["database"]


def test_a_canary_and_a_day_below_its_norm_are_found_with_what_to_do(
    session: Session, report: Callable[..., Alert]
) -> None:
    now = datetime.now(UTC)
    declared = Declaration(slug="vlast", name="V", languages=["ru"], hosts=["a.example"], feeds=["https://a.example/"])
    alert = report(session, "T", "T", at=now, source="vlast")
    told = session.scalars(select(IncidentArticle).where(IncidentArticle.incident_id == alert.incident_id)).one()
    revision = session.scalars(select(Revision).where(Revision.article_id == told.article_id)).one()
    session.add(
        Canary(
            source="vlast", article_id=told.article_id, capture_id=revision.capture_id, title="T", words=9,
            chosen_at=now, looked_at=now, since=now, state="length",
        )
    )  # fmt: skip
    yesterday = coverage.day_of(now) - timedelta(days=1)
    for weeks in range(9):
        articles = 50 if weeks else 3
        day = yesterday - timedelta(weeks=weeks)
        session.add(Coverage(day=day, source="vlast", language="ru", articles=articles, counted_at=now))
    session.flush()
    found = {one.what: one.fault for one in doctor._sources(session, {"vlast": declared})}
    assert set(found) == {"vlast: canary", "vlast: articles", "ru: articles"}
    assert "has the layout of the page changed?" in (found["vlast: canary"] or "")
    assert (found["vlast: articles"] or "").startswith(f"3 on {yesterday}, at least ")
