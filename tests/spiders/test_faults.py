"""What goes wrong at one outlet ends in a state with a name, and leaves the others alone."""

from datetime import UTC, datetime, timedelta

import pytest

from kzmonitor.newsroom import Fault, Outlet
from kzmonitor.newsroom.faults import (
    BROKEN_XML,
    EMPTY,
    FUTURE_DATES,
    GZIP_BOMB,
    HANG,
    HTML_FOR_XML,
    HUGE,
    REDIRECT_LOOP,
    RESET,
    TINY,
    UNDATED,
)  # fmt: skip
from kzmonitor.sources import health

FEEDS = {
    "empty": EMPTY,
    "tiny": TINY,
    "html-for-xml": HTML_FOR_XML,
    "not-xml": Fault(body=b"Service is being updated, " * 20),
    "broken-xml": BROKEN_XML,
    "no-items": Fault(
        body=b'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>http://127.0.0.1/</link>'
        b"<description>Nothing happened today, or so it seems from here.</description>"
        b"<generator>The newsroom's own generator of feeds without items</generator></channel></rss>"
    ),
    "no-dates": UNDATED,
    "ok": FUTURE_DATES,
    "403-wall": Fault(status=403),
    "404": Fault(status=410),
    "server-error": Fault(status=503),
    "rate-limited": Fault(status=429, retry_after=1800),
    "timeout": HANG,
    "too-large": HUGE,
    "redirect-loop": REDIRECT_LOOP,
    "connection": RESET,
    "418": Fault(status=418),
}
PAGES = {
    "403-wall": Fault(status=401),
    "404": Fault(status=404),
    "server-error": Fault(status=500),
    "rate-limited": Fault(status=429, retry_after=1800),
    "timeout": HANG,
    "too-large": HUGE,
    "redirect-loop": REDIRECT_LOOP,
    "connection": RESET,
    "private-address": Fault(redirect="http://169.254.169.254/latest/meta-data/"),
}
ELSEWHERE = (
    "http://10.0.0.1/",
    "http://[::1]:{port}/",
    "http://2130706433:{port}/",
    "http://127.0.0.1:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://localhost:{port}/",
    "file:///etc/passwd",
)
PERMANENT = {"404", "too-large", "redirect-loop", "private-address", "foreign-host", "robots-denied"}
TRIES = {"server-error": 3, "timeout": 3, "connection": 3}
# What hangs takes so long three times over; what does not must be there within it, on a busy machine, too.
SHORT_S = "6"


