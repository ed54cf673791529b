"""What is logged on the way from feed to digest holds nothing of what was read, and nobody."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kzmonitor.store import Database
from kzmonitor.store.tables import Subscriber
from tests.cli.conftest import Run

CANARY = "Кенарейхан"
ADDRESS = "kanareika@reader.example"
MARKS = re.compile("кенарейхан|kanareika|reader\\.example|detention|127\\.0\\.0\\.1|https?://", re.IGNORECASE)


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[Path]:
    """A newsroom whose every title and text bears a name."""
    story = f"{CANARY} задержана полицией в Алматы. Активистку {CANARY} увезли в отдел, суд назначил 10 суток ареста."
    rows = [
        {"id": f"k{n}", "lang": "ru", "title": f"Задержана {CANARY} {n}", "text": story * 3, "labels": ["detention"]}
        for n in range(5)
    ]
    (tmp_path / "stories.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    process = subprocess.Popen(
        [sys.executable, "-m", "kzmonitor", "newsroom", str(tmp_path / "stories.jsonl"), "--declare",
         str(tmp_path / "sources")],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "LANGUAGE": "en", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    yield tmp_path / "sources"
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0


@pytest.mark.slow
def test_no_name_text_or_address_is_in_the_logs(run: Run, champion: Database, outlet: Path, tmp_path: Path) -> None:
    with champion.session() as session:
        session.add(Subscriber(address=ADDRESS, language="ru"))
    told: list[dict[str, object]] = []
    mail = {"KZMONITOR_SMTP_URL": "smtp://127.0.0.1:9", "KZMONITOR_MAIL_FROM": "desk@reader.example"}
    for command in (
        ("--verbose", "collect", "--sources-dir", outlet),
        ("--verbose", "understand", "--sources-dir", outlet),
        ("--verbose", "watch", "--sources-dir", outlet),
        ("--verbose", "digest", "--day", "2099-01-01", "--sources-dir", outlet, "--out", tmp_path / "digest"),
        ("--verbose", "backup", "--out", tmp_path / "backup"),
    ):
        done = run(*command, KZMONITOR_LOG="json", **mail)
        lines = [line for line in done.stderr.splitlines() if line.startswith("{")]
        told += map(json.loads, lines)
        assert not [line for line in lines if MARKS.search(json.dumps(json.loads(line), ensure_ascii=False))]
    events = {line.get("event") for line in told}
    assert {"collected", "understood", "backed-up"} <= events
    with champion.session() as session:
        assert CANARY in session.connection().exec_driver_sql("select string_agg(text, '') from revision").scalar_one()
