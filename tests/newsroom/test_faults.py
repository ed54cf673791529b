"""Each fault spoils an answer in its own way and leaves the rest alone."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import html

from kzmonitor.newsroom import Outlet
from kzmonitor.newsroom.faults import (
    BAD_DATES,
    BROKEN_XML,
    EMPTY,
    HTML_FOR_XML,
    REDIRECT_LOOP,
    TINY,
    UNDATED,
    WRONG_CHARSET,
    Answer,
    Fault,
    spoil,
)
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.pages import article_page

FEED = Answer(
    200,
    {"Content-Type": "application/rss+xml; charset=utf-8"},
    b"<rss><channel><item><title>T</title><pubDate>Sun, 15 Mar 2026 09:30:00 +0000</pubDate></item></channel></rss>",
)
PAGE = Answer(
    200,
    {"Content-Type": "text/html; charset=utf-8"},
    b'<html><head><meta property="article:published_time" content="2026-03-15"><script>'
    b'{"datePublished": "2026-03-15"}</script></head><body><time datetime="2026-03-15">15 March</time>'
    b'<div class="date">15 March</div><p>Text of 15 March.</p></body></html>',
)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 451, 500, 503])
def test_an_error_code_replaces_the_page(status: int) -> None:
    answer = spoil(PAGE, Fault(status=status, retry_after=7), "/")
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
    assert b"Text of" not in answer.body


def test_bodies_can_be_empty_tiny_or_of_another_kind() -> None:
    assert spoil(FEED, EMPTY, "/").body == b""
    assert len(spoil(FEED, TINY, "/").body) == 11
    assert spoil(FEED, HTML_FOR_XML, "/").headers["Content-Type"].startswith("text/html")
    assert spoil(FEED, BROKEN_XML, "/").body == FEED.body[: len(FEED.body) // 2]


def test_undated_feeds_keep_all_but_their_dates() -> None:
    body = spoil(FEED, UNDATED, "/").body
    assert b"<title>T</title>" in body
    assert b"pubDate" not in body


def test_bad_dates_stand_in_feeds_and_in_all_places_of_a_page_but_not_in_its_text() -> None:
    bad = str(BAD_DATES.dates).encode()
    assert b"<pubDate>" + bad + b"</pubDate>" in spoil(FEED, BAD_DATES, "/").body
    body = spoil(PAGE, BAD_DATES, "/").body
    assert body.count(bad) == 5
    assert b"2026-03-15" not in body
    assert b"<p>Text of 15 March.</p>" in body


@pytest.mark.parametrize("to", ["http://elsewhere.example/x", "http://127.0.0.1:1/", "file:///etc/passwd"])
def test_redirects_lead_anywhere(to: str) -> None:
    answer = spoil(PAGE, Fault(redirect=to), "/")
    assert (answer.status, answer.headers["Location"]) == (302, to)
    assert spoil(PAGE, Fault(redirect=to, status=308), "/").status == 308


def test_a_redirect_loop_never_shows_the_same_address_twice() -> None:
    seen = ["/feed/"]
    for _hop in range(5):
        seen.append(spoil(FEED, REDIRECT_LOOP, seen[-1]).headers["Location"])
    assert len(set(seen)) == 6


def test_a_wrong_charset_changes_the_header_only() -> None:
    answer = spoil(PAGE, WRONG_CHARSET, "/")
    assert (answer.headers["Content-Type"], answer.body) == ("text/html; charset=windows-1251", PAGE.body)


@pytest.mark.parametrize("size", [10, 1_000, 600_001, 5_000_000])
def test_a_grown_body_has_the_size_asked_for_unless_it_was_larger(size: int) -> None:
    answer = spoil(PAGE, Fault(grow_to=size, announced=True), "/")
    assert answer.stream is not None
    body = answer.body + b"".join(answer.stream)
    assert len(body) == answer.length == max(size, len(answer.body))
    assert b"Text of" in body


def test_a_grown_robots_txt_has_comments_only_after_its_rules() -> None:
    robots = Answer(200, {"Content-Type": "text/plain; charset=utf-8"}, b"User-agent: *\nDisallow: /x\n")
    answer = spoil(robots, Fault(grow_to=600_000), "/robots.txt")
    assert answer.stream is not None
    lines = (answer.body + b"".join(answer.stream)).split(b"\n")
    assert lines[:2] == [b"User-agent: *", b"Disallow: /x"]
    assert all(line.startswith(b"#") or not line for line in lines[2:])
    assert answer.length is None


def test_a_gzip_bomb_is_small_on_the_wire_and_large_unpacked() -> None:
    answer = spoil(PAGE, Fault(bomb=3_500_000), "/")
    assert answer.stream is not None
    packed = b"".join(answer.stream)
    assert len(packed) < 10_000
    assert len(zlib.decompress(packed, 31)) == len(PAGE.body) + 3_500_000
    assert answer.headers["Content-Encoding"] == "gzip"


def test_an_empty_fault_changes_nothing() -> None:
    assert replace(spoil(PAGE, Fault(), "/"), fault=PAGE.fault) == PAGE


def test_spoiled_json_ld_is_still_json() -> None:
    page = replace(PAGE, body=b'{"datePublished": "2026-03-15", "dateModified": "2026-03-15"}')
    assert set(json.loads(spoil(page, BAD_DATES, "/").body).values()) == {BAD_DATES.dates}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_dates_of_every_family_can_be_spoiled_for_people_and_machines(
    an_outlet: Callable[..., Outlet], layout: str
) -> None:
    outlet = an_outlet(layout)
    article = outlet.articles()[0]
    page = Answer(200, PAGE.headers, article_page(outlet, article).encode())
    body = spoil(page, BAD_DATES, "/").body
    assert html.document_fromstring(body).cssselect(outlet.layout.css["time"])[0].text_content() == BAD_DATES.dates
    assert article.published.isoformat().encode() not in body
