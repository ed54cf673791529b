"""Backfill on the newsroom's own archives: the days asked for, once, after today's news, and on after a kill."""

from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta

import pytest

from kzmonitor.collect import backfill, crawl
from kzmonitor.collect.crawl import Crawled
from kzmonitor.newsroom import Fault, Outlet, Record

START = datetime(2021, 1, 1, 6, tzinfo=UTC)
DAYS = 40
FIRST, LAST = date(2021, 1, 10), date(2021, 1, 19)
MENUS = {27, 30, 33, 36, 39}  # the reports that the newsroom's menus show


def outlet(layout: str = "plain", **more: object) -> Outlet:
    """One report a day from the first of January on; the feed shows the newest three."""
    records = [
        Record(str(day), "en", f"Report of day {day} from the district court",
               f"The hearing of day {day} took place behind closed doors, the defence said, and was adjourned.",
               published=START + timedelta(days=day))
        for day in range(DAYS)
    ]  # fmt: skip
    return Outlet("dala", layout, records, feed_items=3, page_size=4, now=START + timedelta(days=DAYS), **more)


class Archive:
    """A desk that reads back."""

    def __init__(self, desk) -> None:
        self.desk = desk

    def plan(self, first: date = FIRST, last: date = LAST, **more: bool) -> int:
        with self.desk.database.session() as session:
            return backfill.plan(session, self.desk.declaration("dala"), first, last, datetime.now(UTC), **more)

    def read(self) -> Crawled:
        [ended] = crawl.run(["dala"], self.desk.folder, work="backfill")
        return ended

    def days(self) -> list[int]:
        """The days (from 0) of the reports that a backfill fetched."""
        rows = self.desk.rows("select url from entry where route = 'archive' and state = 'fetched'")
        addresses = self.desk.newsroom.outlets["dala"].addresses()
        return sorted(int(addresses[url]) for (url,) in rows)

    def left(self) -> int:
        with self.desk.database.session() as session:
            return len(backfill.left(session, self.desk.declaration("dala")))


@pytest.fixture
def archive_of(desk_of):
    with ExitStack() as stack:
        yield lambda one, **wishes: Archive(stack.enter_context(desk_of(one, **wishes)))


def test_an_archive_of_pages_is_read_to_the_first_day_and_no_further(archive_of) -> None:
    one = outlet()
    archive = archive_of(one, listings=True)
    assert archive.plan() == 1
    ended = archive.read()
    assert ended.well
    found = archive.days()
    # All of the range, and beside it no more than the rest of the pages at its ends and what stands in menus.
    assert set(range(9, 19)) <= set(found)
    assert set(found) - set(range(9 - 6, 19 + 6)) <= MENUS
    assert ended.counts["new"] == ended.counts["fetched"] == len(found)
    assert archive.left() == 0
    listings = [path for path in archive.desk.asked("dala") if path.startswith("/news/page/")]
    assert len(listings) == len(set(listings)) <= 10

    archive.desk.newsroom.requests.clear()
    assert archive.plan() == 0
    assert archive.read().counts == {}
    assert archive.desk.asked("dala") == []


def test_an_archive_by_days_is_read_for_exactly_these_days(archive_of) -> None:
    one = outlet("pangea")
    archive = archive_of(one)
    archive.desk.change("dala", listings=[f"{one.base_url}/z/330/{{yyyy}}/{{mm}}/{{dd}}"], feeds=None)
    archive.plan()
    archive.read()
    assert set(range(9, 19)) <= set(archive.days()) <= set(range(9, 19)) | MENUS


@pytest.mark.parametrize("layout", ["plain", pytest.param("pangea", marks=pytest.mark.slow)])
def test_a_sitemap_is_read_with_its_packed_children(archive_of, layout: str) -> None:
    archive = archive_of(outlet(layout), sitemaps=True)
    archive.plan(LAST, date(2021, 2, 9))
    archive.read()
    # Its addresses name no day: what was last changed before the range is left out, the rest is fetched.
    assert archive.days() == list(range(18, 40))


@pytest.mark.slow
def test_a_killed_backfill_goes_on_where_it_was(archive_of, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(outlet(), listings=True)
    archive.plan()
    monkeypatch.setenv("KILL_AFTER_ANSWERS", "14")
    assert not archive.read().well
    before = archive.desk.rows("select place, state from backfill")
    assert before[0].place > 0
    assert before[0].state == "open"
    monkeypatch.delenv("KILL_AFTER_ANSWERS")
    archive.desk.newsroom.requests.clear()
    assert archive.read().well
    assert set(range(9, 19)) <= set(archive.days())
    pages = [int(path.split("/")[3]) for path in archive.desk.asked("dala") if path.startswith("/news/page/")]
    assert min(pages) == before[0].place + 1 > 2
    assert archive.left() == 0


@pytest.mark.slow
def test_an_archive_that_does_not_answer_is_read_on_another_time(archive_of) -> None:
    one = outlet()
    archive = archive_of(one, listings=True)
    archive.plan()
    one.fault("/news/page/6/", Fault(status=403))
    ended = archive.read()
    assert ended.well
    assert ended.counts["archive:403-wall"] == 1
    assert archive.left() == 1
    one.heal()
    archive.read()
    assert archive.left() == 0
    assert set(range(9, 19)) <= set(archive.days())


@pytest.mark.slow
def test_today_s_crawl_leaves_the_archive_alone_and_the_other_way_round(archive_of) -> None:
    archive = archive_of(outlet(), listings=True)
    archive.desk.change("dala", listings=None)
    archive.desk.collect()
    assert archive.desk.rows("select count(*) from entry where route = 'direct' and state = 'fetched'") == [(3,)]
    archive.desk.change("dala", listings=[f"{archive.desk.newsroom.outlets['dala'].base_url}/news/page/{{page}}/"])
    archive.plan()
    archive.read()
    with archive.desk.database.session() as session:
        from sqlalchemy import text

        session.execute(text("update entry set state = 'found' where route = 'archive'"))
    archive.desk.newsroom.requests.clear()
    archive.desk.change("dala", listings=None)
    assert archive.desk.collect()["dala"].counts.get("fetched", 0) == 0
    assert archive.desk.pages("dala") == []


@pytest.mark.slow
@pytest.mark.parametrize("tell", [False, True])
def test_old_reports_are_no_news_unless_asked(archive_of, tell: bool) -> None:
    from kzmonitor.collect import articles

    archive = archive_of(outlet(), listings=True)
    archive.plan(tell=tell)
    archive.read()
    with archive.desk.database.session() as session:
        articles.cut_waiting(session, {"dala": archive.desk.declaration("dala")}, limit=100)
    assert archive.desk.rows("select distinct tell from article") == [(tell,)]
