"""Addresses look as the outlets' own, and each of them leads back to its article."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.errors import InputError
from kzmonitor.newsroom import Outlet, layout_declaration
from kzmonitor.newsroom.layouts import LAYOUTS, SLUG_LENGTH, address_parts, layout_named, slug_of

Factory = Callable[..., Outlet]

MOMENT = datetime(2026, 3, 15, tzinfo=UTC)
FORMS = {
    "vlast": r"/(novosti|vlast-qazaqsha|english)/66\d{3}-title-\d-[a-z]+\.html",
    "pangea": r"/a/title-\d-[a-z]+/334909\d\d\.html",
    "wordpress": r"/2026/03/title-\d-[a-z]+/",
    "agency": r"/(ru|kk|en)/title-\d-[a-z]+-[0-9a-f]{6}",
    "plain": r"/news/title-\d-[a-z]+-100\d/",
    "portal": r"/(kazakhstan_news|society|economics|regions)/title-\d-[a-z]+-5412\d\d/",
    "builder": r"/tpost/[0-9a-f]{10}-title-\d-[a-z]+",
    "spa": r"/(ru|kk|en)/post/284\d\d/title-\d-[a-z]+",
}
WITH_IDS = [name for name, layout in LAYOUTS.items() if layout.url_id]


def test_there_are_eight_families_and_each_has_a_form_here() -> None:
    assert FORMS.keys() == LAYOUTS.keys()
    assert len(LAYOUTS) == 8


@pytest.mark.parametrize("name", LAYOUTS)
def test_addresses_have_the_form_of_the_family_and_lead_back(an_outlet: Factory, name: str) -> None:
    outlet = an_outlet(name)
    for article in outlet.articles():
        assert re.fullmatch(FORMS[name], article.address)
        for path in (article.address, article.canonical):
            assert outlet.find(path) == (article, 200, False)


@pytest.mark.parametrize("name", WITH_IDS)
def test_all_variants_of_an_address_share_the_id_that_the_declaration_finds(an_outlet: Factory, name: str) -> None:
    outlet = an_outlet(name)
    article = outlet.articles()[0]
    pattern = f"^{re.escape(outlet.base_url)}{outlet.layout.url_id}"
    for address in [outlet.address(article.record.id), *outlet.variants(article.record.id)]:
        found = re.match(pattern, address)
        assert found
        assert found["id"] == article.key
        canonical = outlet.layout.canonical_url.format(**found.groupdict())
        assert canonical == article.canonical


def test_an_unknown_layout_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="vlast, pangea, wordpress, agency, plain, portal, builder, spa"):
        layout_named("bitrix")


def test_the_declared_selectors_are_a_copy() -> None:
    layout_declaration("vlast")["title"] = "changed"
    assert layout_declaration("vlast")["title"] == "h1"


def test_titles_become_latin_slugs() -> None:
    assert slug_of("Қазақстандағы ҮЕҰ: тексеру!") == "kazakstandagy-ueu-tekseru"
    assert slug_of("Щукин, объезд № 5") == "schukin-obezd-5"
    assert slug_of("新闻") == "material"


@given(st.text(), st.text(), st.sampled_from(sorted(LAYOUTS)), st.integers(0, 9000))
def test_any_title_and_language_give_an_address_that_is_found(title: str, lang: str, name: str, past: int) -> None:
    layout = LAYOUTS[name]
    parts = address_parts(layout.first_number + past * layout.step, slug_of(title), lang, MOMENT)
    assert len(parts["slug"]) <= SLUG_LENGTH
    for form in (layout.address, layout.canonical):
        found = re.fullmatch(layout.finds, form.format(**parts))
        assert found
        assert found["key"] == layout.key.format(**parts)
