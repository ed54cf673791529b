"""A backup: the whole database as one moment had it, in one file that is whole or not there.

A zip of one member a table (PostgreSQL's text under zstd) and `manifest.json`, which is written last and says for each
table its columns, rows and hash, and of the whole the schema, the partitions, the daily roots and the models. It holds
data and no command: restoring it runs nothing that the file says."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import Connection, text

from kzmonitor import VERSION
from kzmonitor.errors import SetupError
from kzmonitor.files import whole_file
from kzmonitor.i18n import _
from kzmonitor.store import table_copies
from kzmonitor.store.engine import Database

FORMAT = 1
MANIFEST = "manifest.json"
LEVEL = 6
SEQUENCES = """
    select relation.relname::text, attname::text, sequence.relname::text
    from pg_depend
    join pg_class sequence on sequence.oid = objid and sequence.relkind = 'S'
    join pg_class relation on relation.oid = refobjid and relation.relnamespace = 'public'::regnamespace
    join pg_attribute on attrelid = refobjid and attnum = refobjsubid
    where pg_depend.classid = 'pg_class'::regclass and deptype in ('i', 'a')
    order by 1, 2
"""


@dataclass(frozen=True)
class Written:
    """What a backup holds."""

    tables: int
    rows: int
    roots: int


def member(table: str) -> str:
    """The name of a table's member."""
    return f"tables/{table}.zst"


def write(database: Database, path: Path, now: datetime, tell: Callable[[str], None] = lambda _table: None) -> Written:
    """Write the backup to `path` (mode 0600), replacing what was there only when it is whole.

    `tell` is given the name of each table that is done. Work may go on beside it: it reads one snapshot."""
    with database.engine.connect() as connection:
        names = table_copies.table_names(connection)
    if "alembic_version" not in names:
        raise SetupError(_("the database is empty: there is nothing to back up"))
    with (
        whole_file(path) as file,
        database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
    ):
        # Locked before the snapshot is taken, so that no partition is dropped between the two.
        quoted = ", ".join(f'public."{name}"' for name in names)
        connection.execute(text(f"lock table {quoted} in access share mode"))
        table_copies.make_plain(connection)
        tables = {}
        for name in names:
            tables[name] = _write_table(connection, archive, name)
            tell(name)
        manifest = {**_about(connection, now), "tables": {name: copy.as_json() for name, copy in tables.items()}}
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return Written(len(tables), sum(copy.rows for copy in tables.values()), len(manifest["roots"]))


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: str) -> table_copies.TableCopy:
    columns = table_copies.columns_of(connection, table)
    with archive.open(member(table), "w", force_zip64=True) as file:
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        with compressor.stream_writer(file, closefd=False) as stream:
            return table_copies.read(connection, table, columns, stream.write)


def _about(connection: Connection, now: datetime) -> dict[str, Any]:
    roots = connection.execute(text("select day, root from manifest order by day"))
    models = connection.execute(text("select version, state, sha256 from model order by version"))
    return {
        "format": FORMAT,
        "made_at": now.astimezone(UTC).isoformat(),
        "kzmonitor": VERSION,
        "postgresql": connection.scalar(text("show server_version")),
        "schema": connection.scalar(text("select version_num from alembic_version")),
        "partitions": table_copies.partition_names(connection),
        "sequences": sequences(connection),
        "roots": {str(day): root.hex() for day, root in roots},
        "models": [{"version": version, "state": state, "sha256": sha256.hex()} for version, state, sha256 in models],
    }


def sequences(connection: Connection) -> dict[str, list[Any]]:
    """`table.column` to the last number of its sequence, and whether that was given out."""
    found = {}
    for table, column, sequence in connection.execute(text(SEQUENCES)).all():
        last, called = connection.execute(text(f'select last_value, is_called from public."{sequence}"')).one()  # noqa: S608
        found[f"{table}.{column}"] = [last, called]
    return found
