"""Exports as their user asks for them."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from pyarrow import parquet
from typer.testing import CliRunner

from kzmonitor.cli.app import app
from kzmonitor.errors import InputError
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert
from tests.cli.conftest import Run, one_line

MORNING = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
Export = Callable[..., Result]


@pytest.fixture
def export(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """`export("incidents", "--out", ...)` in this process, in an empty folder."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", address)
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.fixture
def news(database: Database, report: Callable[..., Alert]) -> Alert:
    """Three incidents on three days."""
    with database.session() as session:
        alerts = [
            report(session, title, "Жанболат Мамай.", at=MORNING + timedelta(days=day))
            for day, title in enumerate(["=Арест Мамая", "Обыск", "Штраф"])
        ]
        return alerts[0]


def test_the_three_formats_hold_the_same_rows(export: Export, news: Alert, tmp_path: Path) -> None:
    for ending in ("csv", "jsonl", "parquet"):
        done = export("incidents", "--out", f"new/incidents.{ending}")
        assert (done.exit_code, done.stdout) == (0, f"new/incidents.{ending}: 3 rows\n"), done.exception
    folder = tmp_path / "new"
    lines = [json.loads(line) for line in (folder / "incidents.jsonl").read_text().splitlines()]
    table = parquet.read_table(folder / "incidents.parquet")
    with (folder / "incidents.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(lines[0]) == list(rows[0]) == table.column_names
    assert [line["title"] for line in lines] == table["title"].to_pylist() == ["=Арест Мамая", "Обыск", "Штраф"]
    assert [row["title"] for row in rows] == ["'=Арест Мамая", "Обыск", "Штраф"]
    assert [row["id"] for row in rows] == table["id"].to_pylist()
    assert sorted(one.name for one in folder.iterdir()) == [f"incidents.{end}" for end in ("csv", "jsonl", "parquet")]


def test_two_exports_of_one_state_are_equal(export: Export, news: Alert, tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        assert export("articles", "--text", "--redact", "names", "--out", name).exit_code == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.parametrize("table", ["incidents", "articles", "people", "labels"])
def test_an_empty_export_is_a_file_with_a_header(export: Export, tmp_path: Path, table: str) -> None:
    done = export(table, "--out", "none.csv")
    assert done.exit_code == 0, done.exception
    with (tmp_path / "none.csv").open(encoding="utf-8-sig", newline="") as file:
        (header,) = csv.reader(file)
    assert len(header) > 5


def test_days_are_those_of_almaty_and_the_last_is_in_it(export: Export, news: Alert) -> None:
    arguments = ("--since", "2026-11-02", "--until", "2026-11-03", "--out", "-", "--format", "jsonl")
    done = export("incidents", *arguments)
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == ["=Арест Мамая", "Обыск"]


def test_standard_output_holds_nothing_but_rows(run: Run, news: Alert) -> None:
    done = run("export", "incidents", "--incident", str(news.incident_id), "--out", "-", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline=""))
    assert row["id"] == str(news.incident_id)


def test_names_and_small_counts_are_left_out_when_asked(export: Export, news: Alert) -> None:
    to = ("--out", "-", "--format", "jsonl")
    names = export("articles", "--text", "--redact", "names", *to).stdout
    assert "Мамай" not in names
    assert "person 1" in names
    counts = [json.loads(line) for line in export("incidents", "--redact", "counts", *to).stdout.splitlines()]
    assert {tuple(row["values"]): row["count"] for row in counts if row["dimensions"] == "label"} == {("detention",): 3}


def test_stored_pages_go_into_a_warc_file(export: Export, news: Alert, tmp_path: Path) -> None:
    done = export("warc", "--incident", news.incident_id, "--out", "evidence.warc.gz")
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith("evidence.warc.gz: ")
    assert (tmp_path / "evidence.warc.gz").read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("incidents", "--out", "rows.xlsx"), ".csv, .jsonl, .parquet"),
        (("incidents", "--out", "-"), "--format"),
        (("incidents", "--out", "rows.csv", "--format", "csv"), "ending"),
        (("incidents", "--out", "rows.csv", "--status", "closed"), "open, confirmed, rejected, duplicate"),
        (("incidents", "--out", "rows.csv", "--since", "yesterday"), "2026-11-20"),
        (("incidents", "--out", "rows.csv", "--until", "2026-13-01"), "2026-11-20"),
        (("articles", "--out", "rows.csv", "--incident", "7"), "export incidents"),
        (("people", "--out", "rows.csv", "--by", "week"), "--redact counts"),
        (("people", "--out", "rows.csv", "--redact", "counts", "--by", "name"), "week, region, label, status"),
        (("warc", "--out", "evidence.zip"), ".warc.gz, .warc"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    export: Export, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    refused = export(*arguments).exception
    assert isinstance(refused, InputError)
    assert told in str(refused)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_is_one_line_and_exit_code_2(run: Run) -> None:
    done = run("export", "incidents", "--out", "rows.xlsx", LANGUAGE="en")
    assert done.returncode == 2
    assert ".csv, .jsonl, .parquet" in one_line(done)
