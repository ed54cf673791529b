"""What pages say about themselves is read from wherever they say it, however broken."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import document_fromstring

from kzmonitor.collect.metadata import Metadata, clean, read_metadata

URL = "https://dala.example/news/1.html"
ARTICLE = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": "Сот басталды",
    "datePublished": "2025-08-18T16:39:00+05:00",
    "author": {"@type": "Person", "name": "Айгүл Серік"},
}


def read(body: str, head: str = "") -> Metadata:
    return read_metadata(document_fromstring(f"<html><head>{head}</head><body>{body}<p>Text</p></body></html>"), URL)


def structured(*documents: object) -> str:
    scripts = [document if isinstance(document, str) else json.dumps(document) for document in documents]
    return "".join(f'<script type="application/ld+json">{script}</script>' for script in scripts)


@pytest.mark.parametrize(
    "script",
    [
        ARTICLE,
        [{"@type": "Organization", "name": "Дала"}, ARTICLE],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "headline": "No"}, ARTICLE]},
        {**ARTICLE, "@type": ["Thing", "ReportageNewsArticle"]},
        {"@type": "WebPage", "mainEntity": ARTICLE},
        json.dumps(ARTICLE).replace("}", ",}"),
        "<!--" + json.dumps(ARTICLE) + "-->",
        "//<![CDATA[\n" + json.dumps(ARTICLE) + "\n//]]>",
        json.dumps({**ARTICLE, "description": "two\nlines"}).replace("\\n", "\n"),
        json.dumps(ARTICLE, ensure_ascii=False),
    ],
    ids=["plain", "list", "graph", "types", "entity", "comma", "comment", "cdata", "newline", "letters"],
)
def test_json_ld_of_an_article_is_found_in_every_wrapping(script: object) -> None:
    found = read("", structured(script))
    assert (found.titles, found.author) == (("Сот басталды",), "Айгүл Серік")
    assert found.dates == ("2025-08-18T16:39:00+05:00",)


def test_broken_json_still_gives_title_and_time() -> None:
    broken = json.dumps(ARTICLE)[:-1] + ', "articleBody": "an "unescaped" quotation"}'
    found = read("", structured(broken))
    assert found.titles == ("Сот басталды",)
    assert found.dates == ("2025-08-18T16:39:00+05:00",)


def test_an_article_comes_before_a_web_page_and_a_list_of_others_is_left_alone() -> None:
    page = {"@type": "WebPage", "datePublished": "2020-01-01"}
    others = {"@type": "ItemList", "itemListElement": [{**ARTICLE, "headline": "Another"}]}
    assert read("", structured(others, page, ARTICLE)).titles == ("Сот басталды",)
    assert read("", structured(others, page)).dates == ("2020-01-01",)


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Айгүл", "Айгүл"),
        ([{"name": "Айгүл"}, {"name": "Ерлан"}, {"name": "Айгүл"}], "Айгүл, Ерлан"),
        ({"@type": "Person", "url": "https://x"}, None),
        ("https://facebook.com/dala", None),
        (None, None),
        ([[], 5, {"name": {}}], None),
    ],
)
def test_authors_are_names(author: object, name: str | None) -> None:
    assert read("", structured({**ARTICLE, "author": author})).author == name


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ('<meta property="article:published_time" content="2025-08-18T16:39:00+05:00">', ""),
        ('<meta property="og:article:published_time" content="2025-08-18T16:39:00+05:00">', ""),
        ('<meta itemprop="datePublished" content="2025-08-18T16:39:00+05:00">', ""),
        ("", '<span itemprop="datePublished" content="2025-08-18T16:39:00+05:00">18 August</span>'),
        ("", '<time datetime="2025-08-18T16:39:00+05:00">18 August</time>'),
        ("", '<div class="post_news__date">2025-08-18T16:39:00+05:00</div>'),
    ],
    ids=["meta", "og", "meta itemprop", "itemprop", "time", "dated text"],
)
def test_the_time_is_found_wherever_it_stands(head: str, body: str) -> None:
    assert read(body, head).dates[0] == "2025-08-18T16:39:00+05:00"


def test_times_stand_in_order_of_trust() -> None:
    found = read(
        '<aside><time datetime="1999-01-01">card</time></aside><div class="date">text</div>'
        '<article><h1>T</h1><time datetime="time">t</time><i itemprop="datePublished">item</i></article>',
        '<meta property="article:published_time" content="meta">' + structured({**ARTICLE, "datePublished": "json"}),
    )
    order = list(dict.fromkeys(found.dates))
    assert order == ["json", "meta", "item", "time", "1999-01-01", "text"]


def test_dates_in_footers_and_sidebars_are_not_dated_text() -> None:
    assert read('<footer><span class="date">2025</span></footer><aside><b class="date">1 мая</b></aside>').dates == ()


def test_the_canonical_address_is_made_absolute() -> None:
    assert read("", '<link rel="canonical" href="/a/1.html">').canonical_url == "https://dala.example/a/1.html"
    assert (
        read("", '<link rel="Canonical nofollow" href=" https://d.example/2 ">').canonical_url == "https://d.example/2"
    )
    assert read("", '<meta property="og:url" content="https://d.example/3">').canonical_url == "https://d.example/3"


@pytest.mark.parametrize("href", ["//[", "javascript:alert(1)", "mailto:a@b", "", "https://", "https://a b/", "data:x"])
def test_what_is_no_address_is_no_canonical_address(href: str) -> None:
    assert read("", f'<link rel="canonical" href="{href}">').canonical_url in (None, URL)


def test_titles_lose_entities_tags_and_invisible_characters() -> None:
    title = "«Сот» &amp; <b>іс</b>\u200b\u00ad\\u0000 \\ud800"
    found = read("<h1>\n Сот \n басталды </h1>", structured(f'{{"@type": "Article", "headline": "{title}"}}'))
    assert found.titles == ("«Сот» & іс",)
    assert found.heading == "Сот басталды"


def test_clean_composes_letters_and_spaces() -> None:
    assert clean(" и\u0306\u00a0 a\n\x00b\ud83d ") == "й a b"


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.one_of(st.none(), st.integers(), st.text(max_size=20)), lambda inner: st.one_of(
    st.lists(inner, max_size=3),
    st.dictionaries(st.sampled_from(["@type", "@graph", "author", "name", "headline", "datePublished"]), inner),
)))  # fmt: skip
def test_any_json_is_survived(document: object) -> None:
    script = json.dumps(document).replace("<", "\\u003c")
    found = read("", structured(script, json.dumps({"@type": "Article", "headline": document}).replace("<", "")))
    assert all(title == clean(title) for title in found.titles)


@pytest.mark.parametrize(
    "script", ["[" * 100_000, '{"a":' * 50_000, "9" * 10_000, '"headline":"a' * 10_000, "null", ""]
)
def test_hostile_json_is_survived(script: str) -> None:
    assert read("", structured(script)).titles == ()
