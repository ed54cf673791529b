"""The gate: which addresses are open, and what robots.txt allows."""

import ipaddress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from kzmonitor.newsroom import Fault, Outlet
from kzmonitor.newsroom.faults import HANG, RESET
from spiders.guard import is_open_to_us

UNREACHABLE = {
    "http-401": Fault(status=401),
    "http-403": Fault(status=403),
    "server-error": Fault(status=500),
    "http-429": Fault(status=429),
    "hangs": HANG,
    "resets": RESET,
    "html": Fault(body=b"User-agent: *\nDisallow:\n", content_type="text/html"),
    "unlabelled-html": Fault(body=b"<!doctype html><p>Just a moment</p>", content_type="text/plain"),
    "too-large": Fault(grow_to=501 * 1024),
    "leads-away": Fault(redirect="http://127.0.0.1:9/robots.txt"),
    "leads-round": Fault(loop=True),
}


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("8.8.8.8", True), ("2606:4700::6810:84e5", True), ("::ffff:8.8.8.8", True), ("64:ff9b::808:808", True),
        ("0.0.0.0", False), ("10.0.0.1", False), ("100.64.0.1", False), ("169.254.169.254", False),
        ("172.16.0.1", False), ("192.168.1.1", False), ("192.0.2.1", False), ("198.18.0.1", False),
        ("224.0.0.1", False), ("240.0.0.1", False), ("255.255.255.255", False),
        ("::", False), ("fe80::1", False), ("fc00::1", False), ("fd12:3456::1", False), ("ff02::1", False),
        ("2001:db8::1", False), ("::ffff:10.0.0.1", False), ("::ffff:169.254.169.254", False),
        ("::10.0.0.1", False), ("64:ff9b::a9fe:a9fe", False), ("64:ff9b:1::1", False), ("2002:a00:1::1", False),
        ("2001:0:a00:1::", False), ("2001::1", False), ("fec0::1", False),
    ],
)  # fmt: skip
def test_only_public_addresses_are_open(address: str, is_open: bool) -> None:
    assert is_open_to_us(address, allow_loopback=False) is is_open
    assert is_open_to_us(address, allow_loopback=True) is is_open


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)
def test_this_machine_is_open_only_where_the_setting_says_so(address: str) -> None:
    assert not is_open_to_us(address, allow_loopback=False)
    assert is_open_to_us(address, allow_loopback=True)


@given(st.ip_addresses(v=4))
def test_wrapped_in_ipv6_an_address_is_no_more_open_than_bare(bare: ipaddress.IPv4Address) -> None:
    number = int(bare)
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1)
    for wrapped in (f"::ffff:{bare}", f"::{bare}", str(nat64), str(six_to_four)):
        assert is_open_to_us(wrapped, False) <= is_open_to_us(str(bare), False)


@given(st.ip_addresses())
def test_no_address_of_a_private_network_is_ever_open(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_loopback:
        assert not is_open_to_us(str(address), allow_loopback=False)


def test_an_unreadable_robots_txt_is_no_consent(desk_of, reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATIENCE_S", "6")
    outlets = [Outlet(f"robots-{name}", "plain", reports(1)) for name in UNREACHABLE]
    gone = [Outlet("gone-404", "plain", reports(1)), Outlet("gone-410", "plain", reports(1))]
    for outlet, fault in zip(outlets, UNREACHABLE.values(), strict=True):
        outlet.fault("/robots.txt", fault)
    for outlet, status in zip(gone, (404, 410), strict=True):
        outlet.fault("/robots.txt", Fault(status=status))
    with desk_of(*outlets, *gone) as desk:
        ended = desk.collect()
        for outlet in outlets:
            asked = {path.partition("?")[0] for path in desk.asked(outlet.slug)}
            assert asked == {"/robots.txt"}, outlet.slug
            assert ended[outlet.slug].well
            assert ended[outlet.slug].counts == {"poll:robots-unreachable": 1, "new": 0}
        assert all(ended[outlet.slug].counts["fetched"] == 1 for outlet in gone)
        why = {slug.removeprefix("robots-"): error for slug, error in desk.rows("select source, error from poll")}
        assert why["http-403"] == "http-403"
        assert why["hangs"] == "timeout"
        assert why["leads-away"] == "foreign-host"
        assert why["too-large"] == "too-large"


def test_robots_txt_of_another_declared_host_answers_for_this_one(desk_of, reports) -> None:
    with desk_of(Outlet("bare", "plain", reports(1)), Outlet("www", "plain", reports(1))) as desk:
        bare, www = desk.newsroom.outlets.values()
        bare.fault("/robots.txt", Fault(redirect=f"{www.base_url}/robots.txt"))
        desk.change("bare", hosts=[f"127.0.0.1:{bare.port}", f"127.0.0.1:{www.port}"])
        assert desk.collect("bare")["bare"].counts["fetched"] == 1


def test_what_robots_txt_forbids_is_not_asked_for(desk_of, reports) -> None:
    ours = Outlet("ours", "plain", reports(2))
    ours.robots = "User-agent: kzmonitor\nDisallow: /news/\n\nUser-agent: *\nDisallow:\n"
    others = Outlet("others", "plain", reports(2))
    others.robots = "User-agent: Googlebot\nDisallow: /\n\nUser-agent: *\nDisallow: /search\n"
    feed = Outlet("feed", "plain", reports(2))
    feed.robots = "\ufeffUser-agent: *\r\nDisallow: /feed\r\n"
    with desk_of(ours, others, feed) as desk:
        ended = desk.collect()
        assert set(desk.asked("ours")) == {"/robots.txt", "/feed/"}
        assert ended["ours"].counts["failed:robots-denied"] == 2
        assert ended["others"].counts["fetched"] == 2
        assert desk.asked("feed") == ["/robots.txt"]
        assert ended["feed"].counts == {"poll:robots-denied": 1, "new": 0}


def test_the_last_good_robots_txt_holds_for_a_day(desk_of, reports) -> None:
    outlet = Outlet("dala", "plain", reports(1))
    with desk_of(outlet) as desk:

        def a_run_after(age: timedelta) -> str:
            with desk.database.session() as session:
                session.execute(
                    text("update host set robots_at = :at, robots_tried_at = :at"), {"at": datetime.now(UTC) - age}
                )
            desk.newsroom.requests.clear()
            [state] = [key for key in desk.collect()["dala"].counts if key.startswith("poll:")]
            return state

        assert desk.collect()["dala"].counts["fetched"] == 1
        outlet.fault("/robots.txt", Fault(status=503))
        assert a_run_after(timedelta(hours=23)) == "poll:not-modified"
        assert desk.asked("dala") == ["/robots.txt", "/feed/"]
        assert a_run_after(timedelta(hours=25)) == "poll:robots-unreachable"
        assert desk.asked("dala") == ["/robots.txt"]


def test_the_gap_that_robots_txt_asks_for_is_kept(desk_of, reports) -> None:
    outlet = Outlet("dala", "plain", reports(3))
    # What is to spare for the way to the host is a share of the gap: a long one holds on a busy machine, too.
    outlet.robots = "User-agent: *\nCrawl-delay: 1.2\n"
    with desk_of(outlet) as desk:
        assert desk.collect()["dala"].counts["fetched"] == 3
        after_robots = desk.newsroom.requests[1:]
        assert min(after.at - before.at for before, after in pairwise(after_robots)) >= 1.2
        assert desk.rows("select delay_s from host") == [(1.2,)]
