"""Logs: one line an event, and nothing in them that a person wrote or is called.

What is told are events with fields of a fixed list, and lines whose arguments are numbers, times, identifiers or plain
words such as slugs and states. Everything else (a title, a name, an address of a page or of a reader, a token, the text
of an exception) is left out where the line is written, so that one careless call does not fill a disk with names."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

LEFT_OUT = "[left out]"
# A word of ours: a slug, a state, a version, a table, GET. A name begins with a capital letter.
_WORD = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,63}|[A-Z]{2,7}", re.ASCII)
# Too long to be a word, and just what tokens look like.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24,}|.*[A-Za-z0-9.]@|.*://")
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", re.IGNORECASE)
# Events, and what may be said of each.
FIELDS: Mapping[str, frozenset[str]] = {
    "collected": frozenset({"source", "state", "new", "fetched", "failed"}),
    "understood": frozenset({"step", "outcome", "count"}),
    "sealed": frozenset({"day"}),
    "sent": frozenset({"state", "count"}),
    "pruned": frozenset({"rule", "count"}),
    "backed-up": frozenset({"tables", "rows"}),
    "restored": frozenset({"tables", "problems"}),
}
_events = logging.getLogger("kzmonitor.events")
OURS = ("kzmonitor", "spiders", "dags", "__main__")


def event(name: str, **fields: object) -> None:
    """Tell that something happened. The name and the fields are of `FIELDS`: another one is a mistake of ours."""
    known = FIELDS[name]
    assert set(fields) <= known, f"{name}: {sorted(set(fields) - known)} may not be told"
    told = {key: safe(value) for key, value in fields.items()}
    line = " ".join([name, *(f"{key}={value}" for key, value in told.items())])
    _events.info(line, extra={"event": name, "told": told})


def safe(value: object) -> Any:
    """The value if it can hold nothing personal, else `LEFT_OUT`."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date | UUID | timedelta):
        return str(value)
    if isinstance(value, str) and _WORD.fullmatch(value) and not _TOKEN.match(value) and not _DOMAIN.fullmatch(value):
        return value
    return LEFT_OUT


class Told(logging.Formatter):
    """A line for people: level, logger, message; arguments only as far as they are safe."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname} {record.name}: {said(record)}{_failure(record)}"


class ToldAsJson(logging.Formatter):
    """A line of JSON: time (UTC), level, logger, event or message, the event's fields, the failure."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        name = getattr(record, "event", None)
        line |= {"event": name, **getattr(record, "told", {})} if name else {"message": said(record)}
        if failure := _failure(record):
            line["failure"] = failure.removeprefix("; ")
        return json.dumps(line, ensure_ascii=False, default=str)


def said(record: logging.LogRecord) -> str:
    """The message with its safe arguments. A line that a library has put together itself is left out: nobody knows
    what is in it."""
    if hasattr(record, "event"):
        return str(record.msg)
    if not record.args and record.name.partition(".")[0] not in OURS:
        return LEFT_OUT
    arguments = record.args
    if isinstance(arguments, Mapping):
        cleaned: Any = {key: _shown(value) for key, value in arguments.items()}
    else:
        cleaned = tuple(_shown(value) for value in arguments or ())
    try:
        message = str(record.msg) % cleaned if cleaned else str(record.msg)
    except (TypeError, ValueError):  # %d of something that was left out
        message = re.sub(r"%[^%a-zA-Z]*[a-zA-Z]", LEFT_OUT, str(record.msg))
    return " ".join(message.split())


def _shown(value: object) -> Any:
    return value if isinstance(value, int | float) else safe(value)


def _failure(record: logging.LogRecord) -> str:
    """Kind and places of an exception, without its text: that may quote what was being read."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    error = record.exc_info[1]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"; {type(error).__name__} at {' < '.join(reversed(places[-12:]))}"


def start(*, as_json: bool, verbose: bool, stream: IO[str] = sys.stderr) -> None:
    """Send what is logged to `stream`, a line each. As JSON from `info` on; else warnings, or with `verbose` all.

    Only who asks for more on their own terminal sees lines as they are: what is seen there is stored nowhere."""
    handler = logging.StreamHandler(stream)
    if verbose and stream.isatty():
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    else:
        handler.setFormatter(ToldAsJson() if as_json else Told())
    level = logging.INFO if verbose or as_json else logging.WARNING
    logging.basicConfig(level=level, handlers=[handler], force=True)
