"""Pages are cut by processes of their own: a page that takes one with it costs itself and no other."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import zstandard

from kzmonitor.collect import cutting
from kzmonitor.collect.cut import Hint
from kzmonitor.collect.cutting import Cutters
from kzmonitor.collect.pages import Page, Reading
from kzmonitor.config import CHECKOUT
from kzmonitor.errors import SetupError
from kzmonitor.sources.declaration import Declaration

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
PATIENCE_S = 120
HOSTILE = Path(__file__).with_name("cutter.py")
DALA = Declaration(
    slug="dala",
    name="Dala",
    languages=("ru",),
    hosts=("dala.example",),
    feeds=("https://dala.example/rss",),
    layouts=({"title": "h1", "body": "article p", "time": "time"},),
)
KNOWN = {"dala": DALA}
PARENT = """
import sys
from pathlib import Path
from kzmonitor.collect import cutting
cutting.CUTTER = (sys.argv[1],)
cutters = cutting.Cutters(1)
held = cutting.Cutter()
print(held.process.pid, flush=True)
import signal; signal.pause()
"""


def a_page(
    name: str, text: str = "Суд в Алматы рассмотрел жалобу редакции на отказ в аккредитации её корреспондента."
) -> Page:
    html = (
        f"<html><h1>Новость {name}</h1><time datetime='2026-03-15T10:00:00+05:00'></time>"
        f"<article><p>{text}</p><p>Статья {name}.</p></article></html>"
    )
    body = html.encode()
    headers = {"content-type": "text/html; charset=utf-8"}
    packed, sha256 = zstandard.compress(body), hashlib.sha256(body).digest()
    return Page("dala", f"https://dala.example/news/{name}", NOW, headers, packed, sha256, Hint(None, None))


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cutters]:
    """Processes that pages can do something to."""
    monkeypatch.setattr(cutting, "CUTTER", (str(HOSTILE),))
    cutters = Cutters(2)
    yield cutters
    cutters.close()


@pytest.fixture(scope="module")
def real() -> Iterator[Cutters]:
    """Processes as they are."""
    cutters = Cutters(1)
    yield cutters
    cutters.close()


def read(results: list[Reading | str]) -> list[str]:
    return [result if isinstance(result, str) else result.article.title for result in results]


def test_each_page_is_read_with_language_time_and_words(real: Cutters) -> None:
    [one] = real.cut([a_page("7")], KNOWN)
    assert isinstance(one, Reading)
    assert one.article.title == "Новость 7"
    assert one.article.text.endswith("\nСтатья 7.")
    assert one.article.published_at == datetime(2026, 3, 15, 5, tzinfo=UTC)
    assert (one.language.code, one.language.script) == ("ru", "cyrillic")
    assert "'sud':" in one.search


def test_results_stand_in_the_order_of_the_pages_and_the_processes_are_kept(hostile: Cutters) -> None:
    results = hostile.cut([a_page(str(number)) for number in range(2 * cutting.WORTH_A_START)], KNOWN)
    assert read(results) == [f"Новость {number}" for number in range(2 * cutting.WORTH_A_START)]
    before = [cutter.process.pid for cutter in hostile._all]
    assert len(before) == 2
    assert hostile.cut([], KNOWN) == []
    assert read(hostile.cut([a_page("a"), a_page("b", text="")], KNOWN)) == ["Новость a", "layout-changed"]
    assert [cutter.process.pid for cutter in hostile._all] == before


def test_a_page_that_kills_its_process_costs_itself_and_no_other(hostile: Cutters) -> None:
    names = [str(number) for number in range(6)]
    names[3:3] = ["kill"]
    results = read(hostile.cut([a_page(name) for name in names], KNOWN))
    assert results == ["cutter-died" if name == "kill" else f"Новость {name}" for name in names]
    assert read(hostile.cut([a_page("after")], KNOWN)) == ["Новость after"]


def test_a_page_that_holds_its_process_is_given_up(hostile: Cutters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "PAGE_S", 10.0)  # the other pages must be done within it on a busy machine, too
    names = ["0", "hang", "1", "2"]
    assert read(hostile.cut([a_page(name) for name in names], KNOWN)) == [
        "Новость 0", "cutter-hung", "Новость 1", "Новость 2",
    ]  # fmt: skip


def test_processes_that_do_not_start_are_one_line_and_no_pages_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit(1)")
    monkeypatch.setattr(cutting, "CUTTER", (str(tmp_path / "broken.py"),))
    cutters = Cutters(1)
    with pytest.raises(SetupError, match="do not start"):
        cutters.cut([a_page("0")], KNOWN)
    monkeypatch.setattr(cutting, "CUTTER", (str(HOSTILE),))
    assert read(cutters.cut([a_page("0")], KNOWN)) == ["Новость 0"]
    cutters.close()


def test_a_tampered_and_an_erased_page_are_named(real: Cutters) -> None:
    good = a_page("0")
    tampered = Page(good.source, good.url, NOW, good.headers, good.body, b"0" * 32, good.hint)
    erased = Page(good.source, good.url, NOW, good.headers, None, good.sha256, good.hint)
    assert read(real.cut([tampered, erased, good], KNOWN)) == ["tampered", "erased", "Новость 0"]


def test_a_process_goes_on_when_the_thread_that_started_it_has_ended(hostile: Cutters) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(hostile.cut, [a_page("0")], KNOWN).result()
    [before] = [cutter.process.pid for cutter in hostile._all]
    assert read(hostile.cut([a_page("1")], KNOWN)) == ["Новость 1"]
    assert [cutter.process.pid for cutter in hostile._all] == [before]


def test_no_cutter_outlives_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(HOSTILE)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait(PATIENCE_S)
    parent.stdout.close()
    end = time.monotonic() + PATIENCE_S
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.01)
