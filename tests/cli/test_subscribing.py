"""Subscriptions by command: every channel, a preview, and one line when something can't be."""

import json
from pathlib import Path

import pytest
from pysequoia import Tsk

from kzmonitor.store import Database
from tests.cli.conftest import Run, one_line
from tests.digest.conftest import committed


def test_a_feed_and_a_webhook_show_their_secret_once(run: Run) -> None:
    key = {"KZMONITOR_SECRET_KEY": "k" * 32, "KZMONITOR_WEBHOOK_HOSTS": "hooks.example.org"}
    feed = run("subscriber", "add", "--channel", "feed", "--language", "kk", KZMONITOR_DESK_URL="https://d.example.org")
    assert "https://d.example.org/feeds/" in feed.stdout
    hook = run("subscriber", "add", "https://hooks.example.org/x", "--channel", "webhook", **key)
    assert "shown this once" in hook.stdout
    listed = run("subscriber", "list", "--json").stdout
    assert {one["channel"] for one in json.loads(listed)} == {"feed", "webhook"}
    assert feed.stdout.split("/feeds/")[1].strip() not in listed


def test_all_choices_are_kept(run: Run, tmp_path: Path) -> None:
    key = tmp_path / "key.asc"
    key.write_text(str(Tsk.generate("Reader <reader@example.org>").extract_certificate()))
    done = run(
        "subscriber", "add", "Desk@example.org", "--mode", "weekly", "--weekday", 4, "--hour", 19, "--label",
        "detention", "--region", "KZ-75", "--outlet", "vlast", "--min-severity", 2, "--at-once", 4, "--openpgp", key,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [one] = json.loads(run("subscriber", "list", "--json").stdout)
    assert one == {
        "address": "desk@example.org", "channel": "mail", "mode": "weekly", "hour": 19, "weekday": 4, "language": "ru",
        "labels": ["detention"], "regions": ["KZ-75"], "outlets": ["vlast"], "min_severity": 2, "at_once": 4,
        "state": "active", "encrypted": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        ["x", "--channel", "pigeon"], ["no-address"], ["a@b.example", "--region", "KZ-99"],
        ["a@b.example", "--outlet", "nobody"], ["https://elsewhere.example/", "--channel", "webhook"],
        ["desk", "--channel", "telegram"],
    ],
)  # fmt: skip
def test_what_cannot_be_ends_in_one_line(run: Run, wrong: list[str]) -> None:
    done = run("subscriber", "add", *wrong, KZMONITOR_SECRET_KEY="k" * 32)
    assert done.returncode == 2
    assert one_line(done)


def test_a_preview_tells_what_would_have_come_and_writes_nothing(run: Run, database: Database) -> None:
    committed(database, "Задержали журналиста")
    days = json.loads(run("subscriber", "preview", "--days", 366, "--json").stdout)
    assert [title for day in days for title in day["titles"]] == ["Задержали журналиста"]
    fewer = json.loads(run("subscriber", "preview", "--days", 366, "--json", "--label", "censorship").stdout)
    assert sum(day["left_out"] for day in fewer) == 1
    assert one_line(run("subscriber", "preview", "nobody@example.org"))
    assert json.loads(run("subscriber", "list", "--json").stdout) == []
