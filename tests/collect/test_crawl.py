"""A crawl is a child process: judged by what it reports, named when it dies, gone when its parent is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from kzmonitor.collect import crawl
from kzmonitor.config import CHECKOUT
from kzmonitor.errors import SetupError
from kzmonitor.newsroom import Newsroom, Outlet, declare
from kzmonitor.newsroom.faults import HANG
from kzmonitor.newsroom.records import Record
from kzmonitor.store import Database

PATIENCE_S = 120
PARENT = """
import sys
from pathlib import Path
from kzmonitor.collect import crawl
crawl.GRACE_S = 1
crawl.run(["dala"], Path(sys.argv[1]))
"""


@pytest.fixture
def in_place(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("KZMONITOR_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("KZMONITOR_ENV_FILE", "/dev/null")


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Puts a script in place of the spiders."""

    def put(script: str) -> None:
        path = tmp_path / "child.py"
        path.write_text("import json, os, signal, sys\nfrom pathlib import Path\nreport = Path(sys.argv[1])\n" + script)
        monkeypatch.setattr(crawl, "SPIDERS", (str(path),))

    return put


def wait_for(come: Callable[[], bool]) -> None:
    """Look again and again until something in another process has come about, which gets the processor meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while not come():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_over(process: psutil.Process) -> bool:
    """Whether a process has ended; until it is reaped, which is up to whoever adopted it, it stays as a zombie."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def an_outlet() -> Outlet:
    return Outlet("dala", "plain", [Record("1", "en", "A report of the day", "A text.")])


def test_a_killed_child_is_named_in_the_result(child) -> None:
    child("print('about to'); os.kill(os.getpid(), signal.SIGKILL)")
    ended = crawl.run(["a", "b"])
    assert [(one.slug, one.well) for one in ended] == [("a", False), ("b", False)]
    assert all("9" in one.finished for one in ended)


def test_a_crashed_child_is_named_by_its_last_line(child) -> None:
    child("raise ValueError('out of cheese')")
    assert crawl.run(["a"])[0].finished == "ValueError: out of cheese"
    child("sys.exit(3)")
    assert crawl.run(["a"])[0].finished == "crashed"


def test_what_kept_the_child_from_starting_is_one_line(child) -> None:
    child("print('noise'); print('the database is asleep', file=sys.stderr); sys.exit(2)")
    with pytest.raises(SetupError, match=r"^the database is asleep$"):
        crawl.run(["a"])


def test_the_report_counts_and_not_the_exit_code(child) -> None:
    child(
        "told = dict(finished='finished', exceptions=0, counts=dict(new=1), notes=[])\n"
        "stopped, wrong = told | dict(finished='shutdown'), told | dict(exceptions=2)\n"
        "report.write_text(json.dumps(dict(b=wrong, a=told, c=stopped)))\n"
        "sys.exit(1)"
    )
    ended = crawl.run(["a", "b", "c"])
    assert [one.finished for one in ended] == ["finished", "exceptions", "shutdown"]
    assert ended[0].counts == {"new": 1}


def test_an_unknown_source_is_one_line_and_the_known_ones_go_on(in_place: None, tmp_path: Path) -> None:
    with Newsroom([an_outlet()]) as newsroom:
        declare(newsroom, tmp_path)
        (tmp_path / "broken.yml").write_text("name: Broken\nlangages: [ru]\n")
        with pytest.raises(SetupError, match=r"^nosuch: no source of that name; see: kzmonitor sources list$"):
            crawl.run(["nosuch"], tmp_path)
        ended = crawl.run(["dala", "nosuch", "broken", "dala"], tmp_path)
        assert [one.slug for one in ended] == ["dala", "nosuch", "broken", "dala"]
        assert ended[0].well
        assert ended[0].counts["fetched"] == 1
        assert ended[1].finished.startswith("nosuch: no source")
        assert "broken.yml:2" in ended[2].finished
        assert "languages" in ended[2].finished


def test_a_database_that_does_not_answer_is_one_line_without_its_password(
    in_place: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", "postgresql://kz:hunter2@127.0.0.1:9/kz")
    with Newsroom([an_outlet()]) as newsroom:
        declare(newsroom, tmp_path)
        with pytest.raises(SetupError, match="does not answer") as refused:
            crawl.run(["dala"], tmp_path)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_child_outlives_its_parent(in_place: None, tmp_path: Path, number: signal.Signals) -> None:
    outlet = an_outlet()
    outlet.fault("/feed/", HANG)
    with Newsroom([outlet]) as newsroom:
        declare(newsroom, tmp_path)
        command = [sys.executable, "-c", PARENT, str(tmp_path)]
        parent = subprocess.Popen(
            command,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            # A shell lets what it starts in the background ignore it, and so does what that starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            wait_for(lambda: len(newsroom.requests) == 2)  # robots.txt, and the feed that hangs
            children = psutil.Process(parent.pid).children(recursive=True)
            assert children
            parent.send_signal(number)
            parent.wait(PATIENCE_S)
            wait_for(lambda: all(map(is_over, children)))
        finally:
            parent.kill()
