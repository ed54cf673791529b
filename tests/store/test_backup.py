"""Backups: one moment, every table, one file that is whole or not there."""

import json
import stat
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import URL, text

from kzmonitor.errors import InputError
from kzmonitor.store import Database, backup, engine, partitions, restore, schema, table_copies
from kzmonitor.store.tables import Alert, Table
from tests.conftest import empty

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture
def own(elsewhere: URL) -> Iterator[Database]:
    """An empty database to restore into."""
    with engine.connected(elsewhere) as database:
        yield database


@pytest.fixture
def filled(database: Database, report: Callable[..., Alert]) -> Iterator[Database]:
    """Rows of many kinds, odd texts among them, in a partition."""
    with database.session() as session:
        partitions.ensure(session, NOW)
        for n in range(5):
            alert = report(session, f"\\. Задержан №{n}\t\\N", "строка\nвторая\r\\x41 😀 '\"", at=NOW)
        report(session, "copy", "", at=NOW, of=alert, reasons=[{"phrase": "\u2028", "weight": 0.1 + 0.2}])
        session.execute(text("update capture set body = '\\x00ff0a5c'::bytea"))
        session.execute(text("""insert into article_signature (article, revision)
                                select article, id from revision"""))  # fmt: skip
    yield database
    empty(database)
    with database.session() as session:
        for name in table_copies.partition_names(session.connection()):
            if not name.endswith("_default"):
                session.execute(text(f"alter table {name.rpartition('_20')[0]} detach partition {name}"))
                session.execute(text(f"drop table {name}"))


@pytest.fixture
def file(filled: Database, tmp_path: Path) -> Path:
    backup.write(filled, tmp_path / "backup", NOW)
    return tmp_path / "backup"


def restored(database: Database, path: Path) -> list[str]:
    told: list[str] = []
    with database.engine.begin() as connection:
        restore.load(connection, path, restore.read_manifest(path), told.append)
    return told


def all_figures(database: Database) -> dict[str, Any]:
    with database.engine.begin() as connection:
        table_copies.make_plain(connection)
        return {
            name: table_copies.figures(connection, name, table_copies.columns_of(connection, name))
            for name in table_copies.table_names(connection)
        }


def catalog(database: Database) -> list[tuple[Any, ...]]:
    """Columns, constraints and indexes, as the server tells them."""
    queries = (
        "select table_name, column_name, data_type, column_default from information_schema.columns "
        "where table_schema = 'public'",
        "select conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated from pg_constraint "
        "where connamespace = 'public'::regnamespace and conparentid = 0",
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid from pg_index "
        "join pg_class on oid = indexrelid where relnamespace = 'public'::regnamespace",
        "select tgrelid::regclass::text, tgname, tgenabled from pg_trigger where not tgisinternal",
    )
    with database.engine.connect() as connection:
        return sorted(tuple(map(str, row)) for query in queries for row in connection.execute(text(query)))


def test_a_restored_database_is_identical_and_still_whole(filled: Database, file: Path, own: Database) -> None:
    told = restored(own, file)
    assert set(told) == {*Table.metadata.tables, "alembic_version"}
    before = all_figures(filled)
    assert all_figures(own) == before
    assert before["revision"].rows == 6
    assert catalog(own) == catalog(filled)
    with own.session() as session:  # the next number is a new one
        session.execute(
            text("delete from article_signature where number = (select max(number) from article_signature)")
        )
        last = session.scalar(text("select max(number) from article_signature"))
        session.execute(text("""insert into article_signature (article, revision) select article, id from revision
                                where id not in (select revision from article_signature)"""))  # fmt: skip
        assert session.scalar(text("select max(number) from article_signature")) == last + 2


def test_the_file_is_its_owners_alone_and_says_what_it_holds(file: Path, filled: Database) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    manifest = restore.read_manifest(file)
    assert manifest.schema_ == schema.head()
    assert [model.version for model in manifest.models] == ["test-1"]
    assert {name: note.rows for name, note in manifest.tables.items() if name in ("alert", "article", "poll")} == {
        "alert": 5, "article": 6, "poll": 0,
    }  # fmt: skip


