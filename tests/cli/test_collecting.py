"""`kzmonitor collect --watch` leads from a feed to open alerts by itself, and goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kzmonitor.classify.labelled import read_jsonl
from kzmonitor.config import models_folder
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, IncidentArticle

# Reports that the model has learned from, so that it flags them.
STORIES = [
    Record(text.id, text.lang or "ru", text.title, text.text)
    for text in [text for text in read_jsonl(models_folder() / "seed" / "ru.jsonl") if "detention" in text.labels][:2]
]


@pytest.mark.slow
def test_what_a_feed_shows_while_it_is_watched_becomes_an_alert(champion: Database, tmp_path: Path) -> None:
    outlet = Outlet("taraz-times", "plain", STORIES[:1])
    with Newsroom([outlet]) as newsroom:
        declare(newsroom, tmp_path / "sources", every_minutes=0.01)
        own = {name: value for name, value in os.environ.items() if not name.startswith("KZMONITOR_")}
        address = champion.url.set(drivername="postgresql").render_as_string(hide_password=False)
        own |= {"KZMONITOR_DATABASE_URL": address, "KZMONITOR_DATA": str(tmp_path), "KZMONITOR_ALLOW_LOOPBACK": "1"}
        watching = subprocess.Popen(
            [sys.executable, "-m", "kzmonitor", "collect", "--watch", "1", "--sources-dir", str(tmp_path / "sources")],
            env=own | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            for number, story in enumerate(STORIES, 1):
                if number > 1:
                    outlet.publish(story)
                rounds(watching, until_new=1)
                rounds(watching, until_new=0)  # what one round brought is understood before the next one begins
                with champion.session() as session:
                    assert session.scalar(select(func.count()).select_from(Article)) == number
                    told = select(func.count(IncidentArticle.article_id.distinct())).join(
                        Alert, Alert.incident_id == IncidentArticle.incident_id
                    )
                    assert session.scalar(told) == number
        finally:
            watching.send_signal(signal.SIGINT)
            assert watching.wait(120) == 130


def rounds(watching: "subprocess.Popen[str]", until_new: int) -> None:
    """Read the reports of rounds until one of them brought so many new entries."""
    assert watching.stdout is not None
    for line in watching.stdout:
        cells = line.rstrip("\n").split("\t")
        if cells[0] == "taraz-times" and cells[2] == str(until_new):
            return
    raise AssertionError("it ended by itself")
