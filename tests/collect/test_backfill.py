"""Which addresses of an archive are read for a range of days."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kzmonitor.collect import backfill
from kzmonitor.collect.backfill import Work, day_of, middle_day
from kzmonitor.collect.feeds import Item
from kzmonitor.errors import InputError
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Backfill, new_id

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
FIRST, LAST = date(2021, 1, 30), date(2021, 2, 2)
DALA = Declaration(
    slug="dala", name="Дала", languages=("ru",), hosts=("dala.example",), feeds=("https://dala.example/rss",),
    listings=("https://dala.example/news/{yyyy}/{mm}/{dd}/?p={page}",), sitemaps=("https://dala.example/sitemap.xml",),
)  # fmt: skip


def work(url: str, first: date = FIRST, last: date = LAST) -> Work:
    return Work(new_id(), url, "sitemap" in url, first, last, 0, False)


@pytest.mark.parametrize(
    ("url", "days"),
    [
        ("https://a.kz/{yyyy}/{mm}/{dd}/", [2, 1, 31, 30]),
        ("https://a.kz/{yyyy}/{mm}/?p={page}", [2, 31]),
        ("https://a.kz/{yyyy}/", [2]),
        ("https://a.kz/news/{page}/", [2]),
        ("https://a.kz/news/", [2]),
    ],
)
def test_each_address_is_read_once_newest_first(url: str, days: list[int]) -> None:
    assert [day.day for day in work(url).days()] == days


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://a.kz/2021/01/30/x", True),
        ("https://a.kz/2021/02/02/x", True),
        ("https://a.kz/2021/01/29/x", False),
        ("https://a.kz/2021/02/03/x", False),
        ("https://a.kz/2021/13/45/x", True),
        ("https://a.kz/x-12345", True),
    ],
)
def test_an_address_of_another_day_is_left_out(url: str, wanted: bool) -> None:
    assert work("https://a.kz/sitemap.xml").wants(url) is wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://a.kz/sitemap-2021-01.xml", True),
        ("https://a.kz/sitemap-202102.xml.gz", True),
        ("https://a.kz/sitemap-2021.xml", True),
        ("https://a.kz/sitemap-2020-12.xml", False),
        ("https://a.kz/sitemap-2021-03.xml", False),
        ("https://a.kz/2020/posts.xml", False),
        ("https://a.kz/post-sitemap17.xml", True),
        ("https://a.kz/sitemap-20210.xml", True),
    ],
)
def test_a_sitemap_of_another_month_is_left_out(url: str, wanted: bool) -> None:
    assert work("https://a.kz/sitemap.xml").wants_sitemap(url) is wanted


def test_a_plan_is_made_once_and_its_place_is_kept(session: Session) -> None:
    assert backfill.plan(session, DALA, FIRST, LAST, NOW) == 2
    first, second = backfill.left(session, DALA)
    assert first.is_sitemap
    assert not second.is_sitemap
    items = [Item("https://dala.example/2021/02/01/a"), Item("https://dala.example/2021/03/01/b")]
    assert backfill.advance(session, DALA, second, items, NOW, place=1) == 1
    backfill.advance(session, DALA, first, [], NOW, done=True)
    assert backfill.plan(session, DALA, FIRST, LAST, NOW) == 1
    [left] = backfill.left(session, DALA)
    assert left.place == 1
    session.expire_all()
    assert session.get_one(Backfill, second.id).found == 1
    assert backfill.waiting(session, "dala") == 1
    assert backfill.plan(session, DALA, FIRST, LAST, NOW, again=True) == 2
    assert [one.place for one in backfill.left(session, DALA)] == [0, 0]


@pytest.mark.parametrize(
    ("first", "last"),
    [(LAST, FIRST), (date(1990, 1, 1), LAST), (FIRST, date(2026, 3, 17))],
    ids=["turned-round", "before-the-web", "to-come"],
)
def test_senseless_days_are_one_line(session: Session, first: date, last: date) -> None:
    with pytest.raises(InputError, match="days from 1995 to today are wanted"):
        backfill.plan(session, DALA, first, last, NOW)


def test_a_source_without_an_archive_is_one_line(session: Session) -> None:
    with pytest.raises(InputError, match="neither sitemaps nor listings"):
        backfill.plan(session, DALA.model_copy(update={"listings": (), "sitemaps": ()}), FIRST, LAST, NOW)


@given(st.lists(st.text(max_size=60)))
def test_no_address_breaks_the_reading_of_days(urls: list[str]) -> None:
    found = [day for url in urls if (day := day_of(url))]
    middle = middle_day([Item(url) for url in urls])
    assert middle in found if found else middle is None
