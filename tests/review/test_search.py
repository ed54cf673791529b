"""The page of search, as a browser meets it."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kzmonitor.incidents import indexing, search
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert

from .conftest import NOW, Browser


@pytest.fixture
def searchable(database: Database, report: Callable[..., Alert]) -> None:
    """Two articles that can be searched, one with hostile words."""
    with database.session() as session:
        report(session, "В Жанаозене задержали активиста", "Полиция увезла активиста из дома.", at=NOW)
        report(
            session, "<script>alert(1)</script> активист", 'Суд <img src=x onerror="alert(2)"> \u202eактивист', at=NOW
        )
        indexing.index_waiting(session)


def test_a_hit_is_shown_with_its_passage_its_marks_and_its_alert(searchable: None, browser: Browser) -> None:
    page = browser.open("/search?q=zhanaozen")
    assert page.text(".row-title") == ["В Жанаозене задержали активиста"]
    assert page.text(".row-title mark") == ["Жанаозене"]
    assert page.text(".passage") == ["Полиция увезла активиста из дома"]
    assert page.dom.cssselect(".row-end a[href^='/alerts/']")


def test_foreign_text_stays_text(searchable: None, browser: Browser) -> None:
    page = browser.open("/search?q=активист")
    assert "<script>alert" not in page.html
    assert "<img src=x" not in page.html
    assert "\u202e" not in page.html
    assert "<script>alert(1)</script>" in page.text(".row-title")[1] + page.text(".row-title")[0]


def test_the_words_stay_in_the_field(searchable: None, browser: Browser) -> None:
    page = browser.open('/search?q="><b>суд&language=ru')
    assert page.dom.cssselect("#q")[0].get("value") == '"><b>суд'
    assert page.dom.cssselect("select[name=language] option[selected]")[0].get("value") == "ru"


def test_nothing_found_says_what_to_try(searchable: None, browser: Browser) -> None:
    assert browser.open("/search?q=балет").text(".empty-head") == ["No article fits."]
    assert browser.open("/search?q=-суд").text(".empty-head") == ["Say what to look for."]


def test_paging_goes_on_where_the_page_ended(
    searchable: None, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kzmonitor.review.search.PAGE", 1)
    first = browser.open("/search?q=активист")
    [following] = first.dom.cssselect("nav.paging a[rel=next]")
    second = browser.open(following.get("href"))
    assert sorted(first.text(".row-title") + second.text(".row-title")) == [
        "<script>alert(1)</script> активист", "В Жанаозене задержали активиста",
    ]  # fmt: skip
    assert not second.dom.cssselect("nav.paging a[rel=next]")


def test_a_search_that_is_too_broad_is_said_and_no_error(
    searchable: None, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broad(*_args: object, **_more: object) -> None:
        raise search.TooBroad("this search would take too long")

    monkeypatch.setattr(search, "articles", broad)
    page = browser.open("/search?q=суд")
    assert page.response.status_code == 200
    assert page.text(".notice[role=alert]") == ["This search would take too long."]


def test_readers_may_search_and_strangers_may_not(stranger: Browser) -> None:
    assert not stranger.open("/search?q=суд").dom.cssselect("#q")
    assert stranger.log_in("reader").open("/search?q=суд").response.status_code == 200


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(
        alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\"-*&|!:\\' абв")), max_size=30
    ),
    st.sampled_from(["", "x", "2025-11-04T03:10:00+00:00~01890000-0000-7000-8000-000000000000~0.5", "~~", "a~b~nan"]),
    st.sampled_from(["best", "newest", "?"]),
)
def test_no_address_is_an_error(browser: Browser, words: str, after: str, order: str) -> None:
    answer = browser.get(
        "/search", params={"q": words, "after": after, "order": order, "since": words, "flagged": words}
    )
    assert answer.status_code == 200
