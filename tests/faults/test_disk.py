"""A disk that is full for what a command writes: one line, nothing half-written, and what was there before stays."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Make
from tests.faults.machine import Machine, small_disk, told

EXPORTS = (
    ("export", "incidents", "--out", "x.csv"),
    ("export", "articles", "--text", "--out", "x.jsonl"),
    ("export", "articles", "--out", "x.parquet"),
    ("export", "warc", "--out", "x.warc.gz"),
    ("backup", "--out", "x"),
)


def refused(machine: Machine, full: Path, *arguments: str) -> None:
    """The command finds no room, and what stood at its place before is untouched."""
    (full / arguments[-1]).write_text("before")
    command = [*arguments[:-1], str(full / arguments[-1])]
    told(machine.run(*command), "disk-full")
    assert (full / arguments[-1]).read_text() == "before"
    assert [path.name for path in full.iterdir() if path.name != "filler"] == [arguments[-1]]
    (full / arguments[-1]).unlink()


@pytest.mark.slow
def test_exports_evidence_models_and_backups(machine_of: Make, understood: tuple[str, Any], tmp_path: Path) -> None:
    machine = machine_of(understood[0])
    data = tmp_path / "data.jsonl"
    row = '{{"id": "{n}", "title": "Story {n}", "text": "the {words} loudly {n}", "labels": ["{label}"]}}\n'
    spoken = enumerate(["cat purrs", "dog barks"] * 30)
    data.write_text("".join(row.format(n=n, words=words, label=words[:3]) for n, words in spoken))
    with small_disk(tmp_path / "full", "16k") as full:
        (full / "filler").write_bytes(b"x" * 8_192)
        for arguments in EXPORTS:
            refused(machine, full, *arguments)
        refused(machine, full, "train", "--data", str(data), "--out", "x.skops")
    for arguments in EXPORTS:
        machine.well(*arguments)
        assert (machine.folder / arguments[-1]).stat().st_size > 100
