"""One export: rows of a table, redacted as asked, into a file of the format that its ending says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Literal

from sqlalchemy.orm import Session

from kzmonitor.export import counts
from kzmonitor.export.articles import ARTICLES
from kzmonitor.export.formats import write
from kzmonitor.export.incidents import INCIDENTS
from kzmonitor.export.labels import LABELS
from kzmonitor.export.people import PEOPLE
from kzmonitor.export.redaction import Redactor
from kzmonitor.export.tables import Column, Table, Wanted
from kzmonitor.files import whole_file

TABLES = {table.name: table for table in (INCIDENTS, ARTICLES, PEOPLE, LABELS)}
Redaction = Literal["none", "names", "counts"]


def export(
    session: Session,
    table: Table,
    file: IO[bytes],
    ending: str,
    wanted: Wanted,
    redaction: Redaction = "none",
    by: Sequence[str] = (),
) -> int:
    """Write the rows to `file` in the format of this ending; how many there were.

    by: for `counts`, what to count by. Raises InputError for a dimension that the table lacks."""
    columns, batches = content(session, table, wanted, redaction, by)
    return write(file, ending, columns, batches)


def export_to(
    session: Session,
    table: Table,
    out: Path,
    ending: str,
    wanted: Wanted,
    redaction: Redaction = "none",
    by: Sequence[str] = (),
) -> int:
    """The same into a file that is whole or not there."""
    columns, batches = content(session, table, wanted, redaction, by)
    with whole_file(out) as file:
        return write(file, ending, columns, batches)


def content(
    session: Session, table: Table, wanted: Wanted, redaction: Redaction, by: Sequence[str] = ()
) -> tuple[Sequence[Column], Iterator[Sequence[Mapping[str, Any]]]]:
    """The columns of an export and its rows in batches."""
    table, wanted = table.of(wanted), replace(wanted, with_context=redaction == "names")
    if redaction == "counts":
        counted = counts.Counts(table, counts.dimensions(table, by))
        return counts.COLUMNS, _counted(session, table, wanted, counted)
    return table.columns, _rows(session, table, wanted, Redactor() if redaction == "names" else None)


def _rows(
    session: Session, table: Table, wanted: Wanted, redactor: Redactor | None
) -> Iterator[Sequence[Mapping[str, Any]]]:
    for batch in table.rows(session, wanted):
        yield [row.cells if redactor is None else redactor.redact_row(row, table.columns) for row in batch]


def _counted(
    session: Session, table: Table, wanted: Wanted, counted: counts.Counts
) -> Iterator[Sequence[Mapping[str, Any]]]:
    for batch in table.rows(session, wanted):
        counted.add(batch)
    yield counted.rows()
