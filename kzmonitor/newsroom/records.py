"""Labelled JSONL as the newsroom takes it: one report a line, checked, and made fit to print."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from kzmonitor.errors import InputError
from kzmonitor.i18n import _

ALMATY = "Asia/Almaty"
HEADLINE_WORDS = 12
# Neither XML 1.0 nor HTML can carry these: control characters, halves of surrogate pairs, U+FFFE and U+FFFF.
UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Record:
    """One report as its author wrote it. `labels` is for whoever marks the answers; no page shows it."""

    id: str
    lang: str
    title: str
    text: str
    labels: tuple[str, ...] = ()
    published: datetime | None = None


def printable(text: str) -> str:
    """`text` with line ends as newlines and without the characters that no page or feed can carry."""
    return UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def paragraphs(text: str) -> list[str]:
    """The lines of `text` that hold anything, without blanks at their ends."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def headline(record: Record) -> str:
    """The title on one line; for a record without one, the first words of its text."""
    words = record.title.split() or record.text.split()[:HEADLINE_WORDS]
    return " ".join(words)


def read_records(path: Path) -> list[Record]:
    """The reports of one file, in its order. Raises InputError that names the file and the line."""
    records: dict[str, Record] = {}
    for where, line in numbered_lines(path):
        record = parse_record(decoded(line, where), where)
        if record.id in records:
            raise InputError(_("{where}: the id {id} was used above").format(where=where, id=repr(record.id)))
        records[record.id] = record
    if not records:
        raise InputError(_("{path}: holds no articles").format(path=path))
    return list(records.values())


def numbered_lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each line that is not blank, with its place as `FILE, line N`."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _("{path}, line {number}").format(path=path, number=number), line
    except OSError as error:
        raise InputError(_("{path}: can't be read: {reason}").format(path=path, reason=error.strerror)) from error


def decoded(line: bytes, where: str) -> Mapping[str, object]:
    """The JSON object that a line holds."""
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(_("{where}: not JSON in UTF-8; write one object a line").format(where=where)) from error
    if not isinstance(found, dict):
        raise InputError(_("{where}: not a JSON object").format(where=where))
    return found


def parse_record(raw: Mapping[str, object], where: str) -> Record:
    """A record from one object of labelled JSONL; keys it does not know are ignored.

    `where` starts the message of the InputError."""
    text = {key: raw.get(key, "") for key in ("id", "lang", "title", "text")}
    for key, value in text.items():
        if not isinstance(value, str) or (key != "title" and not printable(value).strip()):
            raise InputError(_("{where}: {key} must be a text").format(where=where, key=repr(key)))
    labels = raw.get("labels") or []
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise InputError(_("{where}: 'labels' must be a list of names").format(where=where))
    clean = {key: printable(str(value)).strip() for key, value in text.items()}
    return Record(**clean, labels=tuple(labels), published=parse_date(raw.get("date"), where))


def parse_date(value: object, where: str) -> datetime | None:
    """A day (noon in Almaty is meant) or a moment in ISO 8601 (Almaty if it has no offset), in UTC."""
    if value is None or value == "":
        return None
    almaty = ZoneInfo(ALMATY)
    try:
        if not isinstance(value, str):
            raise ValueError(value)
        if len(value) == len("2025-01-31"):
            moment = datetime.combine(date.fromisoformat(value), time(12), almaty)
        else:
            moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=almaty)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(
            _("{where}: the date {value} is not like 2025-01-31 or 2025-01-31T09:30+05:00").format(
                where=where, value=repr(value)
            )
        ) from error
