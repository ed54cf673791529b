"""Ten thousand mutated documents: none brings a reader down, keeps it busy, takes its memory or yields what can't be
stored. And what mutations have found before."""

import gzip
import json
import random
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.collect.cut import Hint, cut
from kzmonitor.collect.feeds import MOST_FEED_BYTES, parse_feed, parse_sitemap
from kzmonitor.collect.import_texts import read_csv
from kzmonitor.collect.listings import is_article
from kzmonitor.errors import InputError, KzmonitorError
from tests.hostile.fuzz import KINDS, MOST_BYTES, MOST_CPU_S
from tests.hostile.mutate import mutated, mutated_packed
from tests.hostile.readers import NOW, READERS, URL, declarations
from tests.hostile.seeds import FILES, pages_and_files, seeds

ROOT = Path(__file__).parents[2]
DOCUMENTS = 10_000
# A run of CI is the same each day; `make fuzz` takes other seeds.
SEED = 20261122


@pytest.mark.slow
def test_ten_thousand_mutated_documents_break_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.hostile.fuzz", "--seed", SEED, "--count", DOCUMENTS, "--processes", 2,
               "--folder", tmp_path, "--json"]  # fmt: skip
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert told["failures"] == []
    assert told["documents"] == DOCUMENTS
    assert set(told["outcomes"]) == set(KINDS)
    assert max(told["slowest"].values()) < MOST_CPU_S
    assert told["peak_bytes"] < MOST_BYTES
    # Mutations that nobody can read any more would show nothing.
    for kind in ("feed", "page", "listing", "sitemap", "jsonl", "warc"):
        assert told["outcomes"][kind]["ok"] > sum(told["outcomes"][kind].values()) / 3, kind


@pytest.mark.slow
def test_each_kind_has_documents_of_ours_and_of_packages() -> None:
    for kind, (ours, theirs) in seeds().items():
        assert len(ours) >= 1, kind
        assert len(theirs) >= 1, (kind, FILES[kind])


def test_the_same_seed_makes_the_same_document() -> None:
    page = pages_and_files()["page"][0][0]
    assert mutated(random.Random("1:2"), page, [page]) == mutated(random.Random("1:2"), page, [page])
    assert mutated(random.Random("1:2"), page, [page]) != mutated(random.Random("1:3"), page, [page])


@pytest.mark.parametrize("kind", ["feed", "page", "sitemap", "listing", "robots", "jsonl", "csv", "warc"])
def test_bytes_of_any_kind_end_in_a_result_or_a_named_error(kind: str) -> None:
    document = pages_and_files()[kind][0][0][:3000]

    @settings(max_examples=25, deadline=None, database=None)
    @given(st.integers(0, len(document)), st.binary(max_size=60), st.integers(0, 2**32))
    def anything(at: int, noise: bytes, dice: int) -> None:
        with suppress(KzmonitorError):
            READERS[kind](random.Random(dice), document[:at] + noise + document[at:])

    anything()


# What mutations found; each was a crash, hours, or a text that can't be stored.


@pytest.mark.parametrize("charset", ["idna", "punycode", "utf-7", "undefined", "unicode_escape", "hex"])
def test_a_listing_is_read_whatever_its_server_calls_its_charset(charset: str) -> None:
    dice = random.Random(1)
    dice.choice = lambda _types: f"text/html; charset={charset}"  # type: ignore[method-assign,assignment]
    READERS["listing"](dice, b"<a href='/news/12345'>+2AA- \xd1\x81</a>" * 9)


@pytest.mark.parametrize("place", ["root", "element", "text"])
def test_a_sitemap_that_is_repaired_into_no_letters_is_no_sitemap(place: str) -> None:
    broken = b"\xed\xa0\x80"
    names = {"root": (broken, b"loc", b""), "element": (b"", broken, b""), "text": (b"", b"loc", broken)}[place]
    body = b"<urlset%b><url><%b>http://a.kz/1%b</%b></url></urlset>" % (names[0], names[1], names[2], names[1])
    assert parse_sitemap(body).state in ("not-xml", "no-items", "ok")


def test_many_attributes_cost_no_more_than_their_number() -> None:
    tag = b"<a" + b"".join(b" a%d='1'" % number for number in range(30_000)) + b"/>"
    item = b"<item><title>a</title><link>http://a.kz/1</link></item>"
    begun = time.process_time()
    seen = parse_feed(b"<rss version='2.0'><channel>" + tag + item + b"</channel></rss>", "", "http://a.kz/")
    assert time.process_time() - begun < 5  # half a minute when it is the square
    assert seen.state == "broken-xml"


def test_a_feed_has_an_end() -> None:
    assert parse_feed(b"<rss>" + b" " * MOST_FEED_BYTES, "", "http://a.kz/").state == "too-large"


@pytest.mark.parametrize("last", ["a" * 90_000, "a-" * 40_000, "-".join(["a" * 30_000] * 3), "1" * 90_000 + "-"])
def test_an_address_is_judged_at_once_however_long_it_is(last: str) -> None:
    begun = time.process_time()
    assert is_article(f"https://dala.kz/{last}", declarations()[0]) is False
    assert time.process_time() - begun < 1


def test_the_title_of_a_layout_is_cut() -> None:
    page = (
        "<html><body><h1>" + "Суд " * 20_000 + "</h1><article>" + "<p>Заседание прошло.</p>" * 20 + "</article></body>"
    )
    assert len(cut(page, URL, NOW, declarations()[1], Hint(None, None)).title) <= 1000


def test_a_header_that_is_no_csv_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"url,text\rx,y\n1,2\n")
    with pytest.raises(InputError, match=r"a.csv:1: not CSV"):
        list(read_csv(path, {}))


def test_packed_documents_are_damaged_inside() -> None:
    content = b"<urlset>" * 50
    packed = [mutated_packed(random.Random(number), gzip.compress(content), [content]) for number in range(40)]
    readable = 0
    for one in packed:
        with suppress(OSError, EOFError, zlib.error):
            readable += gzip.decompress(one) != content
    assert readable > 10
