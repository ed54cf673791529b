"""Cells of CSV files: what a spreadsheet would take for a formula is made harmless, and can be turned back exactly.

A cell begins at the start of a value and, in a spreadsheet that splits at semicolons (the rule where the comma is the
decimal sign, as in Kazakhstan), after any semicolon, tab or line break inside it. Where a cell would begin with one of
= + - @ (also in their full-width forms), or a value with a tab or line break, perhaps after blanks or quotation marks,
an apostrophe is put before it; where apostrophes stand there already, one more is. To turn it back, take away one."""

import json
import re
from datetime import UTC, datetime
from typing import Any

START = r"(?:\A|(?<=[;\t\r\n]))"
DANGER = r"""(?=['" ]*[=+\-@＝＋－＠])"""
BLANK = r"""(?=['" ]*[\t\r\n])"""
GUARD = re.compile(rf"{START}{DANGER}|\A{BLANK}")
UNGUARD = re.compile(rf"{START}'{DANGER}|\A'{BLANK}")


def guarded(text: str) -> str:
    """The text with no beginning of a formula."""
    return GUARD.sub("'", text)


def unguarded(cell: str) -> str:
    """The text that `guarded` was given."""
    return UNGUARD.sub("", cell)


def written(value: Any) -> str:
    """A value as a CSV cell: lists as JSON, times as 2026-11-22T03:00:00Z, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list):
        return guarded(json.dumps([str(one) for one in value], ensure_ascii=False))
    return str(value)


def moment(value: datetime) -> str:
    """A time in UTC by ISO 8601, to the microsecond where there is one."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
