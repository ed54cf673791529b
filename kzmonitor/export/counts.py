"""Counts without names, persons or single cases: small numbers are left out, and enough others that no sum gives them
away.

Each table stands alone: how many rows there are by one dimension, or by a combination of some. A cell of 1 or 2 is
suppressed. Somebody who knows the sum of a table (from another one) could subtract; so the next smallest cells are
suppressed, too, until what is missing leaves every suppressed cell at least `LEAST_CHOICES` possible values, if no more
is known than that each holds at least one; a table in which there are too few for that is withheld as a whole. What is
not promised: that two exports of overlapping periods, or of tables with dimensions in common, can't be subtracted from
one another; and that nobody can tell from a suppressed cell that there was something."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from kzmonitor.collect.dates import ALMATY
from kzmonitor.errors import InputError
from kzmonitor.export.tables import Column, Row, Table
from kzmonitor.i18n import _

SMALL = 3
LEAST_CHOICES = 3
NOTHING = "(none)"
WITHHELD = "(withheld)"

COLUMNS = (
    Column("dimensions", "text", "What this row counts by: `week`, or `week, label`."),
    Column(
        "values",
        "texts",
        "The value of each of these, in the same order; `(none)` where a row has none, `(withheld)` "
        "in place of a table that is too small to be shown.",
    ),
    Column("count", "count", "How many rows; empty where it is suppressed."),
    Column("suppressed", "flag", "Whether the number is withheld: it is 1 or 2, or would give such a number away."),
)

Cell = tuple[str, ...]


@dataclass
class Counts:
    """The tables that are counted at once. dimensions: of each table."""

    table: Table
    dimensions: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        self._numbers: list[Counter[Cell]] = [Counter() for _table in self.dimensions]

    def add(self, rows: Iterable[Row]) -> None:
        """Count these rows. One with two labels counts for each of them."""
        for row in rows:
            for dimensions, numbers in zip(self.dimensions, self._numbers, strict=True):
                values = [self._values(row, dimension) for dimension in dimensions]
                numbers.update(product(*values))

    def rows(self) -> list[Mapping[str, Any]]:
        """The counts in order, small ones suppressed."""
        found = zip(self.dimensions, self._numbers, strict=True)
        return [row for dimensions, numbers in found for row in _shown(", ".join(dimensions), numbers)]

    def _values(self, row: Row, dimension: str) -> list[str]:
        value = row.cells[self.table.counted[dimension]]
        if isinstance(value, datetime):
            year, week, _day = value.astimezone(ALMATY).isocalendar()
            return [f"{year}-W{week:02}"]
        values = value if isinstance(value, list) else [value]
        return list(dict.fromkeys(str(one) for one in values if one is not None)) or [NOTHING]


def _shown(name: str, numbers: Mapping[Cell, int]) -> list[Mapping[str, Any]]:
    hidden = suppressed(numbers)
    if hidden is None:
        return [{"dimensions": name, "values": [WITHHELD], "count": None, "suppressed": True}]
    return [
        {
            "dimensions": name,
            "values": list(cell),
            "count": None if cell in hidden else number,
            "suppressed": cell in hidden,
        }
        for cell, number in sorted(numbers.items())
    ]


def suppressed(numbers: Mapping[Cell, int]) -> frozenset[Cell] | None:
    """The cells to leave out of one table whose sum is known (each cell holds at least one); None for the table."""
    ranked = sorted(numbers, key=lambda cell: (numbers[cell], cell))
    hidden = [cell for cell in ranked if numbers[cell] < SMALL]
    rest = iter(ranked[len(hidden) :])
    while hidden and not _is_open(numbers, hidden):
        following = next(rest, None)
        if following is None:
            return None
        hidden.append(following)
    return frozenset(hidden)


def _is_open(numbers: Mapping[Cell, int], hidden: Sequence[Cell]) -> bool:
    """Whether each hidden cell may be many things: from one to what is missing, less one for each of the others."""
    missing = sum(numbers[cell] for cell in hidden)
    return len(hidden) > 1 and missing - len(hidden) + 1 >= LEAST_CHOICES


def dimensions(table: Table, given: Sequence[str]) -> list[list[str]]:
    """The tables to count: one by each dimension, or those given, as "week" or "week,label". Raises InputError."""
    if not given:
        return [[dimension] for dimension in table.counted]
    wanted = [[part.strip() for part in one.split(",")] for one in given]
    for part in (part for one in wanted for part in one):
        if part not in table.counted:
            known = ", ".join(table.counted)
            raise InputError(_("--by {name}: must be of {known}").format(name=part, known=known))
    return wanted