def test_each_fault_of_a_feed_is_a_named_state_and_the_others_go_on(
    desk_of, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATIENCE_S", SHORT_S)
    outlets = [Outlet(f"feed-{state}", "plain", reports(2)) for state in FEEDS]
    announced = Outlet("feed-announced", "plain", reports(1))
    bomb = Outlet("feed-bomb", "plain", reports(1))
    cut_short = Outlet("feed-cut", "plain", reports(2))
    well = Outlet("well", "plain", reports(3))
    for outlet, fault in zip(outlets, FEEDS.values(), strict=True):
        outlet.fault("/feed/", fault)
    announced.fault("/feed/", Fault(grow_to=50_000_000, announced=True))
    bomb.fault("/feed/", GZIP_BOMB)
    cut_short.fault("/feed/", Fault(reset_at=0.5))
    with desk_of(*outlets, announced, bomb, cut_short, well) as desk:
        before = datetime.now(UTC)
        ended = desk.collect()
        assert all(one.well for one in ended.values()), ended
        states = dict(desk.rows("select source, state from poll"))
        assert {f"feed-{state}": state for state in FEEDS}.items() <= states.items()
        assert states["feed-announced"] == states["feed-bomb"] == "too-large"
        assert states["feed-cut"] in ("connection", "cut-short")
        assert ended["well"].counts["fetched"] == 3

        # What could be read was kept, nothing but 429 and 5xx was asked again, and a failure leaves no ETag.
        found = dict(desk.rows("select source, count(*) from entry group by 1"))
        assert found == {"feed-broken-xml": 1, "feed-no-dates": 2, "feed-ok": 2, "well": 3}
        asked = {state: desk.asked(f"feed-{state}").count("/feed/") for state in FEEDS if state != "redirect-loop"}
        assert asked == {state: TRIES.get(state, 1) for state in asked}
        assert desk.rows("select source from poll where etag is not null order by 1") == [("feed-ok",), ("well",)]

        # A future date is in doubt: the page may know better.
        assert desk.rows("select distinct published_at from entry where source = 'feed-ok'") == [(None,)]
        port = desk.newsroom.outlets["feed-rate-limited"].port
        [(next_at,)] = desk.rows("select next_at from host where name = :host", host=f"127.0.0.1:{port}")
        assert next_at - before >= timedelta(minutes=30)

        with desk.database.session() as session:
            for state, outlet in zip(FEEDS, outlets, strict=True):
                seen = health.health(session, desk.declaration(outlet.slug), datetime.now(UTC))
                assert (seen.state, seen.well) == (state, state == "ok")

        # The host that asked for half an hour is left alone, and nobody waits for it.
        desk.newsroom.requests.clear()
        assert desk.collect("feed-rate-limited")["feed-rate-limited"].counts == {"poll:rate-limited": 1, "new": 0}
        assert desk.newsroom.requests == []


def test_each_fault_of_a_page_is_a_named_state_of_its_entry(desk_of, reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATIENCE_S", SHORT_S)
    outlets = [Outlet(f"page-{state}", "plain", reports(1)) for state in PAGES]
    bomb = Outlet("page-bomb", "plain", reports(1))
    for outlet, fault in zip(outlets, PAGES.values(), strict=True):
        outlet.fault("/news/*", fault)
    bomb.fault("/news/*", GZIP_BOMB)
    forbidden = Outlet("forbidden", "plain", reports(1))
    movers = [Outlet(f"to-{at}", "plain", reports(1)) for at, _url in enumerate(ELSEWHERE)]
    with desk_of(*outlets, bomb, *movers, forbidden) as desk:
        for mover, url in zip(movers, ELSEWHERE, strict=True):
            mover.fault("/news/*", Fault(redirect=url.format(port=forbidden.port)))
        slugs = [slug for slug in desk.newsroom.outlets if slug != "forbidden"]
        ended = desk.collect(*slugs)
        assert all(one.well for one in ended.values()), ended
        assert desk.asked("forbidden") == []

        rows = desk.rows("select source, error, state, tries, retry_at > now() from entry")
        entries = {row[0]: tuple(row[1:]) for row in rows}
        for state in PAGES:
            expected = (state, "failed", 1, None) if state in PERMANENT else (state, "found", 1, True)
            assert entries[f"page-{state}"] == expected
        states = {mover.slug: entries[mover.slug][0] for mover in movers}
        assert set(states.values()) <= {"private-address", "foreign-host", "bad-address"}, states
        assert states["to-0"] == "private-address"
        assert all(entries[mover.slug][1] == "failed" for mover in movers)
        # The bytes of a bomb are evidence, too; unpacking it is refused again by whoever reads the capture.
        assert entries["page-bomb"][:2] == (None, "fetched")


def test_without_the_setting_this_machine_is_a_private_address_by_any_name(
    desk_of, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_of(Outlet("dala", "plain", reports(1)), Outlet("named", "plain", reports(1))) as desk:
        host = f"localhost:{desk.newsroom.outlets['named'].port}"
        desk.change("named", hosts=[host], feeds=[f"http://{host}/feed/"])
        monkeypatch.setenv("KZMONITOR_ALLOW_LOOPBACK", "0")
        ended = desk.collect()
        assert all(one.well for one in ended.values()), ended
        assert desk.newsroom.requests == []
        looks = {slug: (state, error) for slug, state, error in desk.rows("select source, state, error from poll")}
        assert looks == {"dala": ("private-address", None), "named": ("robots-unreachable", "private-address")}
