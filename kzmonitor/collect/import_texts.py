"""Records of JSONL and CSV files, a line at a time; a bad line is named and passed over."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from kzmonitor.collect.importing import Brought, Skipped
from kzmonitor.collect.records import HTML_TYPE, NAMES, RECORD_TYPE, body_of, field
from kzmonitor.errors import InputError
from kzmonitor.i18n import _

LONGEST_LINE_BYTES = 10_000_000
MOST_CELLS = 1000
DELIMITERS = ",;\t"


def read_jsonl(path: Path) -> Iterator[Brought | Skipped]:
    """The records of a file with one JSON object a line: ours ({"id", "title", "text", "labels"}) or plain ones
    ({"url", "title", "text" or "html", "published", "source", "author"}); other keys are kept and not read.

    Raises InputError when the file can't be read."""
    for number, line in _lines(path):
        where = f"{path}:{number}"
        if line is None:
            yield _too_long(where)
            continue
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except (ValueError, RecursionError):
            yield Skipped("unreadable", _("{where}: not a JSON object on one line").format(where=where))
            continue
        if not isinstance(record, dict):
            yield Skipped("unreadable", _("{where}: not a JSON object on one line").format(where=where))
            continue
        yield _record(record, where, line.strip().removeprefix(b"\xef\xbb\xbf"))


def read_csv(path: Path, columns: Mapping[str, str]) -> Iterator[Brought | Skipped]:
    """The records of a file with a header line, parted by commas, semicolons or tabs, in UTF-8.

    columns: our name ("text", "url", ...) to the file's where it isn't one that is known. Cells are text, whatever
    they begin with. Raises InputError when the file can't be read or a column is missing."""
    lines = _text_lines(path)
    first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        header = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error as error:
        raise InputError(_("{where}: not CSV ({reason})").format(where=f"{path}:1", reason=error)) from error
    names = _names(path, [name.strip() for name in header], columns)
    before = csv.field_size_limit(LONGEST_LINE_BYTES)
    try:
        yield from _rows(path, csv.reader(lines, delimiter=delimiter), names)
    finally:
        csv.field_size_limit(before)


def _names(path: Path, header: list[str], columns: Mapping[str, str]) -> list[str]:
    """Our names for the columns of a file; a column that isn't known keeps its own."""
    for ours, theirs in columns.items():
        if ours not in NAMES:
            known = ", ".join(NAMES)
            raise InputError(_("--column {name}: must be one of {known}").format(name=ours, known=known))
        if theirs not in header:
            message = _("{path}:1: there is no column {name}; there are {columns}")
            shown = ", ".join(header[:20])[:300]
            raise InputError(message.format(path=path, name=repr(theirs), columns=shown))
    renamed = {theirs: ours for ours, theirs in columns.items()}
    names = [renamed.get(name, name.casefold() if name not in columns else f"{name} (2)") for name in header]
    if not any(name in (*NAMES["text"], *NAMES["html"]) for name in names):
        message = _("{path}:1: no column holds a text; name one with --column text=NAME")
        raise InputError(message.format(path=path))
    return names


def _rows(path: Path, reader: Any, names: list[str]) -> Iterator[Brought | Skipped]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            where = f"{path}:{reader.line_num + 1}"
            yield Skipped("unreadable", _("{where}: not CSV ({reason})").format(where=where, reason=error))
            continue
        where = f"{path}:{reader.line_num + 1}"
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > max(len(names), 1) or len(row) > MOST_CELLS:
            message = _("{where}: {cells} cells under {columns} columns")
            yield Skipped("unreadable", message.format(where=where, cells=len(row), columns=len(names)))
            continue
        record = dict(zip(names, row, strict=False))
        yield _record(record, where, body_of(record))


def _record(record: Mapping[str, Any], where: str, body: bytes) -> Brought | Skipped:
    try:
        said = {name: field(record, name) for name in NAMES}
    except ValueError as error:
        message = _('{where}: "{key}" must be a text').format(where=where, key=error)
        return Skipped("unreadable", message)
    text, html, url = said["text"], said["html"], said["url"]
    if not text and not html:
        return Skipped("unreadable", _('{where}: "text" is missing').format(where=where))
    is_page = bool(html and url)
    return Brought(
        where=where,
        url=_plain(url),
        body=(html or "").encode("utf-8", "replace") if is_page else body,
        headers={"Content-Type": [HTML_TYPE if is_page else RECORD_TYPE]},
        text="" if is_page else text or "",
        title=_plain(said["title"]),
        source=_plain(said["source"]),
        published=said["published"],
    )


def _plain(text: str | None) -> str | None:
    """A text that a database can hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode() if text is not None else None


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """(number, line) from 1; None for a line that is too long, which is passed over to its end."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE_BYTES + 1):
                number += 1
                if len(line) > LONGEST_LINE_BYTES:
                    _pass_over(file, line)
                    yield number, None
                else:
                    yield number, line
    except OSError as error:
        message = _("{path}: can't be read ({reason})").format(path=path, reason=error.strerror)
        raise InputError(message) from error


def _pass_over(file: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(LONGEST_LINE_BYTES)


def _text_lines(path: Path) -> Iterator[str]:
    for number, line in _lines(path):
        if line is None:
            raise InputError(_too_long(f"{path}:{number}").why)
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").replace("\0", "")
        except UnicodeDecodeError as error:
            raise InputError(_("{path}:{line}: not UTF-8; save it as UTF-8").format(path=path, line=number)) from error


def _too_long(where: str) -> Skipped:
    message = _("{where}: longer than {megabytes:g} MB").format(where=where, megabytes=LONGEST_LINE_BYTES / 1e6)
    return Skipped("unreadable", message)


def records_of(paths: Iterable[Path], columns: Mapping[str, str]) -> Iterator[Brought | Skipped]:
    """The records of files, told apart by their endings. Raises InputError before the first record of a file whose
    ending is unknown."""
    from kzmonitor.collect.import_warc import read_warc  # takes a while to import, and few files need it

    for path in paths:
        name = path.name.casefold()
        if name.endswith((".jsonl", ".ndjson")):
            yield from read_jsonl(path)
        elif name.endswith((".csv", ".tsv")):
            yield from read_csv(path, columns)
        elif name.endswith((".warc", ".warc.gz", ".arc", ".arc.gz")):
            yield from read_warc(path)
        else:
            raise InputError(_("{path}: must end in .jsonl, .csv, .warc or .warc.gz").format(path=path))
