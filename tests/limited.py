"""The test database under a role with least rights."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from kzmonitor.store import Database, engine, roles


def granted(database: Database, administrator: str) -> None:
    """Make the roles as the operator of a server would, and let the user of the tests take them."""
    name = database.url.database
    assert name is not None
    with engine.connected(_as_administrator(database, administrator)) as admin, admin.engine.begin() as connection:
        roles.apply(connection)
    with psycopg.connect(administrator, autocommit=True) as connection:
        for role in roles.ROLES:
            connection.execute(
                sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(str(database.url.username)))
            )


def _as_administrator(database: Database, administrator: str):  # type: ignore[no-untyped-def]
    known = psycopg.conninfo.conninfo_to_dict(administrator)
    return database.url.set(username=known.get("user"), password=known.get("password"))


@contextmanager
def under(database: Database, role: str) -> Iterator[Database]:
    """The same database with no more rights than those of `role`."""
    with engine.connected(database.url.update_query_dict({"options": f"-c role={role}"})) as limited:
        yield limited
