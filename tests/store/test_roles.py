"""Roles with least rights: what each may not do, and that nobody is forgotten. That the real work runs under them is
tested where the work is: tests/review/test_roles.py, tests/collect/test_roles.py."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from kzmonitor.store import Database, roles
from kzmonitor.store.tables import Alert, Table, new_id
from tests.limited import granted, under

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ALL = {*Table.metadata.tables, "alembic_version"}


def tables_of(role: str, letter: str) -> set[str]:
    return {table for group, letters in roles.GRANTS[role].items() if letter in letters for table in group}


def test_every_table_has_been_thought_of() -> None:
    """A new table belongs into a group of store/roles.py, by who needs it."""
    assert tables_of("kzmonitor_web", "s") == ALL
    for role in roles.ROLES:
        assert {table for letter in "siud" for table in tables_of(role, letter)} <= ALL
        assert set(roles.COLUMNS.get(role, {})) <= ALL


def test_who_may_read_sees_no_secret_and_no_subscriber() -> None:
    hidden = ALL - tables_of("kzmonitor_read", "s")
    assert hidden == {*roles.LOGINS, *roles.DIGESTS, *roles.REQUESTS, *roles.DESK, "account"}
    assert "password_hash" not in roles.COLUMNS["kzmonitor_read"]["account"][1]


@pytest.fixture
def filled(database: Database, administrator: str, report: Callable[..., Alert]) -> Database:
    with database.session() as session:
        report(session, "Задержан", "т", at=NOW)
        session.execute(text("insert into manifest (day, root, captures) values ('2026-11-19', '\\x00', 1)"))
        session.execute(
            text("insert into manifest_leaf values (:id, '2026-11-19', '\\x00', '\\x00')"), {"id": new_id()}
        )
    granted(database, administrator)
    return database


def refused(limited: Database, statement: str) -> bool:
    try:
        with limited.session() as session:
            session.execute(text(statement))
    except ProgrammingError as error:
        return "permission denied" in str(error.orig) or "must be owner" in str(error.orig)
    return False


FORBIDDEN = [
    *((role, statement) for role in ("kzmonitor_web", "kzmonitor_collect", "kzmonitor_understand", "kzmonitor_read")
      for statement in (
        "update capture set body = null", "update capture set sha256 = '\\x00'", "delete from capture",
        "update manifest set root = '\\x01'", "delete from manifest", "delete from manifest_leaf",
        "update manifest_leaf set leaf = '\\x01'", "truncate capture", "drop table capture", "delete from review",
        "alter table capture disable trigger all", "delete from audit_log", "update audit_log set action = ''",
        "delete from revision", "delete from article",
      )),
    ("kzmonitor_web", "insert into manifest (day, root, captures) values ('2026-11-20', '\\x00', 1)"),
    ("kzmonitor_web", "update review set decision = 'confirm'"),
    ("kzmonitor_web", "update prediction set relevance = 0"),
    ("kzmonitor_collect", "select from account"),
    ("kzmonitor_collect", "select from subscriber"),
    ("kzmonitor_collect", "select from \"session\""),
    ("kzmonitor_collect", "insert into review select * from review"),
    ("kzmonitor_collect", "update alert set tier = 'queue'"),
    ("kzmonitor_understand", "select from \"session\""),
    ("kzmonitor_understand", "update review set decision = 'confirm'"),
    ("kzmonitor_understand", "update account set role = 'admin'"),
    ("kzmonitor_understand", "select from request"),
    ("kzmonitor_read", "select password_hash from account"),
    ("kzmonitor_read", "select from subscriber"),
    ("kzmonitor_erase", "update capture set sha256 = '\\x00'"),
    ("kzmonitor_erase", "delete from capture"),
]  # fmt: skip


def test_what_no_role_may_do(filled: Database) -> None:
    allowed = []
    for role in roles.ROLES:
        with under(filled, role) as limited:
            tried = [statement for of, statement in FORBIDDEN if of == role]
            allowed += [(role, statement) for statement in tried if not refused(limited, statement)]
    assert allowed == []


def test_the_reader_can_change_nothing_at_all(filled: Database) -> None:
    changes = [f'delete from "{table}"' for table in ALL] + [f'insert into "{table}" default values' for table in ALL]
    with under(filled, "kzmonitor_read") as limited:
        assert [one for one in changes if not refused(limited, one)] == []


def test_the_reader_reads(filled: Database) -> None:
    with under(filled, "kzmonitor_read") as limited, limited.session() as session:
        assert session.scalars(text("select title from revision")).all() == ["Задержан"]
        assert session.scalars(text("select status from alert_standing")).all() == ["open"]
        session.execute(text("select pseudonym from account"))


def test_to_apply_again_takes_back_what_was_granted_by_hand(filled: Database, administrator: str) -> None:
    with filled.session() as session:
        session.execute(text("grant delete on capture to kzmonitor_web"))
    with under(filled, "kzmonitor_web") as limited:
        assert not refused(limited, "delete from capture where false")
        granted(filled, administrator)
        assert refused(limited, "delete from capture where false")
