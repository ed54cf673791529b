"""Opening the database: embedded or by URL, at the right schema, with one line when that fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from kzmonitor.config import Settings
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.store import embedded, schema

OLDEST_SERVER = 15
# What is written with a wrong time is wrong evidence, closes days that have not ended, and comes up years late.
MOST_APART = timedelta(minutes=15)
# A cut wire is noticed within about a minute, by us and by the server, which else keeps the locks of a machine that is
# gone for two hours. Parameters of the address itself go before these.
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}
SERVER_PATIENCE = "set tcp_keepalives_idle = 20; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3"


@dataclass(frozen=True)
class Database:
    """An open database. The shell (command, task, request) opens sessions; the library is given them."""

    engine: Engine
    url: URL
    sessions: sessionmaker[Session]

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose work is committed at the end of the block, or rolled back by an error."""
        with self.sessions.begin() as session:
            yield session


@contextmanager
def opened(settings: Settings, *, migrate: bool = True) -> Iterator[Database]:
    """The database of these settings, started when it is the embedded one, and let go of at the end.

    The embedded database upgrades its own schema; one by URL never does. Raises SetupError (one line) when
    the server can't be reached, is too old, or when its schema is behind; `migrate=False` skips that check."""
    if settings.database_url is not None:
        with connected(parsed(settings.database_url.get_secret_value())) as database:
            if migrate:
                schema.require_current(database.engine)
            yield database
        return
    with embedded.running(settings.data) as cluster, connected(cluster.url()) as database:
        if migrate:
            schema.upgrade(database.engine)
        yield database


def parsed(url: str) -> URL:
    """The URL with our driver; any other kind of database is an error."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise SetupError(
            _("KZMONITOR_DATABASE_URL is not an address like postgresql://user:password@host/name")
        ) from error
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise SetupError(
            _("KZMONITOR_DATABASE_URL names {kind}; only postgresql is supported").format(
                kind=address.get_backend_name()
            )
        )
    return address.set(drivername="postgresql+psycopg")


@contextmanager
def connected(url: URL) -> Iterator[Database]:
    """A checked engine on `url`, disposed of at the end. Raises SetupError without the password, also when its clock
    and ours differ."""
    engine = create_engine(
        url.update_query_dict({name: value for name, value in PATIENCE.items() if name not in url.query}),
        pool_size=4,
        max_overflow=8,
        pool_pre_ping=True,
        hide_parameters=True,  # an error of the database must not carry texts or addresses into a log
    )
    event.listen(engine, "connect", _be_patient)
    try:
        with engine.connect() as connection:
            number, theirs = connection.execute(text("select current_setting('server_version_num'), now()")).one()
    except DBAPIError as error:
        engine.dispose()
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        raise SetupError(
            _("the database {address} does not answer: {reason}").format(
                address=url.render_as_string(hide_password=True), reason=reason
            )
        ) from error
    try:
        _require_fit(int(number) // 10000, theirs, datetime.now(UTC))
        yield Database(engine, url, sessionmaker(engine, expire_on_commit=False))
    finally:
        engine.dispose()


def _require_fit(version: int, theirs: datetime, ours: datetime) -> None:
    if version < OLDEST_SERVER:
        raise SetupError(
            _("the database is PostgreSQL {version}; {oldest} or later is needed").format(
                version=version, oldest=OLDEST_SERVER
            )
        )
    if abs(ours - theirs) > MOST_APART:
        raise SetupError(
            _(
                "the clock of this machine says {ours} and that of the database {theirs} (UTC); set the wrong one"
            ).format(ours=f"{ours:%Y-%m-%d %H:%M}", theirs=f"{theirs.astimezone(UTC):%Y-%m-%d %H:%M}")
        )


def _be_patient(connection: "psycopg.Connection[Any]", _record: object) -> None:
    """Let the server, too, ask whether a connection over the network is alive."""
    if not connection.info.host.startswith("/"):
        connection.execute(SERVER_PATIENCE)
        connection.commit()