def test_a_backup_shows_one_moment(filled: Database, tmp_path: Path, own: Database) -> None:
    def write_beside(table: str) -> None:
        if table == "alert":
            with filled.session() as session:
                session.execute(text("update revision set title = 'later'"))

    before = all_figures(filled)
    backup.write(filled, tmp_path / "backup", NOW, write_beside)
    restored(own, tmp_path / "backup")
    assert all_figures(own) == before
    assert all_figures(filled) != before


def test_a_failed_backup_leaves_the_one_before(file: Path, filled: Database) -> None:
    before = file.read_bytes()

    def fail(table: str) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        backup.write(filled, file, NOW, fail)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_nothing_is_added_to_a_database_that_holds_something(file: Path, filled: Database) -> None:
    before = all_figures(filled)
    with pytest.raises(InputError, match="not empty"):
        restored(filled, file)
    assert all_figures(filled) == before


def test_a_database_with_tables_but_no_rows_is_empty(file: Path, filled: Database, own: Database) -> None:
    schema.upgrade(own.engine)
    restored(own, file)
    assert all_figures(own) == all_figures(filled)


def test_a_cut_off_file_is_no_backup(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut").write_bytes(whole[:size])
        with pytest.raises(InputError, match="no backup, or a damaged one"):
            restore.read_manifest(tmp_path / "cut")


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with other members, well-formed again, as a forger would leave it."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    forged = file.with_name("forged")
    with zipfile.ZipFile(forged, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return forged


def other_row(members: dict[str, bytes]) -> None:
    rows = zstandard.ZstdDecompressor().decompressobj().decompress(members["tables/revision.zst"])
    members["tables/revision.zst"] = zstandard.compress(rows.replace("Задержан".encode(), "Отпущен!".encode()))


def bomb(members: dict[str, bytes]) -> None:
    members["tables/poll.zst"] = zstandard.compress(b"\\N\t" * 50_000_000)


def not_compressed(members: dict[str, bytes]) -> None:
    members["tables/revision.zst"] = b"plain"


def lost(members: dict[str, bytes]) -> None:
    del members["tables/review.zst"]


def added(members: dict[str, bytes]) -> None:
    members["../../etc/passwd"] = b""


def noted(members: dict[str, bytes], **changed: Any) -> None:
    members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changed).encode()


@pytest.mark.parametrize(
    "change",
    [
        other_row, bomb, not_compressed, lost, added,
        lambda members: noted(members, partitions=["capture_2026_11; drop table x"]),
        lambda members: noted(members, partitions=["capture_2026_13"]),
        lambda members: noted(members, schema="9999"),
        lambda members: noted(members, schema="0001"),
        lambda members: noted(members, format=2),
        lambda members: noted(members, tables={}),
        lambda members: noted(members, roots={"2026-11-01": "0" * 64}),
    ],
    ids=["row", "bomb", "plain", "lost", "added", "sql", "month", "newer", "older", "format", "tables", "roots"],
)  # fmt: skip
def test_a_tampered_file_restores_nothing(
    change: Callable[[dict[str, bytes]], None], file: Path, own: Database
) -> None:  # fmt: skip
    forged = rewritten(file, change)
    with pytest.raises(InputError) as told:
        restored(own, forged)
    assert "\n" not in str(told.value)
    with own.engine.connect() as connection:
        assert table_copies.table_names(connection) == []


def test_a_flipped_byte_is_found_or_is_none_of_the_data(filled: Database, file: Path, own: Database) -> None:
    whole, before, found = file.read_bytes(), all_figures(filled), 0
    places = range(40, len(whole), len(whole) // 7)
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with own.engine.connect() as connection:  # whose work is rolled back
            try:
                restore.load(connection, file, restore.read_manifest(file))
            except InputError:
                found += 1
                continue
            table_copies.make_plain(connection)
            for name, figures in before.items():
                assert table_copies.figures(connection, name, table_copies.columns_of(connection, name)) == figures
    assert found > len(places) / 2
