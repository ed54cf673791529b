"""Logs: one line an event, and nothing that a person wrote or is called."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor import logs

Lines = Callable[[], list[str]]


@pytest.fixture(params=[True, False], ids=["json", "text"])
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    """What is logged from now on."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.start(as_json=request.param, verbose=True, stream=stream)
    yield lambda: stream.getvalue().splitlines()
    root.handlers[:] = handlers
    root.setLevel(level)


# What must never be found: a name, a title, addresses, a token, a path of somebody's.
PERSONAL = [
    "Айгуль Нұрғалиева", "Aigul", "Задержана активистка", "detained in Almaty", "https://vlast.example/66096",
    "vlast.example", "desk@example.org", "7yX3kq0VbN5tQpLr2mWz8sJd", "/home/aigul/kzmonitor", "203.0.113.9 said",
    "+7 701 123 45 67", "a\nERROR root: forged", "\u202eевиль",
]  # fmt: skip


@pytest.mark.parametrize("personal", PERSONAL)
def test_a_careless_call_tells_nothing(lines: Lines, personal: str) -> None:
    # The handlers of the tests themselves fail over %d.
    logging.getLogger().handlers[1:] = []
    log = logging.getLogger("kzmonitor.digest")
    log.warning("could not send to %s", personal)
    log.warning("%s and %d", personal, personal)
    log.warning("%(who)s", {"who": personal})
    log.error("objects %r", [personal])
    logging.getLogger("scrapy.core").warning("ignoring " + personal)
    try:
        raise ValueError(personal)
    except ValueError:
        log.exception("failure")
    logs.event("collected", source=personal, new=1)
    told = lines()
    assert len(told) == 7
    assert not [line for line in told if personal in line or personal in line.encode().decode("unicode_escape")]
    assert all(logs.LEFT_OUT in line for line in told[:5])


def test_a_failure_is_told_by_kind_and_place(lines: Lines) -> None:
    try:
        int("Айгуль")
    except ValueError:
        logging.getLogger("kzmonitor.review").error("failure %s", "a1b2c3d4", exc_info=sys.exc_info())
    [line] = lines()
    assert "failure a1b2c3d4" in line
    assert "ValueError at test_logs.py:" in line
    assert "Айгуль" not in line


def test_what_is_safe_is_told(lines: Lines) -> None:
    logging.getLogger("kzmonitor.digest").warning(
        "manifest of %s: no timestamp (%s) %d %.1f %s", date(2026, 11, 20), "dns", 3, 0.25, "GET"
    )
    assert "manifest of 2026-11-20: no timestamp (dns) 3 0.2 GET" in lines()[0]


def test_an_event_is_one_line_with_its_fields(lines: Lines) -> None:
    logs.event("collected", source="vlast", state="finished", new=3, fetched=2, failed=0)
    [line] = lines()
    if line.startswith("{"):
        told = json.loads(line)
        assert datetime.fromisoformat(told.pop("time")).tzinfo == UTC
        assert told == {
            "level": "info", "logger": "kzmonitor.events", "event": "collected", "source": "vlast",
            "state": "finished", "new": 3, "fetched": 2, "failed": 0,
        }  # fmt: skip
    else:
        assert line == "INFO kzmonitor.events: collected source=vlast state=finished new=3 fetched=2 failed=0"


def test_a_field_that_is_not_on_the_list_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="title"):
        logs.event("collected", source="vlast", title="x")


@given(st.text())
def test_only_plain_words_are_safe(text: str) -> None:
    told = logs.safe(text)
    assert told == logs.LEFT_OUT or (told == text and text.isascii() and " " not in text and "/" not in text)


def test_identifiers_and_words_of_ours_are_safe() -> None:
    for word in ("vlast", "robots-unreachable", "403-wall", "not-modified", "http.client", "0.1.0", "collected"):
        assert logs.safe(word) in (word, logs.LEFT_OUT)
    assert logs.safe("robots-unreachable") == "robots-unreachable"
    assert logs.safe(UUID(int=1)) == str(UUID(int=1))


def test_only_a_terminal_sees_lines_as_they_are() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = Terminal()
    try:
        logs.start(as_json=False, verbose=True, stream=stream)
        logging.getLogger("kzmonitor").info("%s", "https://vlast.example/1")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert "https://vlast.example/1" in stream.getvalue()
