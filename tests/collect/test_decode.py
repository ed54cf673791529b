"""Bodies as received become text or a named state; no label is believed against the bytes."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.collect.decode import decode_body, html_text
from kzmonitor.errors import PageError

PLAIN = ("<p>Сот басталды. Суд начался. " * 40).encode()
RUSSIAN = "<html><head><title>Суд</title></head><body><p>Журналиста оштрафовали за репортаж с митинга</p></body></html>"


def bare_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def state(body: bytes, encoding: str, max_bytes: int = 10_000_000) -> str:
    with pytest.raises(PageError) as raised:
        decode_body(body, {"Content-Encoding": encoding}, max_bytes)
    assert "\n" not in str(raised.value)
    return raised.value.state


@pytest.mark.parametrize("encoding", PACKERS)
def test_every_encoding_is_undone(encoding: str) -> None:
    assert decode_body(PACKERS[encoding](PLAIN), {"Content-Encoding": encoding.upper()}) == PLAIN


def test_deflate_without_its_wrapping_is_undone() -> None:
    assert decode_body(bare_deflate(PLAIN), {"content-encoding": "deflate"}) == PLAIN


def test_two_encodings_are_undone_in_turn() -> None:
    assert decode_body(brotli.compress(gzip.compress(PLAIN)), {"content-encoding": "gzip, br"}) == PLAIN


def test_no_encoding_leaves_the_body_alone() -> None:
    for headers in ({}, {"content-encoding": ""}, {"content-encoding": "identity"}):
        assert decode_body(PLAIN, headers) == PLAIN


@pytest.mark.parametrize("encoding", PACKERS)
def test_an_empty_body_stays_empty(encoding: str) -> None:
    assert decode_body(b"", {"content-encoding": encoding}) == b""


def test_members_of_gzip_and_frames_of_zstd_are_joined() -> None:
    assert decode_body(gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0", {"content-encoding": "gzip"}) == b"ab"
    frames = zstandard.compress(b"a") + zstandard.compress(b"b")
    assert decode_body(frames, {"content-encoding": "zstd"}) == b"ab"


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_is_too_large(encoding: str) -> None:
    assert state(PACKERS[encoding](bytes(3_000_000)), encoding, max_bytes=1_000_000) == "too-large"


def test_a_bomb_within_a_bomb_is_too_large() -> None:
    inner = gzip.compress(bytes(3_000_000))
    assert state(gzip.compress(inner), "gzip, gzip", max_bytes=1_000_000) == "too-large"
    assert state(bytes(101), "identity", max_bytes=100) == "too-large"


@pytest.mark.parametrize("encoding", PACKERS)
def test_exactly_the_limit_is_allowed(encoding: str) -> None:
    assert decode_body(PACKERS[encoding](bytes(1000)), {"content-encoding": encoding}, 1000) == bytes(1000)


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_body_cut_short_or_not_packed_at_all_is_a_bad_encoding(encoding: str) -> None:
    packed = PACKERS[encoding](PLAIN)
    assert state(packed[:-5], encoding) == "bad-encoding"
    assert state(b"<html>", encoding) == "bad-encoding"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_chain_of_a_hundred_thousand_empty_members_is_a_bad_encoding(encoding: str) -> None:
    assert state(PACKERS[encoding](b"") * 100_000, encoding) == "bad-encoding"


@pytest.mark.parametrize("encoding", ["compress", "gzip, gzip, gzip", "br;q=1", "?"])
def test_an_unknown_encoding_is_a_bad_encoding(encoding: str) -> None:
    assert state(gzip.compress(PLAIN), encoding) == "bad-encoding"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([*PACKERS, "gzip, br", "deflate, zstd"]), st.integers(0, 200))
def test_any_bytes_end_in_bytes_or_in_a_named_state(body: bytes, encoding: str, at: int) -> None:
    packed = PACKERS[encoding.split(", ")[-1]](PLAIN)
    for hostile in (body, packed[:at] + body + packed[at:]):
        try:
            ended = "whole" if len(decode_body(hostile, {"content-encoding": encoding}, 5000)) <= 5000 else "over"
        except PageError as error:
            ended = error.state
        assert ended in {"whole", "bad-encoding", "too-large"}


@pytest.mark.parametrize(
    ("charset", "content_type", "meta"),
    [
        ("utf-8", "text/html; charset=utf-8", ""),
        ("utf-8", "text/html", '<meta charset="windows-1251">'),
        ("utf-8", "text/html; charset=windows-1251", ""),
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("utf-8-sig", "text/html; charset=windows-1251", ""),
        ("windows-1251", "text/html; charset=windows-1251", ""),
        ("windows-1251", "text/html", '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'),
        ("windows-1251", "text/html; charset=utf-8", ""),
        ("windows-1251", "text/html; charset=utf-8", '<meta charset="utf-8">'),
        ("windows-1251", "text/html; charset=iso-8859-1", '<meta charset="windows-1251">'),
        ("windows-1251", "text/html; charset=iso-8859-1", ""),
        ("windows-1251", "", ""),
        ("koi8-r", "text/html; charset=koi8-r", ""),
        ("utf-16", "text/html", ""),
        ("utf-16-le", "text/html; charset=utf-16le", ""),
    ],
)
def test_cyrillic_survives_its_labels(charset: str, content_type: str, meta: str) -> None:
    page = RUSSIAN.replace("<title>", meta + "<title>")
    assert html_text(page.encode(charset), {"Content-Type": content_type}) == page


def test_kazakh_letters_survive_in_their_own_charset() -> None:
    page = "<p>Белсендіні ұстап, қамауға алды</p>"
    assert html_text(page.encode("kz1048"), {"content-type": "text/html; charset=kz-1048"}) == page


def test_accented_letters_are_not_taken_for_cyrillic() -> None:
    page = "<p>La journaliste a été condamnée à une peine sévère</p>"
    assert html_text(page.encode("cp1252"), {}) == page


def test_a_few_damaged_letters_leave_the_rest_of_a_utf_8_page_whole() -> None:
    damaged = RUSSIAN.encode().replace("о".encode(), b"\xd0", 1)
    assert "Журналиста" in html_text(damaged, {"content-type": "text/html; charset=utf-8"})


@pytest.mark.parametrize("label", ["hex", "idna", "unicode_escape", "undefined", "utf-7", "no-such", "base64", "\x00"])
def test_labels_that_are_no_charset_of_letters_are_passed_over(label: str) -> None:
    assert html_text(RUSSIAN.encode(), {"content-type": f"text/html; charset={label}"}) == RUSSIAN
    assert html_text(RUSSIAN.encode("cp1251"), {"content-type": f"text/html; charset={label}"}) == RUSSIAN


def test_nul_characters_are_gone() -> None:
    assert html_text(b"<p>a\0b\0</p>", {}) == "<p>ab</p>"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_become_text_that_can_be_stored(body: bytes, label: str) -> None:
    text = html_text(body, {"content-type": f"text/html; charset={label}"})
    assert "\0" not in text
    text.encode()
