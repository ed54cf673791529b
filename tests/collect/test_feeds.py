"""Feeds and sitemaps: what they name, or a state with a name; never an error, however wild the bytes."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.collect import feeds
from kzmonitor.collect.feeds import Item, Seen, parse_feed, parse_sitemap

URL = "https://dala.example/feed/"
WHEN = "Sun, 15 Mar 2026 09:30:00 GMT"
MOMENT = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
STATES = {"ok", "empty", "tiny", "html-for-xml", "not-xml", "broken-xml", "no-items", "no-dates"}
ATOM = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Дала</title>
<entry><title>Бір &amp; екі</title><link href="/a/1"/><id>urn:x</id>
<updated>{MOMENT.isoformat()}</updated></entry></feed>"""
DEEP_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))


def rss(items: str, head: str = "") -> bytes:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'.encode()


def item(link: str = "https://dala.example/1", title: str = "One", when: str | None = WHEN) -> str:
    date = f"<pubDate>{when}</pubDate>" if when else ""
    return f"<item><title>{title}</title><link>{link}</link>{date}</item>"


def sitemap(*entries: str, root: str = "urlset") -> bytes:
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0"?><{root} xmlns="{namespace}">{"".join(entries)}</{root}>'.encode()


def test_rss_and_atom_give_addresses_titles_and_times_in_utc() -> None:
    expected = [Item("https://dala.example/1", "One", MOMENT)]
    assert parse_feed(rss(item()), "application/rss+xml", URL) == Seen("ok", expected)
    atom = parse_feed(ATOM.encode(), "application/atom+xml", URL)
    assert atom == Seen("ok", [Item("https://dala.example/a/1", "Бір & екі", MOMENT)])


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-8"])
def test_a_feed_is_read_in_the_charset_it_states(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel>{item(title="Суд")}</channel></rss>'
    assert parse_feed(text.encode(encoding), "application/xml", URL).items[0].title == "Суд"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"<rss></rss>", "tiny"),
        (b"OK", "tiny"),
        (b"error " * 50, "not-xml"),
        (b"<!DOCTYPE html><html><body>Just a moment</body></html>", "html-for-xml"),
        (b"  <HTML><body>Just a moment</body></html>", "html-for-xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g/>" * 100 + b"</svg>", "not-xml"),
        (rss("<description>" + "quiet " * 50 + "</description>"), "no-items"),
        (rss(item(when=None)), "no-dates"),
        (rss(item(when="31 February 20225, 99:99")), "no-dates"),
        (rss(item(when=None) + item("https://dala.example/2")), "ok"),
        (rss(item("https://dala.example/2") * 3)[:-60], "broken-xml"),
    ],
)
def test_what_is_wrong_with_a_feed_has_a_name(body: bytes, state: str) -> None:
    assert parse_feed(body, "", URL).state == state


def test_what_was_read_before_a_break_is_kept() -> None:
    whole = rss(item("https://dala.example/1") + item("https://dala.example/2") + item("https://dala.example/3"))
    seen = parse_feed(whole[: whole.rindex(b"<item>") + 20], "application/xml", URL)
    assert seen.state == "broken-xml"
    assert [one.url for one in seen.items][:2] == ["https://dala.example/1", "https://dala.example/2"]


@pytest.mark.parametrize(
    "reference", ["&#xD800;", "&#0;", "&#x110000;", "&#99999999999999999999;", "&#x1;", "&#xFFFF;"]
)
def test_a_number_that_is_no_character_costs_nothing_but_itself(reference: str) -> None:
    seen = parse_feed(rss(item(title=f"A{reference}b") + item("https://dala.example/2")), "application/xml", URL)
    assert seen.state == "ok"
    assert [(one.url, one.title) for one in seen.items] == [
        ("https://dala.example/1", "Ab"),
        ("https://dala.example/2", "One"),
    ]


@pytest.mark.parametrize("link", ["", "https://dala.example/a b", "https://[::1", "https://dala.example/\x7f"])
def test_an_item_without_a_usable_address_is_left_out(link: str) -> None:
    seen = parse_feed(rss(item(link) + item("https://dala.example/2")), "application/xml", URL)
    assert [one.url for one in seen.items] == ["https://dala.example/2"]


