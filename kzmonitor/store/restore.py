"""Restoring a backup into an empty database, in one transaction: it is there whole, or nothing is.

The schema is made by our own migrations up to the one the backup was made at, the rows are read as data, and every
table is read back and compared with its hash in the manifest; then the schema goes on to this version's."""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal, LiteralString

import psycopg
import zstandard
from alembic import command
from psycopg import sql
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import Connection, text

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store import backup, partitions, schema, table_copies
from kzmonitor.store.table_copies import TableCopy

LARGEST_MANIFEST_BYTES = 64 * 1024 * 1024
CHUNK = 1 << 20
PARTITION = re.compile(rf"({'|'.join(partitions.PARTITIONED)})_(\d{{4}})_(\d{{2}})")
DAMAGE = (psycopg.DataError, psycopg.IntegrityError, zipfile.BadZipFile, zstandard.ZstdError, zlib.error, EOFError)
FOREIGN_KEYS = """
    select relname::text, conname::text, pg_get_constraintdef(pg_constraint.oid)
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where contype = 'f' and conparentid = 0 and connamespace = 'public'::regnamespace order by 1, 2
"""
INDEXES = """
    select relname::text, pg_get_indexdef(indexrelid) from pg_index join pg_class on pg_class.oid = indexrelid
    where relnamespace = 'public'::regnamespace and not relispartition
    and not exists (select from pg_constraint where conindid = indexrelid) order by 1
"""
TRIGGERED = "select distinct tgrelid::regclass::text from pg_trigger where not tgisinternal and tgparentid = 0"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TableNote(BaseModel):
    """What the manifest says of a table."""

    columns: tuple[str, ...]
    rows: int
    bytes: int
    sha256: Sha256


class ModelNote(BaseModel):
    """What the manifest says of a model."""

    version: str
    state: str
    sha256: str


class Manifest(BaseModel):
    """The manifest of a backup."""

    format: Literal[1]
    made_at: datetime
    kzmonitor: str
    postgresql: str
    schema_: str = Field(alias="schema", pattern=r"^\w+$")
    partitions: list[str]
    sequences: dict[str, tuple[int, bool]]
    tables: dict[str, TableNote]
    roots: dict[str, Sha256]
    models: list[ModelNote]


def read_manifest(path: Path) -> Manifest:
    """The manifest of a backup. Raises InputError when the file is none, is cut off, or was made by a newer version."""
    with _archive(path) as archive:
        try:
            if archive.getinfo(backup.MANIFEST).file_size > LARGEST_MANIFEST_BYTES:
                raise InputError(_damaged(path))
            manifest = Manifest.model_validate_json(archive.read(backup.MANIFEST))
        except (KeyError, ValidationError, zipfile.BadZipFile, zlib.error) as error:
            raise InputError(_damaged(path)) from error
        expected = {backup.MANIFEST, *(backup.member(table) for table in manifest.tables)}
        if set(archive.namelist()) != expected or len(archive.namelist()) != len(expected):
            raise InputError(_damaged(path))
    if not schema.knows(manifest.schema_):
        raise InputError(
            _("{path}: made by kzmonitor {version} at schema {schema}, which this version does not know").format(
                path=path, version=manifest.kzmonitor, schema=manifest.schema_
            )
        )
    return manifest


def require_empty(connection: Connection) -> None:
    """Raises InputError when the database holds anything: a restore never adds to what is there."""
    for table in table_copies.table_names(connection):
        # Made by the migrations themselves.
        if table == "alembic_version":
            continue
        if connection.scalar(text(f'select exists (select from public."{table}")')):  # noqa: S608
            raise InputError(
                _("the database is not empty (table {table}); restore into a new one: KZMONITOR_DATA names an empty "
                  "folder, or KZMONITOR_DATABASE_URL an empty database").format(table=table)
            )  # fmt: skip


