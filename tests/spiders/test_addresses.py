"""Addresses that try to lead elsewhere: every form of this machine and of private networks, and tricks of spelling."""

import socket
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from twisted.internet.error import DNSLookupError

from spiders.guard import GuardMiddleware, PublicResolver
from spiders.outcome import Refused

DECLARED = "vlast.example"
ELSEWHERE = [
    # This machine and private networks, plainly and wrapped in IPv6.
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[0:0:0:0:0:ffff:10.0.0.1]",
    # Numbers that a system's resolver reads as addresses.
    "2130706433", "017700000001", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1", "127.1", "127.0.1", "0", "3232235777",
    "0251.0376.0251.0376", "2852039166",
    # Names, other letters that become digits and dots, trailing dots.
    "localhost", "localhost.", "LOCALHOST", "metadata.google.internal", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1",
    "127.0.0.1.", "vlast.example.evil.example", "evil-vlast.example", "vlast.example:22", "vlast.example:8080",
]  # fmt: skip
SPELLED = [
    f"http://{DECLARED}@127.0.0.1/", f"http://{DECLARED}:80@127.0.0.1/", f"http://127.0.0.1#@{DECLARED}/",
    f"http://127.0.0.1?@{DECLARED}/", f"http://127.0.0.1\\@{DECLARED}/", f"http://{DECLARED}\\@127.0.0.1/",
    f"http://127.0.0.1/{DECLARED}", f"http://127.0.0.1%2f@{DECLARED}:1/", f"http://{DECLARED}%00.evil.example/",
    f"http://{DECLARED}%2eevil.example/", "http:///etc/passwd", "http:127.0.0.1", "http://",
    "file:///etc/passwd", f"file://{DECLARED}/etc/passwd", f"gopher://{DECLARED}:25/_MAIL", f"ftp://{DECLARED}/",
    f"dict://{DECLARED}:11211/stat", f"ldap://{DECLARED}/", f"s3://{DECLARED}/x", "data:text/html,x",
    f"javascript://{DECLARED}/%0aalert(1)", f"jar:http://{DECLARED}!/x", f"ws://{DECLARED}/",
]  # fmt: skip


@pytest.fixture(scope="module")
def guard() -> GuardMiddleware:
    """The gate of a source that declares one host."""
    return gate()


def gate() -> GuardMiddleware:
    made = GuardMiddleware.__new__(GuardMiddleware)
    now = SimpleNamespace(date=lambda: None)
    made.house = SimpleNamespace(settings=SimpleNamespace(allow_loopback=False), now=lambda: now)
    made.declaration = SimpleNamespace(hosts_on=lambda _day: frozenset({DECLARED}))
    return made


def verdict(guard: GuardMiddleware, url: str) -> str:
    """The host that would be asked, or the state in which the request is refused."""
    try:
        request = Request(url)
    except ValueError:
        return "bad-address"
    try:
        return f"asked: {guard._declared_host(request)}"
    except Refused as refused:
        return refused.state


def test_the_declared_host_is_asked(guard: GuardMiddleware) -> None:
    for url in (f"https://{DECLARED}/a", f"http://{DECLARED.upper()}./", f"https://{DECLARED}:443/"):
        assert verdict(guard, url) == f"asked: {DECLARED}"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ELSEWHERE)
def test_no_other_host_is_asked(guard: GuardMiddleware, scheme: str, host: str) -> None:
    assert verdict(guard, f"{scheme}://{host}/") in ("private-address", "foreign-host", "bad-address")


@pytest.mark.parametrize("url", SPELLED)
def test_no_spelling_leads_elsewhere(guard: GuardMiddleware, url: str) -> None:
    told = verdict(guard, url)
    assert told in ("private-address", "foreign-host", "bad-address") or (
        told == f"asked: {DECLARED}" and Request(url).url.partition("://")[2].startswith(DECLARED + "/")
    )


@given(st.text(alphabet="vlast.example127:@/\\#?%[]0x \t\n。①", max_size=40))
def test_whatever_is_asked_is_the_declared_host(rest: str) -> None:
    told = verdict(gate(), f"http://{rest}")
    assert told == f"asked: {DECLARED}" or not told.startswith("asked")


def resolver() -> PublicResolver:
    return PublicResolver.__new__(PublicResolver)


def numeric(host: str) -> str | None:
    """What this machine's resolver reads a number as, without asking anybody."""
    try:
        return str(socket.getaddrinfo(host, 80, flags=socket.AI_NUMERICHOST)[0][4][0]).partition("%")[0]
    except (OSError, UnicodeError):
        return None


@pytest.mark.parametrize("host", [host.strip("[]") for host in ELSEWHERE if numeric(host.strip("[]"))])
def test_even_if_it_were_declared_the_resolver_gives_no_such_address(host: str) -> None:
    address = numeric(host)
    assert address is not None
    with pytest.raises(DNSLookupError):
        resolver()._checked(address, host)


def test_a_name_that_changes_its_address_is_judged_each_time_it_is_looked_up() -> None:
    answers = ["93.184.215.14", "127.0.0.1", "169.254.169.254"]
    assert resolver()._checked(answers[0], "rebinding.example") == answers[0]
    for private in answers[1:]:
        with pytest.raises(DNSLookupError):
            resolver()._checked(private, "rebinding.example")
