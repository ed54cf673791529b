"""A real PostgreSQL for the tests: one server a run, one database a worker, empty again after each test."""

import hashlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import hypothesis
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url, select, text
from sqlalchemy.orm import Session

from bench.surroundings import baseline
from kzmonitor.classify import registry, scoring
from kzmonitor.classify.model import Classifier
from kzmonitor.store import Database, embedded, engine, schema
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Capture,
    Incident,
    IncidentArticle,
    Model,
    Prediction,
    Revision,
    Source,
    Table,
    new_id,
)

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
# How long an example takes says how busy the machine is; where time is promised, a test asks for it by itself.
hypothesis.settings.register_profile(
    "patient", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")
# A shell lets what it starts in the background ignore Ctrl-C, and so would all that is started and interrupted here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """An empty database for this worker, on the embedded server, or on that of KZMONITOR_TEST_DATABASE_URL
    (whose role must be allowed to create databases)."""
    elsewhere = os.environ.get("KZMONITOR_TEST_DATABASE_URL")
    if elsewhere:
        address = make_url(elsewhere).set(drivername="postgresql")
        with empty_database(address.render_as_string(hide_password=False)) as name:
            yield address.set(drivername="postgresql+psycopg", database=name)
        return
    temporary = tmp_path_factory.getbasetemp()
    home = (temporary if WORKER == "main" else temporary.parent) / "embedded"
    with embedded.running(home) as cluster, empty_database(cluster.superuser_dsn(), "kzmonitor") as name:
        yield cluster.url().set(database=name)
    if not embedded.is_running(cluster):
        shutil.rmtree(cluster.server_home, ignore_errors=True)


@pytest.fixture(scope="session")
def administrator(server: URL, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The connection string of a role that may make databases and roles on the server of the tests."""
    elsewhere = os.environ.get("KZMONITOR_TEST_DATABASE_URL")
    if elsewhere:
        return make_url(elsewhere).set(drivername="postgresql").render_as_string(hide_password=False)
    temporary = tmp_path_factory.getbasetemp()
    return embedded.Cluster((temporary if WORKER == "main" else temporary.parent) / "embedded").superuser_dsn()


@pytest.fixture
def elsewhere(server: URL, administrator: str) -> Iterator[URL]:
    """A second, empty database on the same server, with the same owner."""
    with empty_database(administrator, server.username, "elsewhere") as name:
        yield server.set(database=name)


@contextmanager
def empty_database(administrator: str, owner: str | None = None, purpose: str = "test") -> Iterator[str]:
    """The name of a database that lives as long as the block."""
    name = sql.Identifier(f"kzmonitor_{purpose}_{WORKER}")
    remove = sql.SQL("drop database if exists {} with (force)").format(name)
    owned = sql.SQL(" owner {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(remove)
        connection.execute(sql.SQL("create database {}{}").format(name, owned))
    try:
        yield f"kzmonitor_{purpose}_{WORKER}"
    finally:
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(remove)


@pytest.fixture(scope="session")
def migrated(server: URL) -> Iterator[Database]:
    """The database of this worker with all tables; ask for `database` or `session`, which clean up."""
    with engine.connected(server) as database:
        schema.upgrade(database.engine)
        yield database


@pytest.fixture
def database(migrated: Database) -> Iterator[Database]:
    """A migrated database; whatever the test commits is gone after it."""
    yield migrated
    empty(migrated)


@pytest.fixture
def session(migrated: Database) -> Iterator[Session]:
    """A session in one transaction that is rolled back at the end; its `commit` ends only a savepoint."""
    with migrated.engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        transaction.rollback()


def empty(database: Database) -> None:
    """Empty the tables that hold anything; truncating all thirty would cost each test a tenth of a second."""
    names = [table.name for table in Table.metadata.sorted_tables]
    held = " union all ".join(f"select '{name}' where exists (select from \"{name}\")" for name in names)
    with database.engine.begin() as connection:
        found = [f'"{name}"' for name in connection.scalars(text(held))]
        if found:
            connection.execute(text(f"truncate {', '.join(found)} cascade"))


@pytest.fixture
def report() -> Callable[..., Alert]:
    """`report_of`, which writes an article of an incident with its alert, as the pipeline leaves them."""
    return report_of


def report_of(
    session: Session,
    title: str,
    text: str,
    *,
    at: datetime,
    language: str = "ru",
    source: str = "vlast",
    url: str | None = None,
    labels: Sequence[str] = ("detention",),
    tier: str = "mail",
    relevance: float = 0.9,
    severity: int = 3,
    place: str | None = None,
    probabilities: dict[str, float] | None = None,
    reasons: Sequence[dict[str, Any]] = (),
    of: Alert | None = None,
) -> Alert:
    """The alert of a new incident that this article tells of, or `of`, when it is one more article of its incident."""
    session.merge(
        Source(
            slug=source,
            name=source.replace("-", " ").title(),
            tier=1,
            kind="outlet",
            languages=[language],
            country="KZ",
            enabled=True,
        )
    )
    session.flush()
    revision = _article(session, source, title, text, language, url, at)
    session.add(
        Prediction(
            revision_id=revision.id,
            model_id=_model(session, at),
            relevance=relevance,
            probabilities=probabilities or dict.fromkeys(labels, relevance),
            labels=list(labels),
            tier=tier,
            reasons=list(reasons),
        )
    )
    scoring.mark(session, _model(session, at), [revision.id])
    alert = of or _alert(session, revision, labels, tier, relevance, severity, place, at)
    incident = session.get_one(Incident, alert.incident_id)
    incident.last_seen = max(incident.last_seen, at)
    session.add(
        IncidentArticle(incident_id=incident.id, article_id=revision.article_id, why="first", score=1.0, by="grouping")
    )
    session.flush()
    return alert


def _article(
    session: Session, source: str, title: str, text: str, language: str, url: str | None, at: datetime
) -> Revision:
    address = url or f"https://{source}.example/{new_id()}"
    capture = Capture(
        id=new_id(), source=source, url=address, canonical_url=address, route="direct",
        fetched_at=at + timedelta(minutes=3), status=200, headers={}, hops=[], body=None, sha256=b"\1" * 32,
    )  # fmt: skip
    article = Article(id=new_id(), key=f"{address} {new_id()}", canonical_url=address, source=source, first_seen=at)
    for row in (capture, article):
        session.add(row)
        session.flush()
    revision = Revision(
        id=new_id(), article_id=article.id, capture_id=capture.id, title=title, text=text, language=language,
        text_sha256=hashlib.sha256(f"{title}\n{text}".encode()).digest(), script="cyrl", published_at=at, cut_by="feed",
    )  # fmt: skip
    session.add(revision)
    session.flush()
    article.current_revision = revision.id
    return revision


def _model(session: Session, at: datetime) -> UUID:
    champion = session.scalar(select(Model.id).where(Model.state == "champion"))
    if champion is not None:
        return champion
    model = Model(
        id=new_id(), version="test-1", sha256=b"", state="champion", body=b"", trained_at=at, metrics={},
        data_sha256=b"", taxonomy={},
    )  # fmt: skip
    session.add(model)
    session.flush()
    return model.id


def _alert(
    session: Session, revision: Revision, labels: Sequence[str], tier: str, score: float, severity: int,
    place: str | None, at: datetime,
) -> Alert:  # fmt: skip
    incident = Incident(
        id=new_id(), title=revision.title, first_seen=at, last_seen=at, labels=sorted(labels), severity=severity,
        place=place,
    )  # fmt: skip
    session.add(incident)
    session.flush()
    alert = Alert(id=new_id(), incident_id=incident.id, tier=tier, score=score, opened_at=at)
    session.add(alert)
    session.flush()
    session.add(AlertEvent(alert_id=alert.id, kind="opened", article_id=revision.article_id, ready_at=at))
    return alert


@pytest.fixture(scope="session")
def trained() -> Classifier:
    """The baseline, trained by the first worker that needs it, and not again while its data and code stay the same."""
    return baseline()


@pytest.fixture
def champion(database: Database, trained: Classifier) -> Database:
    """The database with that baseline as its champion, so that first use does not train another."""
    with database.session() as session:
        registry.add(session, trained, "champion", datetime(2026, 11, 1, tzinfo=UTC))
    return database
