"""robots.txt: what can't be read is no consent, and what was read holds for a day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kzmonitor.sources import budget, robots
from kzmonitor.sources.robots import Robots, judge

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
HOST = "dala.example"
URL = "https://dala.example/news/1"
AGENT = "kzmonitor/0.1 (+https://project.example)"


@pytest.fixture
def opened(session: Session) -> Session:
    budget.open_host(session, HOST, 1.0, NOW)
    return session


@pytest.mark.parametrize(
    ("status", "content_type", "body", "problem"),
    [
        (200, "text/plain", b"User-agent: *\nDisallow: /search", None),
        (200, "", b"", None),
        (404, "text/html", b"<html>gone</html>", None),
        (410, "text/html", b"", None),
        (200, "Text/HTML; charset=utf-8", b"User-agent: *\nDisallow:", "html"),
        (200, "text/plain", b" \n<!doctype html>", "html"),
        (200, "text/plain", b"#" * (robots.MAX_BYTES + 1), "too-large"),
        (401, "text/plain", b"User-agent: *\nDisallow:", "http-401"),
        (403, "text/plain", b"", "http-403"),
        (204, "text/plain", b"", "http-204"),
        (302, "text/plain", b"", "http-302"),
        (500, "text/plain", b"", "http-500"),
        (503, "text/plain", b"", "http-503"),
    ],
)
def test_only_a_readable_file_or_none_at_all_lets_us_in(
    status: int, content_type: str, body: bytes, problem: str | None
) -> None:
    answer = judge(status, content_type, body)
    assert answer.problem == problem
    assert answer.allows(URL, AGENT) is (problem is None)


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: kzmonitor\nDisallow: /news/", False),
        ("User-agent: KZMonitor\nDisallow: /news/", False),
        ("User-agent: kzmonitor\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: Googlebot\nDisallow: /", True),
        ("\ufeffUser-agent: *\r\nDisallow: /news", False),
        ("User-agent: *\nDisallow: /*1$", False),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/1", True),
    ],
)
def test_rules_are_read_for_our_name(rules: str, allowed: bool) -> None:
    assert judge(200, "text/plain", rules.encode()).allows(URL, AGENT) is allowed


def test_the_gap_asked_for_is_that_of_our_group() -> None:
    text = "User-agent: kzmonitor\nCrawl-delay: 7.5\n\nUser-agent: *\nCrawl-delay: 30\n"
    assert Robots(text).crawl_delay_s(AGENT) == 7.5
    assert Robots("User-agent: *\nCrawl-delay: soon\n").crawl_delay_s(AGENT) is None
    assert Robots("").crawl_delay_s(AGENT) is Robots(None, "http-500").crawl_delay_s(AGENT) is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=30))
def test_no_file_is_too_wild(body: bytes, path: str) -> None:
    answer = judge(200, "text/plain", b"User-agent: *\nCrawl-delay: 1e400\n" + body)
    assert answer.allows(f"https://dala.example/{path}", AGENT) in (True, False)
    answer.crawl_delay_s(AGENT)


def test_it_is_asked_for_again_after_an_hour(opened: Session) -> None:
    assert robots.remembered(opened, HOST, NOW) is None
    robots.remember(opened, HOST, Robots("User-agent: *\0\nDisallow: /x"), NOW)
    assert robots.remembered(opened, HOST, NOW + timedelta(minutes=59)) == Robots("User-agent: *\nDisallow: /x")
    assert robots.remembered(opened, HOST, NOW + timedelta(minutes=61)) is None
    assert robots.remembered(opened, "unknown.example", NOW) is None


def test_a_failed_try_is_repeated_after_five_minutes_and_the_good_copy_holds_for_a_day(opened: Session) -> None:
    good, failed = Robots("User-agent: *\nDisallow: /x"), Robots(None, "http-503")
    robots.remember(opened, HOST, good, NOW)
    for hours, held in ((2, good), (23, good), (25, failed)):
        now = NOW + timedelta(hours=hours)
        assert robots.remembered(opened, HOST, now) is None
        assert robots.remember(opened, HOST, failed, now) == held
        assert robots.remembered(opened, HOST, now + timedelta(minutes=4)) == held
        assert robots.remembered(opened, HOST, now + timedelta(minutes=6)) is None


def test_a_host_that_never_answered_stays_closed(opened: Session) -> None:
    failed = Robots(None, "timeout")
    assert robots.remember(opened, HOST, failed, NOW) == failed
    assert robots.remembered(opened, HOST, NOW + timedelta(minutes=1)) == failed
    assert not failed.allows(URL, AGENT)
