"""Labelled JSONL is read strictly, and whatever can't be printed is dropped."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from kzmonitor.errors import InputError
from kzmonitor.newsroom.records import Record, headline, parse_record, printable, read_records

GOOD = {"id": "a", "lang": "ru", "title": "Заголовок", "text": "Текст.", "labels": ["raid"]}


def file_of(folder: Path, *lines: str) -> Path:
    path = folder / "reports.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_good_line_gives_a_record_and_unknown_keys_are_ignored(tmp_path: Path) -> None:
    path = file_of(tmp_path, "", json.dumps({**GOOD, "hard": True, "colour": 5, "date": "2025-04-12"}))
    assert read_records(path) == [
        Record("a", "ru", "Заголовок", "Текст.", ("raid",), datetime(2025, 4, 12, 7, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{not json",
        "[1, 2]",
        "[" * 100_000,
        json.dumps({**GOOD, "id": 7}),
        json.dumps({**GOOD, "text": " \n "}),
        json.dumps({**GOOD, "text": "\x00\x01"}),
        json.dumps({**GOOD, "title": None}),
        json.dumps({**GOOD, "labels": "raid"}),
        json.dumps({**GOOD, "date": "12 апреля"}),
        json.dumps({**GOOD, "date": "2025-02-31"}),
        json.dumps({**GOOD, "date": "0001-01-01T00:00+14:00"}),
        json.dumps({**GOOD, "date": 20250412}),
        json.dumps(GOOD),
    ],
    ids=lambda line: line[:40],
)
def test_a_broken_line_is_named_with_its_file_and_number(tmp_path: Path, line: str) -> None:
    path = file_of(tmp_path, json.dumps(GOOD), line)
    with pytest.raises(InputError, match=r"reports\.jsonl, line 2") as caught:
        read_records(path)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_bytes('{"id": "a", "text": "Текст"}'.encode("cp1251"))
    with pytest.raises(InputError, match="line 1"):
        read_records(path)


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_records(tmp_path / name)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no articles"):
        read_records(file_of(tmp_path, "", " "))


def test_a_date_without_offset_is_almaty_time() -> None:
    found = parse_record({**GOOD, "date": "2025-04-12T10:00"}, "here")
    assert found.published == datetime(2025, 4, 12, 5, tzinfo=UTC)


def test_a_report_without_title_is_headed_by_its_first_words() -> None:
    record = Record("a", "kk", "", "бір екі үш\n" + "сөз " * 50)
    assert headline(record).split() == ["бір", "екі", "үш"] + ["сөз"] * 9


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_what_is_printable_can_stand_in_xml(text: str) -> None:
    root = etree.Element("a")
    root.text = printable(text)
    assert printable(printable(text)) == printable(text)
    assert etree.fromstring(etree.tostring(root, encoding="utf-8")).text == (printable(text) or None)
