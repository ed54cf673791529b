"""Heavy pages weigh what large sites weigh, speak the article's language around it, and stay the same."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from lxml import html

from kzmonitor.newsroom import Outlet, Record
from kzmonitor.newsroom.clutter import (
    CARDS,
    HEAVY_BYTES,
    ago_text,
    around_article,
    beginning,
    furniture,
    script_lines,
    style_sheet,
)
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.outlets import Article
from kzmonitor.newsroom.pages import article_page, listing_page

Factory = Callable[..., Outlet]

LEAST_BYTES, MOST_BYTES = 30 * 1024, 80_000  # 30 to 80 KB, whichever way a KB is counted
SENTENCE = {
    "ru": "Жители пришли на слушания и задали вопросы о парке. ",
    "kk": "Тұрғындар тыңдауға келіп, саябақ туралы сұрақ қойды. ",
    "en": "Residents came to the hearing and asked about the park. ",
}


def an_outlet_of_lengths(layout: str, lang: str, *, heavy: bool | None = None) -> Outlet:
    """Reports of one to sixty sentences, which in Cyrillic is up to 6 KB, with long titles."""
    records = [
        Record(f"{count}", lang, f"{SENTENCE[lang]} {count}", "\n".join([SENTENCE[lang] * 3] * (count // 3) or ["x."]))
        for count in range(1, 62, 6)
    ]
    return Outlet("dala", layout, records, now=datetime(2026, 3, 15, tzinfo=UTC), heavy=heavy)


def weight(outlet: Outlet, article: Article) -> int:
    return len(article_page(outlet, article).encode())


@pytest.mark.parametrize("lang", SENTENCE)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_heavy_pages_weigh_30_to_80_kb_and_differ(layout: str, lang: str) -> None:
    outlet = an_outlet_of_lengths(layout, lang, heavy=True)
    weights = [weight(outlet, article) for article in outlet.articles()]
    assert all(LEAST_BYTES <= found <= MOST_BYTES for found in weights), weights
    assert max(weights) - min(weights) > 15_000


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_outlet_is_heavy_as_its_layout_or_as_it_is_told(layout: str) -> None:
    heavy = {"portal", "builder", "spa"}
    by_layout = an_outlet_of_lengths(layout, "ru")
    light = an_outlet_of_lengths(layout, "ru", heavy=False)
    told = an_outlet_of_lengths(layout, "ru", heavy=True)
    assert by_layout.heavy == (layout in heavy)
    for outlet in (by_layout, light, told):
        first = outlet.articles()[-1]
        assert (weight(outlet, first) >= LEAST_BYTES) == outlet.heavy
    assert len(listing_page(told).encode()) == len(listing_page(light).encode())


def test_a_text_heavier_than_its_page_shall_be_is_served_whole() -> None:
    text = "\n".join([SENTENCE["ru"] * 8] * 150)
    outlet = Outlet("dala", "plain", [Record("a", "ru", "T", text)], now=datetime(2026, 3, 15, tzinfo=UTC), heavy=True)
    page = article_page(outlet, outlet.articles()[0])
    assert len(page.encode()) > MOST_BYTES
    assert page.count(SENTENCE["ru"].strip()) == 8 * 150


@pytest.mark.parametrize("layout", LAYOUTS)
def test_most_of_a_heavy_page_is_markup_and_no_mark_is_left(layout: str) -> None:
    outlet = an_outlet_of_lengths(layout, "kk", heavy=True)
    for article in outlet.articles():
        page = article_page(outlet, article)
        assert "\x01" not in page
        assert len(html.document_fromstring(page).xpath("//*")) > 150


@pytest.mark.parametrize("layout", ["portal", "builder", "spa"])
def test_the_words_around_are_of_the_language_of_the_article(layout: str) -> None:
    for lang in SENTENCE:
        outlet = an_outlet_of_lengths(layout, lang)
        page = article_page(outlet, outlet.articles()[0])
        assert all(region in page for region in furniture()[lang].regions)
        others = set(furniture().keys()) - {lang}
        assert not any(furniture()[other].legal[0] in page for other in others)


def test_cards_lead_to_articles_in_the_same_language_and_to_partners_elsewhere(an_outlet: Factory) -> None:
    outlet = an_outlet("spa", count=30)
    known = {article.address: article.lang for article in outlet.articles()}
    for article in outlet.articles():
        cards = around_article(outlet, article).cards
        own = [card for card in cards if card.address in known]
        assert len(cards) >= CARDS[0]
        assert own
        assert {known[card.address] for card in own} == {article.lang}
        assert article.address not in {card.address for card in own}
        rest = [card.address for card in cards if card.address not in known]
        assert all(address.startswith("https://partners.example/") for address in rest)


def test_every_language_has_as_many_words_as_the_others() -> None:
    sizes = {
        lang: {name: len(value) for name, value in vars(words).items()} | {"names": sorted(words.labels)}
        for lang, words in furniture().items()
    }
    assert len(sizes) == 4
    assert all(size == sizes["ru"] for size in sizes.values())


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "1 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(minutes=60), "1 h ago"),
        (timedelta(hours=49), "2 d ago"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(age: timedelta, text: str) -> None:
    assert ago_text(furniture()["en"], age) == text


def test_there_are_enough_styles_and_scripts_for_the_heaviest_page() -> None:
    for lines in (style_sheet(), script_lines()):
        assert len(lines) == len(set(lines))
        assert sum(map(len, lines)) > HEAVY_BYTES[1] / 2
        assert not any(re.search("[<>&]/?[a-z]*script", line) for line in lines)
        short = beginning(lines, 1000)
        assert 700 < len(short) <= 1000
        assert short.split("\n") == list(lines[: short.count("\n") + 1])
    assert beginning(style_sheet(), 0) == ""
