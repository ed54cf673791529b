"""Several crawls at once share one budget a host, and never a page."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from kzmonitor.newsroom import Outlet

# A seventh of it is to spare for the way to the host, which on a busy machine may take as long.
DELAY_S = 0.8
PROCESSES = 4
PAGES = 10


def test_two_crawls_of_one_source_at_once_fetch_each_page_once(desk_of, reports) -> None:
    with desk_of(Outlet("dala", "plain", reports(30))) as desk, ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(lambda _number: desk.collect()["dala"], range(2)))
        assert all(one.well for one in ended), ended
        assert Counter(desk.pages("dala")) == Counter(one.address for one in desk.newsroom.outlets["dala"].articles())
        for what in ("new", "fetched"):  # a late starter may find nothing left to do
            assert sum(one.counts.get(what, 0) for one in ended) == 30
        assert desk.rows("select count(*) from capture where url like '%/news/%'") == [(30,)]


def test_four_processes_keep_the_gap_of_a_host_between_any_two_requests(
    desk_of, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOST_LEASED", "2")  # so that each of the four has pages to fetch until the end
    with (
        desk_of(Outlet("dala", "plain", reports(PAGES)), delay_s=DELAY_S) as desk,
        ThreadPoolExecutor(PROCESSES) as threads,
    ):
        ended = list(threads.map(lambda _number: desk.collect()["dala"], range(PROCESSES)))
        assert all(one.well for one in ended), ended
        assert sum(one.counts.get("fetched", 0) > 0 for one in ended) > 1, "one process alone shows nothing"
        assert len(desk.pages("dala")) == PAGES
        requests = desk.newsroom.requests
        assert len(requests) >= PAGES + PROCESSES + 1  # pages, feeds, robots.txt
        smallest = min(after.at - before.at for before, after in pairwise(requests))
        assert smallest >= DELAY_S
