import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from kzmonitor.errors import InputError
from kzmonitor.export.cells import unguarded
from kzmonitor.export.formats import FORMATS, format_of, write
from kzmonitor.export.tables import Column
from kzmonitor.files import whole_file

COLUMNS = (
    Column("id", "id", "a"),
    Column("name", "text", "b"),
    Column("labels", "texts", "c"),
    Column("at", "moment", "d"),
    Column("number", "count", "e"),
    Column("share", "number", "f"),
    Column("yes", "flag", "g"),
)
ROWS = st.fixed_dictionaries(
    {
        "id": st.none() | st.uuids(),
        "name": st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        "labels": st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=3),
        "at": st.none()
        | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda one: one.replace(tzinfo=UTC)),
        "number": st.none() | st.integers(-(2**40), 2**40),
        "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "yes": st.none() | st.booleans(),
    }
)


def written(ending: str, rows: list[dict], size: int = 2) -> bytes:
    file = io.BytesIO()
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    assert write(file, ending, COLUMNS, batches) == len(rows)
    return file.getvalue()


def read_csv(content: bytes) -> list[dict]:
    kinds = {one.name: one.kind for one in COLUMNS}
    of_kind = {
        "id": UUID, "text": unguarded, "texts": lambda cell: json.loads(unguarded(cell)), "count": int, "number": float,
        "moment": datetime.fromisoformat, "flag": {"true": True, "false": False}.__getitem__,
    }  # fmt: skip
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [{name: of_kind[kinds[name]](cell) if cell else None for name, cell in row.items()} for row in rows]


def read_jsonl(content: bytes) -> list[dict]:
    rows = [json.loads(line) for line in content.decode().split("\n")[:-1]]
    return [
        row | {"at": row["at"] and datetime.fromisoformat(row["at"]), "id": row["id"] and UUID(row["id"])}
        for row in rows
    ]


def read_parquet(content: bytes) -> list[dict]:
    rows = parquet.read_table(io.BytesIO(content)).to_pylist()
    return [row | {"id": row["id"] and UUID(row["id"])} for row in rows]


READ = {"csv": read_csv, "jsonl": read_jsonl, "parquet": read_parquet}


def test_every_format_is_read_back_here():
    assert set(READ) == set(FORMATS)


@pytest.mark.parametrize("ending", FORMATS)
def test_any_rows_come_back_as_they_were(ending):
    @given(st.lists(ROWS, max_size=5))
    def check(rows):
        assert READ[ending](written(ending, rows)) == rows

    check()


@pytest.mark.parametrize("ending", FORMATS)
def test_an_empty_export_is_a_file_with_the_columns(ending):
    content = written(ending, [])
    assert READ[ending](content) == []
    names = [one.name for one in COLUMNS]
    if ending == "csv":
        assert content.decode("utf-8-sig") == ",".join(names) + "\r\n"
    if ending == "parquet":
        assert parquet.read_schema(io.BytesIO(content)).names == names


def test_parquet_has_typed_columns_in_utc_and_says_what_they_hold():
    schema = parquet.read_schema(io.BytesIO(written("parquet", [])))
    assert [str(field.type) for field in schema] == [
        "string", "string", "list<element: string>", "timestamp[us, tz=UTC]", "int64", "double", "bool",
    ]  # fmt: skip
    assert [field.metadata[b"description"] for field in schema] == [b"a", b"b", b"c", b"d", b"e", b"f", b"g"]


def test_csv_begins_with_the_mark_that_excel_needs():
    assert written("csv", []).startswith(b"\xef\xbb\xbf")


def test_a_failure_leaves_nothing_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("before")
    with pytest.raises(TypeError), whole_file(path) as file:
        file.writelines([b"half", "not bytes"])
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]
    assert path.read_text() == "before"


def test_a_new_file_is_its_owners_alone(tmp_path):
    path = tmp_path / "new" / "rows.csv"
    with whole_file(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("name", "ending"), [("a.csv", "csv"), ("b.JSONL", "jsonl"), ("c.parquet", "parquet")])
def test_the_ending_says_the_format(name, ending):
    assert format_of(Path(name)) == ending


@pytest.mark.parametrize("name", ["a", "a.xlsx", "a.csv.gz", "csv"])
def test_an_unknown_ending_is_refused_with_the_known_ones(name):
    with pytest.raises(InputError, match=r"\.csv, \.jsonl, \.parquet"):
        format_of(Path(name))


def test_standard_output_needs_a_format_that_needs_no_file():
    assert format_of(Path("-"), "jsonl") == "jsonl"
    with pytest.raises(InputError, match="--format"):
        format_of(Path("-"))
    with pytest.raises(InputError, match=r"FILE\.parquet"):
        format_of(Path("-"), "parquet")