def load(
    connection: Connection, path: Path, manifest: Manifest, tell: Callable[[str], None] = lambda _table: None
) -> None:
    """Fill the empty database, in the caller's transaction. Raises InputError when anything differs from the manifest:
    the caller rolls back then. `tell` is given the name of each table that agrees."""
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": schema.UPGRADE_LOCK})
    require_empty(connection)
    if "alembic_version" in table_copies.table_names(connection):
        command.downgrade(schema.configuration(connection), "base")
    command.upgrade(schema.configuration(connection), manifest.schema_)
    _make_partitions(connection, path, manifest)
    table_copies.make_plain(connection)
    keys, indexes = connection.execute(text(FOREIGN_KEYS)).all(), connection.execute(text(INDEXES)).all()
    triggered = connection.scalars(text(TRIGGERED)).all()
    for table in triggered:  # what they would write is in the backup
        _run(connection, "alter table {} disable trigger user", table)
    for table, name, _definition in keys:
        _run(connection, "alter table {} drop constraint {}", table, name)
    for name, _definition in indexes:
        _run(connection, "drop index {}", name)
    try:
        with _archive(path) as archive:
            _load_tables(connection, archive, path, manifest)
        with table_copies.cursor(connection) as cursor:
            for _name, definition in indexes:
                # Of a partitioned table: with those of its partitions, which "only" would leave out.
                cursor.execute(definition.replace(" ON ONLY ", " ON ", 1))
            for table, name, definition in keys:
                cursor.execute(f'alter table public."{table}" add constraint "{name}" {definition}')
    except DAMAGE as error:
        raise InputError(_damaged(path)) from error
    for table in triggered:
        _run(connection, "alter table {} enable trigger user", table)
    _compare(connection, path, manifest, tell)
    command.upgrade(schema.configuration(connection), "head")


def analyze(connection: Connection) -> None:
    """Let the planner know the tables that were filled."""
    connection.execute(text("analyze"))


def _load_tables(connection: Connection, archive: zipfile.ZipFile, path: Path, manifest: Manifest) -> None:
    there = set(table_copies.table_names(connection))
    if there != set(manifest.tables):
        raise InputError(_("{path}: its tables are not those of schema {schema}: {names}").format(
            path=path, schema=manifest.schema_, names=", ".join(sorted(there ^ set(manifest.tables))),
        ))  # fmt: skip
    connection.execute(text("delete from alembic_version"))
    for table, note in manifest.tables.items():
        if set(note.columns) != set(table_copies.columns_of(connection, table)):
            raise InputError(
                _("{path}: the columns of {table} are not those of schema {schema}").format(
                    path=path, table=table, schema=manifest.schema_
                )
            )
        with archive.open(backup.member(table)) as file:
            table_copies.write(connection, table, note.columns, _unpacked(file, note.bytes, path))
    known = backup.sequences(connection)
    for place, (last, called) in manifest.sequences.items():
        if place in known:
            table, column = place.split(".")
            connection.execute(
                text("select setval(pg_get_serial_sequence(:table, :column), :last, :called)"),
                {"table": f'public."{table}"', "column": column, "last": last, "called": called},
            )


def _unpacked(file: IO[bytes], size: int, path: Path) -> Iterator[bytes]:
    """The text of a table; never more than the manifest announced, whatever a small file unpacks to."""
    left = size
    with zstandard.ZstdDecompressor().stream_reader(file) as stream:
        while chunk := stream.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise InputError(_damaged(path))
            yield chunk


def _make_partitions(connection: Connection, path: Path, manifest: Manifest) -> None:
    there = set(table_copies.partition_names(connection))
    for name in manifest.partitions:
        if name in there:
            continue
        month = PARTITION.fullmatch(name)
        if month is None or not 1 <= int(month[3]) <= 12 or int(month[2]) < 1970:
            raise InputError(_damaged(path))
        partitions.make(connection, month[1], int(month[2]), int(month[3]))


def _compare(connection: Connection, path: Path, manifest: Manifest, tell: Callable[[str], None]) -> None:
    for table, note in manifest.tables.items():
        if table_copies.figures(connection, table, note.columns) != TableCopy(**note.model_dump()):
            raise InputError(
                _("{path}: table {table} is not what was backed up; the file was changed or damaged").format(
                    path=path, table=table
                )
            )
        tell(table)
    roots = connection.execute(text("select day, root from manifest order by day"))
    if {str(day): root.hex() for day, root in roots} != manifest.roots:
        raise InputError(_("{path}: the daily roots are not those of its manifest").format(path=path))


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(_damaged(path)) from error


def _damaged(path: Path) -> str:
    return _("{path}: no backup, or a damaged one; nothing was restored").format(path=path)


def _run(connection: Connection, statement: LiteralString, *names: str) -> None:
    first, *more = names
    identifiers = [sql.Identifier("public", first), *map(sql.Identifier, more)]
    with table_copies.cursor(connection) as cursor:
        cursor.execute(sql.SQL(statement).format(*identifiers))
