"""Hosts have one spelling, and listing templates are filled as declared."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.sources.addresses import declared_host, fill, host_of, is_loopback


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://VLAST.kz./novosti/", "vlast.kz"),
        ("https://vlast.kz:443/", "vlast.kz"),
        ("http://vlast.kz:80/", "vlast.kz"),
        ("http://vlast.kz:443/", "vlast.kz:443"),
        ("https://user:word@vlast.kz/", "vlast.kz"),
        ("https://vlast.kz@evil.example/", "evil.example"),
        ("https://қазақ.қаз/", "xn--80aau21bd.xn--80ao21a"),
        ("http://[0:0::1]:8000/", "[::1]:8000"),
    ],
)
def test_a_host_has_one_spelling(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vlast.kz",
        "//vlast.kz/",
        "ftp://vlast.kz/",
        "https://",
        "https://a..b/",
        "https://a b/",
        "https://x:99999/",
        "https://[1::2::3]/",
        "https://" + "a" * 64 + ".kz/",
        "https://" + "a." * 130 + "kz/",
        "javascript:alert(1)",
    ],
)
def test_what_has_no_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        host_of(url)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_a_declared_host_is_spelt_as_addresses_on_it_are(raw: str) -> None:
    try:
        host = declared_host(raw)
    except ValueError:
        return
    assert host_of(f"https://{host}/path") == host
    assert host.isascii()


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "127.8.9.1:80", "[::1]", "[::1]:8000"])
def test_loopback_is_known_with_and_without_a_port(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["vlast.kz", "localhost.example", "127.0.0.1.example", "10.0.0.1", "[::2]"])
def test_other_machines_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_a_template_is_filled_with_the_page_and_the_padded_day() -> None:
    day = date(2026, 3, 1)
    assert fill("https://vlast.kz/novosti/{page}/?archive=1", 2, day) == "https://vlast.kz/novosti/2/?archive=1"
    assert fill("https://a.example/z/330/{yyyy}/{mm}/{dd}", 1, day) == "https://a.example/z/330/2026/03/01"
    assert fill("https://time.kz/news", 1, day) == "https://time.kz/news"
