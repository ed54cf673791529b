"""The list: saved views with their counts, pages beyond the end, orders, and numbers of a large queue."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kzmonitor.review.asked import Asked
from kzmonitor.review.counting import LARGE, Counts
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert

NOW = datetime(2025, 11, 4, 3, 10, tzinfo=UTC)
LABELS = ("detention", "raid")
Browser = Any


def test_a_page_beyond_the_end_is_the_last_one(
    browser: Browser, database: Database, report: Callable[..., Alert]
) -> None:
    with database.session() as session:
        for number in range(51):
            report(session, f"alert {number}", "x", at=NOW)
    page = browser.open("/?page=7&label=detention")
    assert page.path == "/?label=detention&page=2"
    assert len(page.text(".row-title")) == 1
    assert browser.open("/?page=7&status=rejected").path == "/?status=rejected"


def test_every_filter_of_the_address_stands_in_the_form(browser: Browser, morning: dict[str, Alert]) -> None:
    query = "status=all&label=raid&language=kk&region=KZ-75&source=orda&assigned=nobody&who=Сейтова&order=old"
    form = browser.open(f"/?{query}").dom.cssselect("form.filters")[0]
    assert dict(form.form_values()) == dict(part.split("=") for part in query.split("&"))


def test_the_reviewer_goes_on_in_the_order_that_was_chosen(browser: Browser, morning: dict[str, Alert]) -> None:
    listed = browser.open("/?order=new")
    titles = listed.text(".row-title")
    page = browser.open(listed.dom.cssselect(".row-title")[0].get("href")).decide("unsure")
    assert page.text("h1") == [titles[1]]
    assert "order=new" in page.path


@pytest.mark.parametrize(
    "said",
    [
        {}, {"status": "all"}, {"status": "escalated", "order": "sure"}, {"who": "Сейтова & Ко", "assigned": "me"},
        {"label": "raid", "language": "kk", "region": "KZ-75", "source": "orda", "order": "doubtful"},
    ],
)  # fmt: skip
def test_an_address_asks_again_for_what_was_asked(said: dict[str, str]) -> None:
    asked = Asked.of(said, LABELS)
    assert asked.query() == said
    assert Asked.again(asked.address().partition("?")[2], LABELS) == asked


def test_nonsense_in_an_address_asks_for_the_plain_list() -> None:
    nonsense = dict.fromkeys(("status", "label", "region", "order", "assigned", "page", "done"), "%00'; drop")
    assert Asked.of(nonsense, LABELS) == Asked()


def test_a_small_queue_is_counted_each_time_and_a_large_one_for_some_seconds() -> None:
    now, numbers = [0.0], iter((1, 2, LARGE, LARGE + 1, LARGE + 2, 3))
    counts = Counts(read=lambda: now[0])

    def taken() -> int:
        return counts.of("open", lambda: {"open": next(numbers)})["open"]

    assert [taken(), taken(), taken(), taken()] == [1, 2, LARGE, LARGE]
    now[0] = 5.0
    assert [taken(), taken()] == [LARGE + 1, LARGE + 1]
    counts.forget()
    assert taken() == LARGE + 2


def test_who_has_no_account_is_not_offered_to_save_a_view(browser: Browser, morning: dict[str, Alert]) -> None:
    page = browser.open("/?label=raid")
    token = re.search(r'form_token" value="([\w-]+)"', page.html)
    assert token
    if not page.dom.cssselect("form.keep"):
        answer = browser.post("/views", {"form_token": token[1], "name": "Raids", "query": "label=raid"})
        assert answer.status_code == 400
        return
    form = page.dom.cssselect("form.keep")[0]
    kept = browser.post("/views", dict(form.form_values()) | {"name": "<b>Raids</b>"})
    assert kept.status_code == 200
    shown = browser.open("/?label=raid")
    assert shown.text(".views a") == ["<b>Raids</b> 1"]
    [remove] = shown.dom.cssselect(".view form")
    browser.post(remove.get("action"), dict(remove.form_values()))
    assert browser.open("/").text(".views a") == []
