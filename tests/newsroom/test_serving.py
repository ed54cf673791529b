"""The command serves files until a signal, and the bundled outlets are what they are said to be."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from kzmonitor.errors import InputError
from kzmonitor.newsroom import demo_files, outlets_from
from kzmonitor.newsroom.layouts import LAYOUTS

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
LABELS = {
    *("tax_inspection", "detention", "smear_campaign", "prosecution", "raid"),
    *("legal_restriction", "obstruction", "violence_threat", "censorship"),
}
COMMAND = """
import sys
from pathlib import Path
from kzmonitor.newsroom import serve
serve([Path(name) for name in sys.argv[2:]], 0, Path(sys.argv[1]))
print("stopped")
"""


def report(record_id: str) -> str:
    return json.dumps({"id": record_id, "lang": "en", "title": "T", "text": "x", "labels": []})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_command_cleanly(tmp_path: Path, client: httpx.Client, number: signal.Signals) -> None:
    files = [tmp_path / name for name in ("dala.jsonl", "vestnik.jsonl")]
    for file in files:
        file.write_text(report("a"))
    command = [sys.executable, "-c", COMMAND, str(tmp_path / "declared"), *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "LANGUAGE": "en"}) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in files]
        address = lines[0].split()[1]
        assert lines[0] == f"dala: {address} (vlast, 1 article)\n"
        assert client.get(f"{address}feed/").status_code == 200
        process.send_signal(number)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0
    assert sorted(path.name for path in (tmp_path / "declared").iterdir()) == ["dala.yml", "vestnik.yml"]


def test_layouts_are_taken_in_turn_and_equal_names_get_numbers(tmp_path: Path) -> None:
    file = tmp_path / f"{'long-' * 30}.jsonl"
    file.write_text(report("a"))
    outlets = outlets_from([file] * (len(LAYOUTS) + 1), NOW)
    assert [outlet.layout.name for outlet in outlets] == [*LAYOUTS, "vlast"]
    assert len({outlet.slug for outlet in outlets}) == len(LAYOUTS) + 1
    assert all(len(outlet.slug) <= 60 for outlet in outlets)


def test_no_file_is_an_error() -> None:
    with pytest.raises(InputError, match="at least one file"):
        outlets_from([], NOW)


def demo() -> list[dict[str, Any]]:
    return [json.loads(line) for path in demo_files() for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_bundled_outlets_are_vlast_in_russian_pangea_in_kazakh_and_wordpress_in_english() -> None:
    outlets = outlets_from(demo_files(), NOW)
    mainly = [Counter(one.lang for one in outlet.articles()).most_common(1)[0][0] for outlet in outlets]
    assert [(outlet.layout.name, lang) for outlet, lang in zip(outlets, mainly, strict=True)] == [
        ("vlast", "ru"),
        ("pangea", "kk"),
        ("wordpress", "en"),
    ]


def test_bundled_texts_are_short_reports_a_third_of_each_kind() -> None:
    reports = demo()
    kinds = Counter("alert" if one["labels"] else "hard" if one.get("hard") else "ordinary" for one in reports)
    assert all(12 <= count <= 18 for count in kinds.values())
    assert all(60 <= len(str(one["text"]).split()) <= 200 for one in reports)
    assert {label for one in reports for label in one["labels"]} <= LABELS
    assert len({one["id"] for one in reports}) == len(reports)


def test_one_bundled_event_is_told_by_all_three_outlets_and_two_reports_are_near_copies() -> None:
    told = Counter(str(one["event"]) for one in demo() if "event" in one)
    assert told.most_common(1)[0][1] >= 3
    copies = [one for one in demo() if one.get("event") == "ulgi-tax" and one["lang"] == "ru"]
    words = [set(str(one["text"]).split()) for one in copies]
    assert len(words) == 2
    assert len(words[0] & words[1]) / len(words[0] | words[1]) > 0.6
