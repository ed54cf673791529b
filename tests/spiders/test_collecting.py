"""What a quiet day of collecting promises: everything once, unchanged feeds for nothing, pages byte for byte."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from sqlalchemy import select

from kzmonitor import config
from kzmonitor.collect import captures
from kzmonitor.newsroom import Fault, Outlet, layout_declaration
from kzmonitor.newsroom.declarations import listing_addresses
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.site import Site
from kzmonitor.store.tables import Capture


def rss(items: list[tuple[str, str]]) -> Fault:
    """A feed of addresses and dates."""
    inner = "".join(
        f"<item><title>Item {at}</title><link>{escape(url)}</link><pubDate>{when}</pubDate></item>"
        for at, (url, when) in enumerate(items)
    )
    return Fault(
        body=f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{inner}</channel></rss>'.encode(),
        content_type="application/rss+xml",
    )


NOW = format_datetime(datetime.now(UTC) - timedelta(hours=1))


def test_every_article_is_stored_once_and_the_second_run_brings_nothing(desk_of, reports) -> None:
    outlets = [Outlet(layout, layout, reports(6)) for layout in LAYOUTS]
    with desk_of(*outlets, listings=True, sitemaps=True) as desk:
        first = desk.collect()
        assert all(one.well and one.counts["new"] == one.counts["fetched"] == 6 for one in first.values()), first
        for outlet in outlets:
            addresses = Counter(article.address for article in outlet.articles())
            assert Counter(desk.pages(outlet.slug)) == addresses
        assert not [path for path in desk.asked("plain") if path.startswith("/search")]
        before = desk.rows("select id from capture order by id")
        desk.newsroom.requests.clear()

        second = desk.collect()
        for outlet in outlets:  # its feed, its sitemap and its listings
            polls = 2 + len(listing_addresses(outlet))
            assert second[outlet.slug].well
            assert second[outlet.slug].counts == {"poll:not-modified": polls, "new": 0}
        assert {request.status for request in desk.newsroom.requests} == {304}
        for request in desk.newsroom.requests:
            assert {"If-None-Match", "If-Modified-Since"} <= request.headers.keys()
        assert desk.rows("select id from capture order by id") == before
        assert desk.rows("select count(*) from entry where state = 'fetched'") == [(6 * len(outlets),)]


def test_each_request_names_our_agent_and_nothing_about_us_or_where_we_come_from(desk_of, reports) -> None:
    with desk_of(Outlet("dala", "wordpress", reports(3)), listings=True, sitemaps=True) as desk:
        desk.newsroom.outlets["dala"].fault("/news/*", Fault(redirect="/feed/", times=1))
        desk.collect()
        desk.collect()
        assert len(desk.newsroom.requests) >= 10
        for request in desk.newsroom.requests:
            assert request.headers["User-Agent"] == config.agent()
            assert not {"Cookie", "Referer", "From", "Authorization", "Via", "X-Forwarded-For"} & request.headers.keys()
            assert request.method == "GET"


def test_a_report_seen_through_all_its_addresses_is_one_entry(desk_of, reports) -> None:
    outlets = [Outlet("vlast", "vlast", reports(4)), Outlet("pangea", "pangea", reports(4))]
    with desk_of(*outlets, listings=True, sitemaps=True) as desk:
        for outlet in outlets:
            outlet.fault(
                "/feed/",
                rss([(url, NOW) for number in range(4) for url in outlet.variants(f"report-{number}")]),
            )
        desk.collect()
        assert desk.rows("select source, count(*) from entry group by 1 order by 1") == [("pangea", 4), ("vlast", 4)]
        for outlet in outlets:
            asked = [path for path in desk.asked(outlet.slug) if outlet.find(path.partition("?")[0])[0]]
            assert len(asked) == 4, asked


def test_captures_are_what_was_sent_byte_for_byte_without_cookies(desk_of, reports) -> None:
    outlet = Outlet("dala", "wordpress", reports(2))
    with desk_of(outlet) as desk:
        moved = outlet.articles()[0]
        outlet.fault(moved.address, Fault(redirect=f"{moved.address}?p=1", times=1))
        desk.collect()
        sent = next(one.headers for one in desk.newsroom.requests if one.path == outlet.articles()[1].address)
        with desk.database.session() as session:
            kept = {capture.url: capture for capture in session.scalars(select(Capture))}
            for article in outlet.articles():
                hops = [outlet.base_url + article.address] if article is moved else []
                capture = kept[outlet.base_url + article.address + ("?p=1" if hops else "")]
                answer = Site(outlet).answer(article.address, sent)
                assert answer.headers["Content-Encoding"] == "gzip"
                assert captures.body(capture) == answer.body
                assert capture.sha256 == hashlib.sha256(answer.body).digest()
                assert captures.flat_headers(capture)["content-encoding"] == "gzip"
                assert "set-cookie" in {name.lower() for name in answer.headers}
                assert "set-cookie" not in captures.flat_headers(capture)
                assert capture.hops == hops
                assert capture.canonical_url == outlet.base_url + article.address
                assert capture.route == "direct"
            assert len(kept) == 3


def test_items_of_other_hosts_are_never_requested_and_wild_dates_do_no_harm(desk_of, reports) -> None:
    with desk_of(Outlet("dala", "plain", reports(1)), Outlet("foreign", "plain", reports(1))) as desk:
        dala, foreign = desk.newsroom.outlets.values()
        strange = [foreign.address("report-0"), "http://10.0.0.1/news/abc-1001/", "ftp://127.0.0.1/x-1001/", "//[x/"]
        dates = ["31 February 20225, 99:99", "Thu, 01 Jan 2099 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", ""]
        own = [f"{dala.base_url}/news/dated-{1001 + at}/" for at in range(len(dates))]
        dala.fault("/feed/", rss([*zip(strange, [NOW] * 4, strict=True), *zip(own, dates, strict=True)]))
        assert desk.collect("dala")["dala"].well
        assert desk.asked("foreign") == []
        assert desk.rows("select url, published_at from entry order by url") == [(url, None) for url in own]


def test_the_first_pages_asked_for_are_the_newest(desk_of, reports) -> None:
    with desk_of(Outlet("dala", "plain", reports(30))) as desk:
        desk.collect()
        newest_first = [article.address for article in desk.newsroom.outlets["dala"].articles()]
        assert desk.pages("dala") == newest_first


def test_further_pages_of_a_listing_are_read_while_they_bring_news(desk_of, reports) -> None:
    outlet = Outlet("dala", "plain", reports(12), page_size=5)
    with desk_of(outlet, listings=True) as desk:
        desk.change("dala", feeds=None)
        desk.collect()
        assert len(desk.pages("dala")) == 12
        outlet.publish({"id": "late", "lang": "en", "title": "A late report of the day", "text": "Text."})
        desk.newsroom.requests.clear()
        desk.collect()
        assert desk.asked("dala") == ["/news/page/1/", outlet.articles()[0].address]


def test_layouts_of_the_newsroom_are_those_that_are_declared(desk_of, reports) -> None:
    with desk_of(Outlet("dala", "vlast", reports(1))) as desk:
        layout = desk.declaration("dala").layouts[0]
        assert {key: value for key, value in layout if value} == layout_declaration("vlast")
