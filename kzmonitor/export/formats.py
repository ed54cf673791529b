"""Writing rows as CSV, JSONL or Parquet: the same columns, whole or not at all, a batch in memory at a time."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol
from uuid import UUID

from kzmonitor.errors import InputError
from kzmonitor.export.cells import moment, written
from kzmonitor.export.tables import Column, Kind
from kzmonitor.i18n import _

Cells = Mapping[str, Any]
# A row group of a Parquet file; smaller batches are gathered, since small groups read slowly.
GROUP_ROWS = 2_000
STANDARD_OUTPUT = Path("-")


class Writer(Protocol):
    """Takes batches, then `close`."""

    def write(self, rows: Sequence[Cells]) -> None:
        """One batch."""

    def close(self) -> None:
        """The end of the file."""


class Csv:
    """UTF-8 with a byte order mark, without which Excel takes Cyrillic for something else; RFC 4180 otherwise."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._columns = columns
        self._text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="", write_through=True)
        self._csv = csv.writer(self._text)
        self._csv.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Cells]) -> None:
        self._csv.writerows([written(row[column.name]) for column in self._columns] for row in rows)

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class Jsonl:
    """One JSON object a line, in UTF-8; every column in each, null where there is nothing."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._file, self._columns = file, columns

    def write(self, rows: Sequence[Cells]) -> None:
        for row in rows:
            line = json.dumps({one.name: row[one.name] for one in self._columns}, ensure_ascii=False, default=_plain)
            self._file.write(line.encode("utf-8", "replace") + b"\n")

    def close(self) -> None:
        self._file.flush()


class Parquet:
    """Typed columns; times in microseconds of UTC, lists as lists; the sentences of the dictionary as metadata."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        import pyarrow as arrow
        from pyarrow import parquet

        self._arrow = arrow
        self._schema = arrow.schema(
            [arrow.field(one.name, _type(arrow, one.kind), metadata={"description": one.says}) for one in columns]
        )
        self._rows: list[Cells] = []
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, rows: Sequence[Cells]) -> None:
        self._rows += rows
        if len(self._rows) >= GROUP_ROWS:
            self._put()

    def close(self) -> None:
        if self._rows:
            self._put()
        self._writer.close()

    def _put(self) -> None:
        cells = {field.name: [_arrow_cell(row[field.name]) for row in self._rows] for field in self._schema}
        self._writer.write_table(self._arrow.table(cells, schema=self._schema))
        self._rows = []


FORMATS: dict[str, Callable[[IO[bytes], Sequence[Column]], Writer]] = {"csv": Csv, "jsonl": Jsonl, "parquet": Parquet}


def format_of(out: Path, given: str | None = None) -> str:
    """The format by the file's ending; on standard output ("-") the one that is given. InputError names the known."""
    if out != STANDARD_OUTPUT and given is None:
        given = out.suffix.removeprefix(".").lower()
    if given is None:
        raise InputError(_("--out -: say in which format: --format csv or --format jsonl"))
    if given not in FORMATS:
        known = ", ".join(f".{ending}" for ending in FORMATS)
        raise InputError(_("{path}: unknown ending; known are {known}").format(path=out, known=known))
    if out == STANDARD_OUTPUT and given == "parquet":
        raise InputError(_("--out -: Parquet needs a file; give --out FILE.parquet"))
    return given


def write(file: IO[bytes], ending: str, columns: Sequence[Column], batches: Iterable[Sequence[Cells]]) -> int:
    """Write all batches; how many rows there were. Without any there is a file with a header (JSONL: an empty one)."""
    writer, rows = FORMATS[ending](file, columns), 0
    for batch in batches:
        writer.write(batch)
        rows += len(batch)
    writer.close()
    return rows


def _plain(value: Any) -> str:
    return moment(value) if isinstance(value, datetime) else str(value)


def _arrow_cell(value: Any) -> Any:
    if isinstance(value, list):
        return [str(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, UUID) else value


def _type(arrow: Any, kind: Kind) -> Any:
    text = arrow.string()
    return {
        "text": text,
        "id": text,
        "texts": arrow.list_(text),
        "ids": arrow.list_(text),
        "moment": arrow.timestamp("us", tz="UTC"),
        "count": arrow.int64(),
        "number": arrow.float64(),
        "flag": arrow.bool_(),
    }[kind]
