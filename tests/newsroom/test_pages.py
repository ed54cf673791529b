"""Pages carry the whole text through escaping and parsing, wear the clutter of an outlet, and tell no labels."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from kzmonitor.errors import InputError
from kzmonitor.newsroom import Outlet, Record, layout_declaration
from kzmonitor.newsroom.clutter import published_ago
from kzmonitor.newsroom.feeds import atom, rss, sitemap
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.outlets import Article
from kzmonitor.newsroom.pages import article_page, listing_page, neighbours, page_count
from kzmonitor.newsroom.records import printable
from kzmonitor.newsroom.words import date_text, words_for

Factory = Callable[..., Outlet]

LISTED = "(//main | //*[contains(@class, 'js-feed-container')])//a/@href[not(ancestor::div[contains(@class, 'pager')])]"
AROUND_BODY = ".//script | .//style | .//figure | .//*[contains(@class, 'media-block-wrap')]"


def squeezed(text: str) -> str:
    return " ".join(text.split())


def parsed(page: str) -> html.HtmlElement:
    return html.document_fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))


def body_of(page: str, layout: str) -> str:
    """The text at the declared place of a page, without captions and links to other articles."""
    root = parsed(page)
    for extra in root.xpath(AROUND_BODY):
        extra.drop_tree()
    found = root.cssselect(layout_declaration(layout)["body"])
    return squeezed(" ".join(" ".join(part.itertext()) for part in found))


def structured(page: str) -> dict[str, object]:
    """The JSON-LD of a page."""
    [script] = parsed(page).xpath("//script[@type='application/ld+json']/text()")
    found: dict[str, object] = json.loads(script)
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_declared_selectors_find_title_time_and_exactly_the_text(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    for article in outlet.articles():
        page = article_page(outlet, article)
        css = layout_declaration(layout)
        assert squeezed(parsed(page).cssselect(css["title"])[0].text_content()) == article.title
        assert body_of(page, layout) == squeezed(article.record.text)
        time = parsed(page).cssselect(css["time"])[0].text_content()
        assert time == date_as_printed(outlet, article)


def date_as_printed(outlet: Outlet, article: Article) -> str:
    """What stands at the place of the time: words, or digits from a page builder, or an age from an application."""
    if outlet.layout.name == "builder":
        return article.published.astimezone(ZoneInfo("Asia/Almaty")).strftime("%d.%m.%Y")
    if outlet.layout.name == "spa":
        return published_ago(outlet, article.tongue, article.published)
    return date_text(article.tongue, article.published)


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_address_serves_the_text_that_the_outlet_names_as_the_truth(
    an_outlet: Factory, layout: str, heavy: bool
) -> None:
    outlet = an_outlet(layout)
    outlet.heavy = heavy
    for address, record_id in outlet.addresses().items():
        page = article_page(outlet, outlet.find(address.removeprefix(outlet.base_url))[0] or pytest.fail(address))
        for known in [address, *outlet.variants(record_id)]:
            assert body_of(page, layout) == squeezed(outlet.text_at(known))
            assert outlet.text_at(known).endswith(f"Last line {record_id[-1]}.")
    with pytest.raises(InputError, match="no article"):
        outlet.text_at("/nothing")


@pytest.mark.parametrize("layout", ["vlast", "pangea", "portal"])
def test_the_amp_page_has_the_whole_text_and_names_the_canonical_address(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    article = outlet.articles()[0]
    page = article_page(outlet, article, amp=True)
    assert body_of(page, layout) == squeezed(article.record.text)
    assert parsed(page).xpath("//link[@rel='canonical']/@href") == [outlet.base_url + article.canonical]


def test_half_of_the_pangea_pages_have_no_paragraph_elements(an_outlet: Factory) -> None:
    outlet = an_outlet("pangea", count=10)
    with_p = [bool(parsed(article_page(outlet, one)).cssselect("div.wsw > p")) for one in outlet.articles()]
    assert sum(with_p) == 5


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_page_is_cluttered_in_the_language_of_the_article(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    for article in outlet.articles():
        page, words = article_page(outlet, article), words_for(article.lang)
        text = squeezed(parsed(page).text_content())
        for phrase in (words.read_also, words.popular, words.share, words.caption, words.cookies, words.footer):
            assert phrase in text
        others = neighbours(outlet, article)
        assert len(others) == 3
        assert all(other.title in text for other in others)
        assert article not in others


@pytest.mark.parametrize("layout", sorted(LAYOUTS.keys() - {"agency", "builder"}))
def test_a_page_says_its_date_to_machines(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    article = outlet.articles()[0]
    facts = structured(article_page(outlet, article))
    assert facts["@type"] == "NewsArticle"
    assert datetime.fromisoformat(str(facts["datePublished"])) == article.published
    assert facts["headline"] == article.title


@pytest.mark.parametrize(("layout", "date"), [("agency", "14 наурыз 2026, "), ("builder", ">14.03.2026<")])
def test_some_pages_say_their_date_to_people_only(an_outlet: Factory, layout: str, date: str) -> None:
    outlet = an_outlet(layout)
    [article] = [one for one in outlet.articles() if one.record.id == "secret-id-1"]
    page = article_page(outlet, article)
    assert date in page
    for machine in ("datePublished", "published_time", "<time", "ld+json"):
        assert machine not in page


@pytest.mark.parametrize("layout", ["portal", "builder", "spa"])
def test_no_family_that_came_late_has_an_article_element(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout)
    assert not parsed(article_page(outlet, outlet.articles()[0])).cssselect("article")


def test_a_page_builder_breaks_lines_where_others_have_paragraphs(an_outlet: Factory) -> None:
    outlet = an_outlet("builder")
    for article in outlet.articles():
        blocks = parsed(article_page(outlet, article)).cssselect(layout_declaration("builder")["body"])
        pieces = [text for block in blocks for text in re.split("(?:<br>)+", html.tostring(block, encoding="unicode"))]
        assert len(pieces) == len(article.lines)
        assert len(blocks) < len(pieces)
        assert not any(block.cssselect("p, div div") for block in blocks)


def test_an_application_tells_its_state_and_no_text_to_json_ld(an_outlet: Factory) -> None:
    outlet = an_outlet("spa")
    article = outlet.articles()[0]
    page = article_page(outlet, article)
    [state] = parsed(page).xpath("//script[@id='__NEXT_DATA__']/text()")
    assert [one["value"] for one in json.loads(state)["props"]["pageProps"]["post"]["content"]] == article.lines
    assert "articleBody" not in structured(page)


def test_a_page_in_kazakh_latin_has_latin_letters_around_it(now: datetime) -> None:
    record = Record("a", "kk", "Jaŋalyq", "Almatyda jaŋa kitaphana aşyldy.")
    for layout in LAYOUTS:
        outlet = Outlet("dala", layout, [record, Record("b", "kk", "Екінші", "Мәтін.")], now=now)
        [article] = [one for one in outlet.articles() if one.record.id == "a"]
        assert article.tongue == "kk-Latn"
        text = parsed(article_page(outlet, article)).text_content()
        assert "Tağy oqyŋyz" in text
        assert "Тағы оқыңыз" not in text


def everything(outlet: Outlet) -> str:
    pages = [article_page(outlet, one) for one in outlet.articles()]
    amp = [article_page(outlet, one, amp=True) for one in outlet.articles()]
    return "".join([*pages, *amp, listing_page(outlet), rss(outlet), atom(outlet), sitemap(outlet)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_neither_labels_nor_ids_of_the_data_leak(an_outlet: Factory, layout: str) -> None:
    assert "secret" not in everything(an_outlet(layout))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_articles_give_the_same_bytes(an_outlet: Factory, layout: str) -> None:
    assert everything(an_outlet(layout)) == everything(an_outlet(layout))


def test_an_outlet_with_one_article_advertises_none(an_outlet: Factory) -> None:
    outlet = an_outlet(count=1)
    assert neighbours(outlet, outlet.articles()[0]) == []
    assert body_of(article_page(outlet, outlet.articles()[0]), "plain") == squeezed(outlet.articles()[0].record.text)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_pages_of_a_listing_show_each_article_once_and_name_the_next(an_outlet: Factory, layout: str) -> None:
    outlet = an_outlet(layout, count=50)
    outlet.page_size = 7
    section = outlet.articles()[0].address.split("/")[1] if "{section}" in outlet.layout.pages else None
    expected = [article.address for article in outlet.articles(section)]
    seen: list[str] = []
    last = page_count(outlet, section)
    for page in range(1, last + 1):
        root = parsed(listing_page(outlet, page, section))
        links = root.xpath(LISTED)
        seen += dict.fromkeys(str(link) for link in links)
        assert bool(root.xpath("//a[@rel='next']")) == (page < last)
    assert seen == expected


def test_listings_have_the_markup_of_their_outlets(an_outlet: Factory, now: datetime) -> None:
    pangea = parsed(listing_page(an_outlet("pangea")))
    assert len(pangea.cssselect("li.archive-list__item .media-block__content a .media-block__title")) == 6
    assert pangea.cssselect("div.news > div.news__item")[0].get("data-article-id") == "33490951"
    vlast = an_outlet("vlast", count=99)
    page = parsed(listing_page(vlast, 1, "novosti"))
    assert page.xpath("//link[@rel='last']/@href") == ["/novosti/2/?archive=1"]
    assert page.cssselect(".news-inline-item.media > .news-inline-item-body a b")
    assert date_text("ru", now, with_year=False) == "15 марта"


WILD = st.text(min_size=1).filter(lambda text: bool(printable(text).strip()))


@given(title=st.text(), text=WILD, layout=st.sampled_from(sorted(LAYOUTS)), number=st.integers(0, 1))
@settings(max_examples=150, deadline=None)
def test_any_text_survives_rendering_and_parsing(title: str, text: str, layout: str, number: int) -> None:
    record = Record("a", "ru", printable(title), printable(text))
    before = [Record("b", "ru", "B", "b")] * number
    outlet = Outlet("dala", layout, [*before, record], now=datetime(2026, 3, 15, tzinfo=UTC), heavy=False)
    [article] = [one for one in outlet.articles() if one.record.id == "a"]
    assert body_of(article_page(outlet, article), layout) == squeezed(printable(text))
    check_feeds(outlet, article)


def check_feeds(outlet: Outlet, article: Article) -> None:
    """RSS and Atom are well formed and give the title back; a full-text item gives the text back."""
    items = {item.findtext("guid"): item for item in etree.fromstring(rss(outlet).encode()).iter("item")}
    item = items[outlet.base_url + article.canonical]
    assert squeezed(item.findtext("title") or "") == squeezed(article.title)
    full = item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded")
    if full is not None:
        assert squeezed(html.fromstring(f"<div>{full}</div>").text_content()) == squeezed("".join(article.lines))
    assert len(etree.fromstring(atom(outlet).encode())) == 5 + len(outlet.articles())
