"""Sentences about mistakes in a declaration: what is wrong, and the nearest word that would be right."""

import difflib
from collections.abc import Iterable
from typing import Any

from pydantic_core import ErrorDetails

from kzmonitor.i18n import _


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "..."?` when a known word is close, else the list of known words."""
    known = list(known)
    if close := difflib.get_close_matches(word, known, n=1, cutoff=0.5):
        return _('; did you mean "{word}"?').format(word=close[0])
    return _("; known are: {words}").format(words=", ".join(known))


def shown(text: object) -> str:
    """`text` on one line, cut to what helps to find it."""
    line = " ".join(str(text).split())
    visible = "".join(char if char.isprintable() else "?" for char in line)
    return visible if len(visible) <= 80 else visible[:79] + "…"


def sentence(error: ErrorDetails, place: tuple[str | int, ...], known: Iterable[str]) -> str:
    """One of pydantic's errors as a person would put it; `known` are the keys allowed at that place."""
    key = shown(next((part for part in reversed(place) if isinstance(part, str)), ""))
    if error["type"] == "extra_forbidden":
        return _('unknown key "{key}"').format(key=key) + nearest(str(place[-1]), known)
    if error["type"] == "missing" and place[-1] == key:
        return _('"{key}" is missing').format(key=key)
    if place[:1] == ("slug",):
        return _("the file's name must be small Latin letters, digits and hyphens, such as dala.yml")
    if not place:
        return _problem(error)
    return _('"{key}": {problem}').format(key=key, problem=_problem(error))


def _problem(error: ErrorDetails) -> str:
    limits: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return shown(limits["error"])
        case "string_type" | "string_pattern_mismatch" if isinstance(error["input"], str):
            return _('"{value}" is not of the right form').format(value=shown(error["input"]))
        case "string_type" | "pattern_type":
            return _("must be text; put it in quotes")
        case "tuple_type":
            return _("must be a list, such as [one, two]")
        case "model_type" | "dict_type" | "model_attributes_type":
            return _("must be keys with values, such as {key: value}")
        case "bool_type" | "bool_parsing":
            return _("must be true or false")
        case "int_type" | "float_type":
            return _("must be a number")
        case "date_type" | "date_from_datetime_parsing" | "date_parsing":
            return _("must be a day, such as 2026-03-01")
        case "literal_error":
            return _("must be one of: {words}").format(words=limits["expected"])
        case "missing" | "too_long":  # of a list of fixed length, which only a range is
            return _("must be a range of two numbers, such as [3, 60]")
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bound = next(limits[name] for name in ("gt", "ge", "lt", "le") if name in limits)
            return _("{value} is out of bounds; the limit is {bound}").format(value=shown(error["input"]), bound=bound)
        case _other:
            return shown(error["msg"])
