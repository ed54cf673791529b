"""`kzmonitor import` as its user runs it: twice is once, bad lines are named, and nothing readable ends with 2."""

import gzip
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import text
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kzmonitor.store import Database
from tests.cli.conftest import Run, one_line

TEXT = "Police in Almaty detained five activists outside the mayor's office and took them to a district station.\n" * 2


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One file of each kind, with a bad line in the JSONL."""
    lines, rows, archive = (tmp_path / name for name in ("cases.jsonl", "cases.csv", "news.warc.gz"))
    record = {"id": "1", "lang": "en", "title": "Detained", "text": TEXT, "labels": ["detention"], "date": "2021-02-03"}
    lines.write_text(json.dumps(record) + "\n{broken\n" + json.dumps({**record, "text": TEXT + "Again."}) + "\n")
    rows.write_text(f'Link,Body\nhttps://vlast.kz/novosti/66096-example.html,"{TEXT}"\n')
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    page = f"<html><body><h1>Five detained</h1><article><p>{TEXT}</p></article></body></html>".encode()
    headers = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]
    http = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
    writer.write_record(
        writer.create_warc_record(
            "https://gone.example/2021/five-detained-in-almaty/",
            "response",
            payload=io.BytesIO(gzip.compress(page)),
            http_headers=http,
        )
    )
    archive.write_bytes(buffer.getvalue())
    return [lines, rows, archive]


def test_files_of_three_kinds_come_in_once(run: Run, files: list[Path], database: Database) -> None:
    options = ("--column", "url=Link", "--column", "text=Body", "--source", "vlast", "--json")
    done = run("import", *files, *options)
    assert json.loads(done.stdout) == {"new": 4, "unreadable": 1}
    assert done.stderr.strip() == f"{files[0]}:2: not a JSON object on one line"
    assert json.loads(run("import", *files, *options).stdout) == {"known": 4, "unreadable": 1}
    with database.session() as session:
        sources = session.execute(text("select source, count(*), bool_or(tell) from article group by 1 order by 1"))
        # What the archive's page says of its day is nothing, and the rest is old: none of it is news.
        assert [tuple(row) for row in sources] == [("import-gone-example", 1, False), ("vlast", 3, False)]
        routes = session.scalars(text("select distinct route from capture")).all()
    assert routes == ["import"]


def test_with_tell_they_are_news(run: Run, files: list[Path], database: Database) -> None:
    assert run("import", files[0], "--tell").returncode == 0
    with database.session() as session:
        assert session.scalars(text("select distinct tell from article")).all() == [True]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.jsonl", "{broken\n", "nothing could be read in: "),
        ("a.jsonl", "", "nothing could be read in: "),
        ("a.csv", "a,b\n1,2\n", "no column holds a text; name one with --column text=NAME"),
        ("a.warc", "hello", "not a WARC file"),
        ("a.docx", "hello", "must end in .jsonl, .csv, .warc or .warc.gz"),
        (None, None, "no such file"),
    ],
)
def test_nothing_readable_is_one_line_and_exit_2(
    run: Run, tmp_path: Path, name: str | None, content: str | None, why: str
) -> None:
    path = tmp_path / (name or "nosuch.jsonl")
    if content is not None:
        path.write_text(content)
    done = run("import", path)
    assert done.returncode == 2
    assert why in (done.stderr.strip().splitlines() or [""])[-1]
    assert "Traceback" not in done.stderr


def test_a_column_that_is_said_wrong_is_one_line(run: Run, files: list[Path]) -> None:
    done = run("import", files[1], "--column", "text")
    assert done.returncode == 2
    assert one_line(done) == "--column text: write it NAME=COLUMN, for example text=Body"


def test_many_bad_lines_are_counted_and_the_first_are_shown(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{broken\n" * 50 + json.dumps({"text": TEXT}) + "\n")
    done = run("import", path, "--json")
    assert json.loads(done.stdout) == {"new": 1, "unreadable": 50}
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 more"
