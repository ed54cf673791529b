"""Texts without personal names: a number in place of each person, the same one all through an export."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kzmonitor.export.naming import Known, key_of, known_persons
from kzmonitor.export.persons import Spot, names_somebody, spots
from kzmonitor.export.tables import Column, Row

REMOVED = "[removed]"
ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>«»\"”“]+|(?<![\w@.-])(?:[\w-]+\.)+[a-z]{2,}/[^\s<>«»\"”“]+", re.IGNORECASE
)
MAIL_OR_HANDLE = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)@\w{2,}")
HASHTAG = re.compile(r"#(\w{2,})")


@dataclass
class Pseudonyms:
    """The numbers of one export: "person 1" is whoever is named first. They can't be turned back without the texts."""

    numbers: dict[str, int] = field(default_factory=dict)

    def of(self, key: str) -> str:
        """The pseudonym of the person with this key."""
        return f"person {self.numbers.setdefault(key, len(self.numbers) + 1)}"


@dataclass
class Redactor:
    """Takes the names of persons out of the cells of one export."""

    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)

    def redact(self, cells: Sequence[str], persons: Sequence[Sequence[str]] = ()) -> list[str]:
        """These texts, of one event, without names: the first is read as a headline, the others as its text.

        persons: who is known from elsewhere, by all names; all forms of them go, too, and all forms of everybody whom
        one of the texts names in full."""
        known = known_persons(persons)
        title, *rest = cells or [""]
        found = spots(title, "\n".join(rest), known)
        known = Known({**known.forms, **{key: key for spot in found for key in spot.key.split(" ") if len(key) > 4}})
        return self._replaced("\n".join(cells), [len(cell) for cell in cells], found, known)

    def redact_party(self, name: str, persons: Sequence[Sequence[str]]) -> str:
        """The name of a party: a pseudonym for one of these persons, an organisation's without names in it."""
        for names in persons:
            if name in names:
                return self.pseudonyms.of(key_of(names[0]))
        return self._replaced(name, [len(name)], spots(name, "", known_persons(persons), strange=False))[0]

    def redact_row(self, row: Row, columns: Sequence[Column]) -> dict[str, Any]:
        """The cells of a row as `--redact names` has them."""
        texts = [one.name for one in columns if one.at_names == "names replaced" and one.kind == "text"]
        told = [name for name in texts if row.cells[name]]
        clean = self.redact([*(row.cells[name] for name in told), row.context], row.persons)[:-1] if told else []
        cells = row.cells | dict(zip(told, clean, strict=True))
        return cells | {one.name: self._cell(one, row) for one in columns if one.name not in texts}

    def _cell(self, column: Column, row: Row) -> Any:
        value = row.cells[column.name]
        if not value:
            return value
        if column.at_names == "left out":
            return [] if isinstance(value, list) else None
        of_one = {
            "kept": lambda one: one,
            "names replaced": lambda one: self.redact([one], row.persons)[0],
            "persons replaced": lambda one: self.redact_party(one, row.persons),
            "cut to the host": host_of,
        }[column.at_names]
        return [of_one(one) for one in value] if isinstance(value, list) else of_one(value)

    def _replaced(
        self, text: str, lengths: Sequence[int], found: Sequence[Spot], known: Known | None = None
    ) -> list[str]:
        spoken = ((spot.start, spot.end, self.pseudonyms.of(spot.key)) for spot in found)
        return list(_cut(text, lengths, _apart([*_machine_names(text, known or Known({})), *spoken])))


def host_of(address: str) -> str:
    """An address cut to its host, since the rest may spell a name: "https://vlast.kz/"."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
    except ValueError:  # brackets that hold no IPv6 address
        return REMOVED
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}/" if parts.scheme else f"{host}/"


def _machine_names(text: str, known: Known) -> Iterator[tuple[int, int, str]]:
    """What names people in other ways: addresses, mail, user names, hashtags."""
    for match in ADDRESS.finditer(text):
        yield match.start(), match.end(), host_of(match[0])
    for match in MAIL_OR_HANDLE.finditer(text):
        yield match.start(), match.end(), REMOVED
    for match in HASHTAG.finditer(text):
        if names_somebody(match[1], known):
            yield match.start(), match.end(), REMOVED


def _apart(found: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """In order; two that overlap become one, with the replacement of the one that begins first."""
    kept: list[tuple[int, int, str]] = []
    for start, end, word in sorted(found, key=lambda one: one[:2]):
        if kept and start < kept[-1][1]:
            first, last, before = kept.pop()
            kept.append((first, max(last, end), before))
        else:
            kept.append((start, end, word))
    return kept


def _cut(text: str, lengths: Sequence[int], replaced: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    """The cells that `text` was joined from (by line breaks), with these spans replaced."""
    start = 0
    for length in lengths:
        end, told, at = start + length, [], start
        for first, last, word in replaced:
            if start <= first < end:
                told += [text[at:first], word]
                at = min(last, end)
        yield "".join(told) + text[at:end]
        start = end + 1
