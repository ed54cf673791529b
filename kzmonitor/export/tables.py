"""What an export is: tables of typed columns, each with a line that says what it holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.orm import Session

# text: a string; texts: a list of strings; id: a UUID; ids: several; moment: a time in UTC; count: a whole number;
# number: a fraction; flag: true or false.
Kind = Literal["text", "texts", "id", "ids", "moment", "count", "number", "flag"]
# What `--redact names` does to a column: nothing; finds the names in a text; replaces those parties that are persons,
# and keeps organisations; cuts an address to its host; leaves it empty.
Personal = Literal["kept", "names replaced", "persons replaced", "cut to the host", "left out"]


@dataclass(frozen=True)
class Column:
    """One column. says: what it holds, in English, for the data dictionary. asked: only there when it is asked for."""

    name: str
    kind: Kind
    says: str
    at_names: Personal = "kept"
    asked: bool = False


@dataclass(frozen=True)
class Row:
    """The cells of one row by column name. persons: who is named in it as far as the database knows, each by all its
    names, the usual one first. context: text that is not exported, from which the names in headlines are known."""

    cells: dict[str, Any]
    persons: Sequence[tuple[str, ...]] = ()
    context: str = ""


@dataclass(frozen=True)
class Wanted:
    """Which rows: from `since` on, before `until`; of alerts that stand so (empty: all). with_text: whole texts.

    with_context: rows bear theirs."""

    since: datetime | None = None
    until: datetime | None = None
    statuses: Sequence[str] = ()
    incidents: Sequence[UUID] = ()
    with_text: bool = False
    with_context: bool = False


@dataclass(frozen=True)
class Table:
    """One kind of export. rows: its rows in `order`, in batches, from a session, none of them held for long.

    counted: what rows are counted by at `--redact counts`: dimension -> column; `week` is that of a moment."""

    name: str
    says: str
    order: str
    columns: Sequence[Column]
    rows: Callable[[Session, Wanted], Iterator[Sequence[Row]]]
    counted: Mapping[str, str] = field(default_factory=dict)

    def of(self, wanted: Wanted) -> "Table":
        """The table with the columns that are wanted."""
        return replace(self, columns=[column for column in self.columns if wanted.with_text or not column.asked])
