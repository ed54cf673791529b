"""Each address answers as its outlet's would: variants, archives, sitemaps, 304, gzip, what was taken back."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from kzmonitor.newsroom import Outlet, Record
from kzmonitor.newsroom.declarations import listing_addresses
from kzmonitor.newsroom.faults import Answer
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.site import GZ_CHILD, Site, unchanged

Factory = Callable[..., Outlet]


def get(site: Site, target: str, **headers: str) -> Answer:
    return site.answer(target, {name.replace("_", "-"): value for name, value in headers.items()})


def path_of(outlet: Outlet, address: str) -> str:
    return address.removeprefix(outlet.base_url)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_address_and_variant_shows_its_article(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    site = Site(outlet)
    for record_id in outlet.addresses().values():
        for address in [outlet.address(record_id), *outlet.variants(record_id)]:
            answer = get(site, path_of(outlet, address))
            assert answer.status == 200
            assert f"Last line {record_id[-1]}.".encode() in answer.body


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("feed", ["/feed/", "/atom.xml"])
def test_feeds_list_all_articles_newest_first_or_the_newest_only(an_outlet: Factory, layout: str, feed: str) -> None:
    outlet = an_outlet(layout)
    links = "//item/link/text() | //*[local-name()='entry']/*[local-name()='link']/@href"
    found = etree.fromstring(get(Site(outlet), feed).body).xpath(links)
    assert [str(link).strip() for link in found] == list(outlet.addresses())
    outlet.feed_items = 2
    assert len(etree.fromstring(get(Site(outlet), feed).body).xpath(links)) == 2


def test_the_vlast_feed_wraps_its_links_in_line_breaks(an_outlet: Factory) -> None:
    outlet = an_outlet("vlast")
    assert f"<link>\n{next(iter(outlet.addresses()))}\n</link>".encode() in get(Site(outlet), "/feed/").body


@pytest.mark.parametrize("layout", [name for name, layout in LAYOUTS.items() if layout.feeds])
def test_a_feed_is_served_under_the_names_of_its_cms_too(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    site = Site(outlet)
    assert {get(site, path).body for path in outlet.layout.feeds} == {get(site, "/feed/").body}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_address_is_found_again_from_the_archive_alone(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout, count=11)
    outlet.page_size = 2
    site, found = Site(outlet), set()
    for start in listing_addresses(outlet):
        path: str | None = path_of(outlet, start.format(page=1))
        while path is not None:
            root = html.document_fromstring(get(site, path).body)
            found |= {outlet.base_url + link for link in root.xpath("//main//a/@href | //*[@id='allrecords']//a/@href")}
            path = next(iter(root.xpath("//a[@rel='next']/@href")), None)
    assert found >= outlet.addresses().keys()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_sitemap_leads_to_all_articles(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    site = Site(outlet)
    body = get(site, "/sitemap.xml").body
    if layout == "pangea":
        assert [element.text for element in etree.fromstring(body).iter("{*}loc")] == [outlet.base_url + GZ_CHILD]
        body = gzip.decompress(get(site, GZ_CHILD, Accept_Encoding="gzip").body)
    assert [element.text for element in etree.fromstring(body).iter("{*}loc")] == list(outlet.addresses())


@pytest.mark.parametrize(
    ("layout", "first", "second", "behind", "status"),
    [
        ("vlast", "/novosti/?archive=1", "/novosti/2/?archive=1", "/novosti/3/?archive=1", 404),
        ("pangea", "/z/330?p=1", "/z/330?p=2", "/z/330?p=99", 200),
        ("wordpress", "/news/", "/news/page/2/", "/news/page/9/", 404),
        ("agency", "/news/", "/news/page/2/", "/news/page/9/", 404),
        ("plain", "/news/", "/news/page/2/", "/news/page/0/", 404),
        ("portal", "/society/", "/society/page/2/", "/society/page/3/", 404),
        ("builder", "/news", "/news?p=2", "/news?p=99", 200),
        ("spa", "/archive", "/archive/page/2", "/archive/page/9", 404),
    ],
)
def test_archives_have_pages(
    an_outlet: Factory, layout: str, first: str, second: str, behind: str, status: int
) -> None:
    outlet = an_outlet(layout, count=9 if layout != "portal" else 14)
    outlet.page_size = 2
    site = Site(outlet)
    assert get(site, first).status == get(site, second).status == 200
    assert get(site, first).body != get(site, second).body
    assert get(site, behind).status == status


def test_a_pangea_archive_can_be_asked_for_a_day() -> None:
    days = [datetime(2025, 8, day, 6, tzinfo=UTC) for day in (17, 18)]
    outlet = Outlet(
        "dala", "pangea", [Record(str(day), "kk", f"T{day:%d}", "x", published=day) for day in days], now=days[-1]
    )
    body = get(Site(outlet), "/z/330/2025/08/18").body
    main = body[body.index(b"<main") : body.index(b"</main")]
    assert b"T18" in main
    assert b"T17" not in main


@pytest.mark.parametrize(
    "path",
    ["/", "/robots.txt", "/feed/", "/atom.xml", "/sitemap.xml", "/news/"],
)
def test_who_has_the_current_version_gets_304_until_the_outlet_changes(an_outlet: Factory, path: str) -> None:
    outlet = an_outlet("plain")
    site = Site(outlet)
    fresh = get(site, path)
    etag, modified = fresh.headers["ETag"], fresh.headers["Last-Modified"]
    again = get(site, path, If_None_Match=etag)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    assert get(site, path, If_Modified_Since=modified).status == 304
    outlet.publish({"id": "new", "lang": "en", "title": "Newest of all", "text": "x"}, outlet.changed)
    if path != "/robots.txt":
        assert get(site, path, If_None_Match=etag).status == 200
        assert b"newest-of-all" in get(site, path).body
    assert get(site, path, If_Modified_Since=modified).status == 200


def test_an_etag_outranks_the_time_and_garbage_never_matches() -> None:
    time = "Sun, 15 Mar 2026 09:30:00 GMT"
    assert unchanged('"a"', time, {"If-None-Match": 'W/"a"'})
    assert unchanged('"a"', time, {"If-None-Match": '"x", "a"'})
    assert unchanged('"a"', time, {"If-None-Match": "*"})
    assert not unchanged('"a"', time, {"If-None-Match": '"b"', "If-Modified-Since": time})
    assert not unchanged('"a"', time, {"If-Modified-Since": "yesterday"})
    assert not unchanged('"a"', time, {})


def test_gzip_is_sent_to_who_takes_it_with_a_weak_etag(an_outlet: Factory) -> None:
    site = Site(an_outlet())
    plain, packed = get(site, "/feed/"), get(site, "/feed/", Accept_Encoding="gzip, br")
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["ETag"] == "W/" + plain.headers["ETag"]
    assert get(site, "/feed/", If_None_Match=packed.headers["ETag"]).status == 304


def test_an_edit_shows_on_the_page_and_in_the_sitemap(an_outlet: Factory) -> None:
    outlet = an_outlet()
    site = Site(outlet)
    path = outlet.articles()[0].address
    get(site, path)
    outlet.edit("secret-id-5", "Quite another text.", now=outlet.changed + timedelta(days=1))
    assert b"Quite another text." in get(site, path).body
    assert b"2026-03-16" in get(site, "/sitemap.xml").body


@pytest.mark.parametrize("status", [404, 410])
def test_a_deleted_article_is_gone_everywhere(an_outlet: Factory, status: int) -> None:
    outlet = an_outlet("pangea")
    site = Site(outlet)
    addresses = [outlet.address("secret-id-0"), *outlet.variants("secret-id-0")]
    number = addresses[0].rpartition("/")[2].encode()
    outlet.delete("secret-id-0", status)
    assert [get(site, path_of(outlet, address)).status for address in addresses] == [status] * len(addresses)
    assert number not in get(site, "/feed/").body + get(site, "/z/330").body


def test_a_blocked_article_is_refused_at_all_its_addresses_and_still_listed(an_outlet: Factory) -> None:
    outlet = an_outlet("vlast")
    site = Site(outlet)
    outlet.block("secret-id-0")
    for address in [outlet.address("secret-id-0"), *outlet.variants("secret-id-0")]:
        assert get(site, path_of(outlet, address)).status == 403
    assert outlet.address("secret-id-0").encode() in get(site, "/feed/").body


def test_robots_allow_by_default_and_can_be_set(an_outlet: Factory) -> None:
    outlet = an_outlet()
    assert b"Disallow: /search/" in get(Site(outlet), "/robots.txt").body
    outlet.robots = "User-agent: *\nDisallow: /\n"
    assert get(Site(outlet), "/robots.txt").body == b"User-agent: *\nDisallow: /\n"


def test_a_short_link_of_wordpress_redirects_to_the_article(an_outlet: Factory) -> None:
    outlet = an_outlet("wordpress")
    article = outlet.articles()[0]
    answer = get(Site(outlet), f"/?p={article.number}")
    assert (answer.status, answer.headers["Location"]) == (301, outlet.base_url + article.address)


def test_pages_try_to_set_a_cookie(an_outlet: Factory) -> None:
    assert get(Site(an_outlet()), "/").headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/nothing", "/news/none-999/", "/wp-login.php", "/novosti/", "", "*", "//["])
def test_what_is_not_there_is_an_error_page(an_outlet: Factory, path: str) -> None:
    assert get(Site(an_outlet()), path).status in (400, 404)


@given(st.text(max_size=60), st.sampled_from(sorted(LAYOUTS)))
@settings(max_examples=200, deadline=None)
def test_no_target_breaks_the_site(target: str, layout: str) -> None:
    outlet = Outlet("dala", layout, [Record("a", "ru", "T", "x")], now=datetime(2026, 3, 15, tzinfo=UTC))
    for prefix in ("", "/", "/z/330?p=", "/news/page/", "/a/"):
        assert get(Site(outlet), prefix + target).status in (200, 301, 400, 404)
