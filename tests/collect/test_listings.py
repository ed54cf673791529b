"""Listings: the links that lead to articles, each once, whatever the page looks like."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.collect.feeds import Item, Seen
from kzmonitor.collect.listings import MAX_LINKS, parse_listing
from kzmonitor.newsroom import Outlet
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.pages import listing_page
from kzmonitor.newsroom.records import Record
from kzmonitor.sources.declaration import Declaration

URL = "https://dala.example/news/"
STATES = {"ok", "empty", "no-items", "not-html"}


def declared(**facts: object) -> Declaration:
    return Declaration(slug="dala", name="Dala", languages=["ru"], hosts=["dala.example"], listings=[URL], **facts)


def links(*hrefs: str) -> str:
    return "<html><body>" + "".join(f'<a href="{href}">Title</a>' for href in hrefs) + "</body></html>"


def test_links_come_in_order_each_once_with_the_title_that_one_of_them_has() -> None:
    page = """<a href="/2026/some-long-slug-of-news"><img></a><a href="/news/12345#c">Second</a>
    <a href="/2026/some-long-slug-of-news?utm_source=x"> First <b>of</b>
    all </a>"""
    first, second = (
        Item("https://dala.example/2026/some-long-slug-of-news?utm_source=x", "First of all"),
        Item("https://dala.example/news/12345#c", "Second"),
    )
    assert parse_listing(page, URL, declared()) == Seen("ok", [first, second])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_of_each_layouts_listing_all_articles_and_only_they_are_found(layout: str) -> None:
    records = [Record(str(n), "en", f"Report number {n} of the day from court", "Text.") for n in range(9)]
    outlet = Outlet("dala", layout, records)
    outlet.port = 8000
    family = LAYOUTS[layout]
    facts = {"url_id": "http://127.0.0.1:8000" + family.url_id} if family.url_id else {}
    declaration = Declaration(
        slug="dala",
        name="Dala",
        languages=["ru"],
        hosts=["127.0.0.1:8000"],
        feeds=[outlet.base_url + "/feed/"],
        **facts,
    )
    seen = parse_listing(listing_page(outlet), outlet.base_url + "/", declaration)
    assert {item.url.partition("?")[0] for item in seen.items} == set(outlet.addresses())


def test_where_ids_are_declared_they_alone_make_an_article() -> None:
    page = links("/about-us-and-our-long-history", "/news/123-x", "/tag/2026")
    only_numbered = declared(url_id=r"https://dala\.example/news/(?P<id>\d+)")
    assert [item.url for item in parse_listing(page, URL, only_numbered).items] == ["https://dala.example/news/123-x"]


@pytest.mark.parametrize(
    "href",
    [
        "#top",
        "mailto:a@dala.example",
        "javascript:go(12345)",
        "tel:+77270000000",
        "data:text/html,12345",
        "https://other.example/12345",
        "https://dala.example:99999/12345",
        "ftp://dala.example/12345",
        "//[::1/12345",
        "/news/",
        "/",
        "",
    ],
)
def test_other_links_are_no_articles(href: str) -> None:
    assert parse_listing(links(href), URL, declared()) == Seen("no-items")


@pytest.mark.parametrize(
    ("page", "state"), [("", "empty"), (" \n", "empty"), ("<!-- -->", "not-html"), ("words", "no-items")]
)
def test_a_page_without_articles_has_a_name(page: str, state: str) -> None:
    assert parse_listing(page, URL, declared()) == Seen(state)


def test_a_page_of_endless_links_is_cut() -> None:
    many = links(*(f"/news/{number}" for number in range(10_000, 10_000 + 2 * MAX_LINKS)))
    assert len(parse_listing(many, URL, declared()).items) == MAX_LINKS


PIECES = st.sampled_from(
    [
        "<a href='", "<a href=", "'>", "</a>", "<base href='//['>", "/news/12345", "https://dala.example/12345",
        "&#0;", "&#xD800;", chr(0xD800), chr(0), "<!--", "<script>", "<svg><a xlink:href='x'>", "<frameset>",
        "<?xml version='1.0' encoding='utf-16'?>", "<a<a<a<a",
    ]
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.text(max_size=200) | st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join))
def test_no_page_is_too_wild(page: str) -> None:
    seen = parse_listing(page, URL, declared())
    assert seen.state in STATES
    for item in seen.items:
        assert "\0" not in item.url + (item.title or "")
        item.url.encode()
