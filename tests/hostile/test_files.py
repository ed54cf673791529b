"""Files that people hand over, made by somebody else: refused in one line or read in bounded memory; nothing of them is
ever executed."""

import csv
import gzip
import io
import json
import os
import pickle
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sqlalchemy import text

from kzmonitor.classify import persist, registry
from kzmonitor.classify.model import Classifier
from kzmonitor.classify.train import train
from kzmonitor.errors import InputError
from kzmonitor.export.cells import guarded, unguarded
from kzmonitor.store import Database
from kzmonitor.store.tables import Model
from tests.classify.conftest import TAXONOMY, toy_texts

MEGABYTE = 1_000_000
CANARY = "canary"
# The system counts the memory of a process from that of whoever started it: so this starts it, and not the tests.
MEASURED = """import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code if code >= 0 else 128 - code)"""
Import = Callable[[Path], tuple[int, str, int]]
# Of a child that imports a bomb; that of one that imports three lines is some 110 MB.
MOST_BYTES = 400 * MEGABYTE


class Trap:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {CANARY}",)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return train(toy_texts(), TAXONOMY)


@pytest.fixture(scope="module")
def body(classifier: Classifier) -> bytes:
    return persist.save(classifier)


def changed(body: bytes, *, schema: Callable[[str], str] = str, member: Callable[[str, bytes], bytes] | None = None,
            more: dict[str, bytes] | None = None) -> bytes:  # fmt: skip
    """A model file with another schema, other members, or further ones."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                content = schema(content.decode()).encode()
            elif member is not None:
                content = member(name, content)
            new.writestr(name, content)
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return packed.getvalue()


def pickled() -> bytes:
    return pickle.dumps(Trap())


def joblibbed() -> bytes:
    file = io.BytesIO()
    joblib.dump(Trap(), file)
    return file.getvalue()


def object_array(_name: str, content: bytes) -> bytes:
    """An array of objects, which numpy would unpickle if it were let."""
    file = io.BytesIO()
    np.save(file, np.array([Trap()], dtype=object), allow_pickle=True)
    return file.getvalue() if content.startswith(b"\x93NUMPY") else content


def huge_array(_name: str, content: bytes) -> bytes:
    """An array that says it has a hundred thousand million numbers."""
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000000000,), }"
    head = head.ljust(117) + b"\n"
    huge = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
    return huge if content.startswith(b"\x93NUMPY") else content


def no_numbers(_name: str, content: bytes) -> bytes:
    """The same arrays, all of them not a number."""
    if not content.startswith(b"\x93NUMPY"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    file = io.BytesIO()
    np.save(file, np.full_like(array, np.nan) if array.dtype.kind == "f" else array)
    return file.getvalue()


def renamed(old: str, new: str) -> Callable[[str], str]:
    return lambda schema: schema.replace(old, new)


def function_node(module: str, name: str, argument: str) -> bytes:
    """A skops file whose schema asks for a function."""
    node = {"__class__": name, "__module__": module, "__loader__": "FunctionNode", "__id__": 1,
            "content": {"module_path": module, "function": name}, "args": [argument]}  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("schema.json", json.dumps(node | {"protocol": 2, "_skops_version": "0.13"}))
    return packed.getvalue()


def bomb_of_zeros(_body: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file, file.open("schema.json", "w") as member:
        for _piece in range(500):
            member.write(b" " * MEGABYTE)
    return packed.getvalue()


def lying_bomb(body: bytes) -> bytes:
    """The same, with a directory that says it is small."""
    bomb = bytearray(bomb_of_zeros(body))
    size = (500 * MEGABYTE).to_bytes(4, "little")
    return bytes(bomb.replace(size, (1000).to_bytes(4, "little")))


MODELS: dict[str, Callable[[bytes], bytes]] = {
    "pickle": lambda _body: pickled(),
    "pickle of joblib": lambda _body: joblibbed(),
    "pickle in gzip": lambda _body: gzip.compress(pickled()),
    "pickle as a member": lambda body: changed(body, member=lambda _name, _content: pickled()),
    "array of objects": lambda body: changed(body, member=object_array),
    "huge array": lambda body: changed(body, member=huge_array),
    "not a number": lambda body: changed(body, member=no_numbers),
    "os.system": lambda _body: function_node("os", "system", f"touch {CANARY}"),
    "builtins.eval": lambda _body: function_node("builtins", "eval", "1"),
    "subprocess": lambda body: changed(body, schema=renamed('"kzmonitor.classify.committee"', '"subprocess"')),
    "type of another module": lambda body: changed(
        body, schema=renamed("kzmonitor.classify.features", "kzmonitor.files")
    ),
    "module that imports itself": lambda body: changed(
        body, schema=renamed("kzmonitor.classify.features", "antigravity")
    ),
    "trusted by suffix": lambda body: changed(
        body, schema=renamed("kzmonitor.classify.features", "kzmonitor.classify.features.os")
    ),
    "schema that is no JSON": lambda body: changed(body, schema=lambda _schema: "{"),
    "schema that is deep": lambda body: changed(body, schema=lambda _schema: "[" * 100_000),
    "schema that is a list": lambda body: changed(body, schema=lambda _schema: "[]"),
    "path outside": lambda body: changed(
        body, schema=renamed(".npy", "/../../../etc/passwd"), more={"../../canary": b"x"}
    ),
    "truncated": lambda body: body[: len(body) // 2],
    "truncated at the end": lambda body: body[:-30],
    "zip bomb": bomb_of_zeros,
    "zip bomb that lies": lying_bomb,
    "empty zip": lambda _body: b"PK\x05\x06" + b"\0" * 18,
    "another skops file": lambda _body: skops.io.dumps({"about": "{}"}),
    "nothing": lambda _body: b"",
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_file_that_was_tampered_with_is_refused(
    kind: str, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    data = MODELS[kind](body)
    with pytest.raises(InputError) as refused:
        persist.load(data)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < 700 * MEGABYTE


def test_the_trap_would_have_sprung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the canary would show if anything unpickled the file."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickled())
    assert (tmp_path / CANARY).exists()


def test_a_stored_model_whose_bytes_were_changed_is_not_used(
    database: Database, classifier: Classifier, body: bytes
) -> None:
    with database.session() as session:
        registry.add(session, classifier, "champion", datetime(2026, 11, 1, tzinfo=UTC))
    other = changed(body, schema=lambda schema: schema + " ")
    with database.session() as session:
        session.execute(text("update model set body = :other"), {"other": other})
    with database.session() as session, pytest.raises(InputError, match="does not match its hash"):
        registry.classifier(session.query(Model).one())


# Imports


def csv_bomb(path: Path) -> Path:
    """A gigabyte in one cell, which takes no room on the disk: the file has a hole."""
    with path.open("wb") as file:
        file.write(b'url,title,text\nhttps://dala.kz/news/2026-report,a,"')
        file.truncate(1_000 * MEGABYTE)
    return path


def jsonl_bomb(path: Path) -> Path:
    """A line of a gigabyte, then one that is in order."""
    with path.open("wb") as file:
        file.write(b'{"url": "https://dala.kz/n/1", "text": "')
        file.seek(1_000 * MEGABYTE)
        file.write(
            b'"}\n' + json.dumps({"url": "https://dala.kz/n/2", "text": "The court sat. " * 20}).encode() + b"\n"
        )
    return path


def warc_record(body: bytes, length: int | None = None) -> bytes:
    """A record that may lie about its length."""
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    size = len(http) + len(body) if length is None else length
    return (
        b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: https://dala.kz/n/1\r\n"
        b"WARC-Date: 2026-11-20T00:00:00Z\r\n"
        b"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n"
        b"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n" % size
        + http + body + b"\r\n\r\n"
    )  # fmt: skip


def warc_bomb(path: Path) -> Path:
    """A record of a gigabyte in a megabyte."""
    with gzip.open(path, "wb", 1) as file:
        whole = warc_record(b"", 1_000 * MEGABYTE)
        file.write(whole)
        for _piece in range(1_000):
            file.write(b" " * MEGABYTE)
    return path


def warc_members(path: Path) -> Path:
    """A hundred thousand members that hold nothing."""
    path.write_bytes(gzip.compress(warc_record(b"")) + gzip.compress(b"") * 100_000)
    return path


def warc_lies(path: Path) -> Path:
    """Lengths that are none."""
    page = b"<html>" + b"<p>The court sat behind closed doors. </p>" * 20
    lengths = (-1, 0, 10**18, len(page) * 1000)
    path.write_bytes(warc_record(page) + b"".join(warc_record(page, length) for length in lengths))
    return path


FILES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "a CSV cell of a gigabyte": ("a.csv", csv_bomb),
    "a line of JSONL of a gigabyte": ("a.jsonl", jsonl_bomb),
    "a WARC record that unpacks to a gigabyte": ("a.warc.gz", warc_bomb),
    "a WARC of empty members": ("b.warc.gz", warc_members),
    "a WARC that lies about lengths": ("c.warc", warc_lies),
}


@pytest.fixture
def importing(database: Database, tmp_path: Path) -> Import:
    """`kzmonitor import FILE` as a process, with what it said and its peak memory, bytes."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("KZMONITOR_")}
    mine |= {
        "KZMONITOR_DATABASE_URL": database.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "KZMONITOR_DATA": str(tmp_path / "data"), "KZMONITOR_ENV_FILE": "/dev/null", "LANG": "C.UTF-8",
    }  # fmt: skip

    def run(path: Path) -> tuple[int, str, int]:
        command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "kzmonitor", "import", str(path)]
        done = subprocess.run(command, env=mine, cwd=tmp_path, stdout=-1, stderr=subprocess.STDOUT, text=True)
        said, _line, peak = done.stdout.rstrip().rpartition("\n")
        return done.returncode, said, int(peak) * 1024

    return run


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_a_bomb_is_refused_or_read_in_bounded_memory(
    kind: str, importing: Import, tmp_path: Path
) -> None:
    name, make = FILES[kind]
    code, said, peak = importing(make(tmp_path / name))
    assert code in (0, 2), said
    assert "Traceback" not in said
    assert peak < MOST_BYTES, f"{peak / 1e6:.0f} MB"


# Exports

FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", "＝1", "a;=1", "a\t=1",
    '=HYPERLINK("http://10.0.0.1/","a")', "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@", "\t", "\r",
)  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS, ids=ascii)
def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless_and_comes_back(cell: str) -> None:
    written = guarded(cell)
    file = io.StringIO()
    csv.writer(file).writerow([written])
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter=delimiter):
            assert not any(
                one.lstrip(" '\"").startswith(tuple("=+-@＝＋－＠")) and not one.startswith("'") for one in row
            )
    assert unguarded(written) == cell