def test_entities_are_not_unfolded_and_nothing_outside_is_read(tmp_path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for feeds")
    head = f'<!DOCTYPE rss [<!ENTITY e0 "ha">{DEEP_ENTITIES}<!ENTITY out SYSTEM "{secret.as_uri()}">]>'
    seen = parse_feed(rss(item(title="&e11;&out;") + item("https://dala.example/&e11;&out;"), head), "", URL)
    shown = repr(seen)
    assert len(shown) < 1000
    assert "not for feeds" not in shown
    inside = "<url><loc>https://dala.example/&e11;</loc></url><url><loc>https://dala.example/&out;</loc></url>"
    shown = repr(parse_sitemap(f"{head}<urlset>{inside}</urlset>".encode()))
    assert len(shown) < 1000
    assert "not for feeds" not in shown


def test_a_feed_without_end_is_cut() -> None:
    many = "".join(item(f"https://dala.example/{number}") for number in range(feeds.MAX_ITEMS + 5))
    assert len(parse_feed(rss(many), "application/xml", URL).items) == feeds.MAX_ITEMS


def test_a_sitemap_gives_its_addresses_latest_change_first_and_no_dates() -> None:
    seen = parse_sitemap(
        sitemap(
            "<url><loc> https://dala.example/1 </loc><lastmod>2026-01-01</lastmod></url><!-- comment -->",
            "<url><loc>https://dala.example/2</loc><lastmod>2026-03-01</lastmod></url>",
            "<url><loc>ftp://dala.example/3</loc></url><url/>",
            f"<url><loc>https://dala.example/{'x' * 3000}</loc></url>",
        )
    )
    assert seen == Seen("ok", [Item("https://dala.example/2"), Item("https://dala.example/1")])


def test_an_index_gives_its_sitemaps_packed_or_not() -> None:
    index = sitemap("<sitemap><loc>https://dala.example/s.xml.gz</loc></sitemap>", root="sitemapindex")
    expected = Seen("ok", children=["https://dala.example/s.xml.gz"])
    assert parse_sitemap(index) == parse_sitemap(gzip.compress(index)) == expected


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"\x1f\x8bnot gzip at all", "not-xml"),
        (gzip.compress(sitemap(), mtime=0)[:30], "not-xml"),
        (gzip.compress(b" " * (feeds.MAX_SITEMAP_BYTES + 1), mtime=0), "not-xml"),
        (b"plain words", "not-xml"),
        (rss(item()), "not-xml"),
        (b"<html><body>Just a moment</body></html>", "html-for-xml"),
        (sitemap(), "no-items"),
        (sitemap(root="sitemapindex"), "no-items"),
    ],
)
def test_what_is_wrong_with_a_sitemap_has_a_name(body: bytes, state: str) -> None:
    assert parse_sitemap(body) == Seen(state)


PIECES = st.sampled_from(
    b"""<item>|</item>|<link>|</link>|<pubDate>|<![CDATA[|]]>|&#|&amp;|<!--|<!DOCTYPE|<entry>|<loc>|</loc>|<url>|<rss>
|<urlset>|<feed>|9999-99-99T99:99:99+99:99|https://dala.example/|<georss:point>|xml:base='//['|<a href='|\x00|\xff\xfe
|<:|<?xml version='1.0' encoding='utf-7'?>|<?xml version='1.0'?><rss version='2.0'><channel><item>""".split(b"|")
)
WILD = st.binary(max_size=300) | st.lists(PIECES | st.binary(max_size=6), max_size=40).map(b"".join)


@settings(max_examples=250, deadline=None)
@given(
    WILD, st.sampled_from(["", "text/html; charset=utf-7", "application/xml; charset=nonsense", "text/xml;;=", "\0"])
)
def test_no_bytes_are_too_wild_for_a_feed(body: bytes, content_type: str) -> None:
    seen = parse_feed(body, content_type, URL)
    assert seen.state in STATES
    assert all(one.published_at is None or one.published_at.tzinfo for one in seen.items)
    assert not any("\0" in one.url + (one.title or "") for one in seen.items)


@settings(max_examples=250, deadline=None)
@given(WILD | WILD.map(gzip.compress))
def test_no_bytes_are_too_wild_for_a_sitemap(body: bytes) -> None:
    assert parse_sitemap(body).state in STATES
