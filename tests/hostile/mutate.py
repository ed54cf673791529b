"""Damage to documents, the same for the same seed: what networks, careless programs and attackers do to bytes."""

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable, Sequence

MOST_STEPS = 6
LONGEST = 2_000_000
CHARSETS = (
    "utf-16-le", "utf-16-be", "utf-16", "utf-32", "utf-7", "cp1251", "koi8-r", "utf-8-sig", "iso-2022-jp", "gb18030",
)  # fmt: skip
NUMBERS = (
    b"-1", b"0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"9" * 400, b"-" + b"9" * 30, b"2147483648",
    b"18446744073709551616", b"0.1e-400", b"0000-00-00", b"9999-12-31T23:59:60+99:99", b"-0001-01-01", b"99999999",
)  # fmt: skip
TOKENS = (
    b"\0", b"\0\0\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80",
    "\u202e".encode(), "\u2028".encode(), "\ufffe".encode(), "\U0010ffff".encode(), b"\x1b[2J", b"\x1f\x8b\x08", b"\r",
    b"\r\n\r\n", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"--!>", b"<?xml version='1.0' encoding='utf-16'?>", b"<?php",
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", b"&b;", b"&#0;", b"&#xD800;", b"&#1114112;",
    b"&#99999999999999999999;", b"&amp", b"&", b"</", b"<", b">", b"<a", b"<script>", b"</script>", b"<style>",
    b"<textarea>", b"<plaintext>", b"<template>", b"<svg><math>", b"<table><a>", b"<base href='http://10.0.0.1/'>",
    b"<meta charset=utf-7>", b"<meta charset='\xd0\xb6'>", b"<meta http-equiv=refresh content='0;url=file:///'>",
    b"<script type='application/ld+json'>", b"<link rel=canonical href='http://[::1'>", b"<a href='http://[v1.a]/'>",
    b"href='//\xed\xa0\x80'", b"href=' \thttp://1'", b" xmlns:a=''", b" xml:base='\\\\10.0.0.1\\'", b" xmlns='urn:x'",
    b'"', b"'", b"\\", b"\\ud800", b"\\u0000", b"{", b"}", b"[[[[", b"]]]]", b",", b";", b"\t", b"=1+1", b"null",
    b"true",
    b'{"url":', b"WARC/1.0\r\n", b"WARC-Type: response\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999\r\n",
    b"Content-Length: \xd9\xa3\r\n", b"Transfer-Encoding: chunked\r\n", b"ffffffff\r\n", b"HTTP/1.1 200\r\n", b"*",
    b"$",
    b"Disallow: " + b"*a" * 500 + b"\n", b"Allow: " + b"%" * 99 + b"\n", b"Crawl-delay: 1e308\n", b"User-agent: *\n",
)  # fmt: skip
TAGS = (b"div", b"p", b"a", b"span", b"table", b"b", b"item", b"entry", b"url", b"x:y", b"font", b"li", b"article")

Step = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def mutated(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """`data` after one to six kinds of damage; `others` are documents of its kind that it is spliced with."""
    for _step in range(rng.randint(1, MOST_STEPS)):
        data = rng.choice(STEPS)(rng, data, others)
    return data[:LONGEST]


def _place(rng: random.Random, data: bytes) -> int:
    return rng.randint(0, len(data))


def _slice(rng: random.Random, data: bytes) -> tuple[int, int]:
    start = _place(rng, data)
    return start, min(len(data), start + int(rng.paretovariate(0.6)))


def flip(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Some bytes changed."""
    changed = bytearray(data)
    for _flip in range(rng.choice((1, 1, 4, 30)) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def truncate(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """The beginning, or the end."""
    at = _place(rng, data)
    return data[:at] if rng.random() < 0.8 else data[at:]


def drop(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Without a piece."""
    start, end = _slice(rng, data)
    return data[:start] + data[end:]


def duplicate(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """A piece again and again."""
    start, end = _slice(rng, data)
    times = min(rng.choice((2, 10, 300)), 1 + LONGEST // (4 * max(1, end - start)))
    return data[:start] + data[start:end] * times + data[end:]


def splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of one document and the end of another."""
    other = rng.choice(others)
    return data[: _place(rng, data)] + other[_place(rng, other) :]


def insert(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Words that parsers have stumbled over, anywhere."""
    for _token in range(rng.choice((1, 1, 3, 10))):
        at = _place(rng, data)
        data = data[:at] + rng.choice(TOKENS) + data[at:]
    return data


def nest(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Deep in elements, closed or not."""
    tag, depth = rng.choice(TAGS), rng.choice((3, 60, 260, 3000))
    start, end = sorted((_place(rng, data), _place(rng, data)))
    close = b"</%b>" % tag * depth if rng.random() < 0.5 else b""
    return data[:start] + b"<%b>" % tag * depth + data[start:end] + close + data[end:]


def recode(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Another charset than is said, for all of it or from some place on."""
    at = rng.choice((0, 0, _place(rng, data)))
    return data[:at] + data[at:].decode("utf-8", "replace").encode(rng.choice(CHARSETS), "replace")


def number(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """An extreme in place of some run of digits."""
    at = _place(rng, data)
    start = next((place for place in range(at, min(len(data), at + 2000)) if data[place : place + 1].isdigit()), None)
    if start is None:
        return data
    end = start
    while data[end : end + 1].isdigit():
        end += 1
    return data[:start] + rng.choice(NUMBERS) + data[end:]


def swap(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Two pieces in each other's place."""
    first, second = sorted((_slice(rng, data), _slice(rng, data)))
    if first[1] > second[0]:
        return data
    left, right = data[slice(*first)], data[slice(*second)]
    return data[: first[0]] + right + data[first[1] : second[0]] + left + data[second[1] :]


def attributes(rng: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Very many attributes, or one that is very long, in some tag."""
    at = data.find(b">", _place(rng, data))
    many = b"".join(b" a%d=1" % one for one in range(rng.choice((20, 3000))))
    return data[:at] + rng.choice((many, b" a='%b'" % (b"x" * 70_000))) + data[at:] if at > 0 else data


STEPS: tuple[Step, ...] = (
    flip, truncate, drop, duplicate, splice, insert, insert, insert, nest, recode, number, number, swap, attributes,
)  # fmt: skip


def mutated_archive(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A zip file with one member damaged and everything else in order; now and then the file itself is."""
    if rng.random() < 0.2 or not zipfile.is_zipfile(io.BytesIO(data)):
        return mutated(rng, data, others)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        # The schema says what is built, so it is what an attacker writes.
        chosen = "schema.json" if rng.random() < 0.6 and "schema.json" in names else rng.choice(names)
        for name in names:
            body = old.read(name)
            new.writestr(name, mutated(rng, body, [body]) if name == chosen else body)
    return packed.getvalue()


def mutated_packed(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A gzip file whose content is damaged and packed again; now and then the packing is what is damaged."""
    if rng.random() < 0.3:
        return mutated(rng, data, others)
    try:
        content = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return mutated(rng, data, others)
    return gzip.compress(mutated(rng, content, [content]), 1, mtime=0)
