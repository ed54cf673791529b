"""JSONL and CSV: each line becomes a record or is named with its number, and no cell is ever more than text."""

import csv
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.collect import import_texts
from kzmonitor.collect.import_texts import read_csv, read_jsonl, records_of
from kzmonitor.collect.importing import Brought, Skipped
from kzmonitor.collect.records import HTML_TYPE, RECORD_TYPE
from kzmonitor.errors import InputError


def jsonl(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return path


def good(records: list[Brought | Skipped]) -> list[Brought]:
    return [record for record in records if isinstance(record, Brought)]


def test_our_labelled_format_and_a_plain_one_are_read(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        {
            "id": "a",
            "lang": "ru",
            "title": "Суд",
            "text": "Текст.",
            "labels": ["court"],
            "hard": False,
            "date": "2021-01-02",
        },
        {"url": "https://a.kz/x-1", "title": "Т", "html": "<p>x</p>", "published": "2021-01-03", "source": "dala"},
    )
    labelled, plain = good(list(read_jsonl(path)))
    assert (labelled.url, labelled.text, labelled.published) == (None, "Текст.", "2021-01-02")
    assert labelled.headers == {"Content-Type": [RECORD_TYPE]}
    assert json.loads(labelled.body)["labels"] == ["court"]  # the record is kept as it was
    assert (plain.url, plain.body, plain.source) == ("https://a.kz/x-1", b"<p>x</p>", "dala")
    assert plain.headers == {"Content-Type": [HTML_TYPE]}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"\xff\xfe", "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
        (b'{"title": "x"}', '"text" is missing'),
        (b'{"text": ""}', '"text" is missing'),
        (b'{"text": 5}', '"text" must be a text'),
        (b'{"text": "x", "url": ["https://a.kz"]}', '"url" must be a text'),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_the_next_is_read(tmp_path: Path, line: bytes, why: str) -> None:
    path = jsonl(tmp_path, {"text": "раз"}, line, {"text": "два"})
    first, bad, last = read_jsonl(path)
    assert isinstance(bad, Skipped)
    assert bad.why.startswith(f"{path}:2: ")
    assert why in bad.why
    assert [record.text for record in good([first, last])] == ["раз", "два"]


def test_a_line_without_an_end_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_texts, "LONGEST_LINE_BYTES", 100)
    path = jsonl(tmp_path, {"text": "раз"}, {"text": "x" * 1000}, {"text": "два"})
    first, bad, last = read_jsonl(path)
    assert isinstance(bad, Skipped)
    assert f"{path}:2: " in bad.why
    assert [record.text for record in good([first, last])] == ["раз", "два"]


def test_what_a_database_can_not_hold_is_left_out(tmp_path: Path) -> None:
    path = jsonl(tmp_path, b'{"text": "x", "title": "a\\u0000b\\ud800c", "url": "https://a.kz/\\u0000"}')
    [record] = good(list(read_jsonl(path)))
    assert (record.title, record.url) == ("ab?c", "https://a.kz/")


def table(tmp_path: Path, text: str, name: str = "cases.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_by_its_own_or_declared_columns(tmp_path: Path, delimiter: str) -> None:
    rows = [["Link", "Title", "Тело", "Date"], ["https://a.kz/n/1", "Суд", 'Он сказал: "да";\nи ушёл.', "2021-01-02"]]
    path = tmp_path / "cases.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    [record] = good(list(read_csv(path, {"text": "Тело"})))
    assert (record.url, record.title, record.published) == ("https://a.kz/n/1", "Суд", "2021-01-02")
    assert record.text.splitlines() == ['Он сказал: "да";', "и ушёл."]


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+7 701", "-1", "=cmd|' /C calc'!A0", "\u202eabc", "<script>"])
def test_a_hostile_cell_is_text(tmp_path: Path, cell: str) -> None:
    path = table(tmp_path, "")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["title", "text"], [cell, cell]])
    [record] = good(list(read_csv(path, {})))
    assert (record.title, record.text) == (cell, cell)


def test_a_row_with_too_many_cells_is_named_with_its_line(tmp_path: Path) -> None:
    path = table(tmp_path, "title,text\nа,б\nа,б,в\n\nг,д\n")
    first, bad, last = read_csv(path, {})
    assert isinstance(bad, Skipped)
    assert bad.why == f"{path}:3: 3 cells under 2 columns"
    assert [record.text for record in good([first, last])] == ["б", "д"]


def test_a_quote_that_never_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_texts, "LONGEST_LINE_BYTES", 200)
    path = table(tmp_path, 'title,text\nа,б\nа,"' + "длинно\n" * 100)
    records = list(read_csv(path, {}))
    assert good(records)[0].text == "б"
    assert [record for record in records if isinstance(record, Skipped)]
    assert csv.field_size_limit() != 200


@pytest.mark.parametrize(
    ("text", "columns", "why"),
    [
        ("a,b\n1,2\n", {}, "no column holds a text"),
        ("", {}, "no column holds a text"),
        ("a,b\n1,2\n", {"text": "c"}, "there is no column 'c'; there are a, b"),
        ("a,b\n1,2\n", {"colour": "a"}, "must be one of url, title, text"),
    ],
)
def test_a_table_without_texts_is_one_line(tmp_path: Path, text: str, columns: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        list(read_csv(table(tmp_path, text), columns))


def test_another_charset_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_bytes("title,text\nа,б\n".encode("cp1251"))
    with pytest.raises(InputError, match="not UTF-8"):
        list(read_csv(path, {}))


def test_files_are_told_by_their_endings(tmp_path: Path) -> None:
    lines, rows = jsonl(tmp_path, {"text": "раз"}), table(tmp_path, "text\nдва\n")
    assert [record.text for record in good(list(records_of([lines, rows], {})))] == ["раз", "два"]
    with pytest.raises(InputError, match=r"cases.docx: must end in"):
        list(records_of([tmp_path / "cases.docx"], {}))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_readers(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.jsonl"
    path.write_bytes(content)
    assert all(isinstance(record, Brought | Skipped) for record in read_jsonl(path))
    path.write_bytes(b"title,text\n" + content)
    with suppress(InputError):  # not UTF-8, or a line without an end
        assert all(isinstance(record, Brought | Skipped) for record in read_csv(path, {}))
