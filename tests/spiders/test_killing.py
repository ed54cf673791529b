"""Killed at any moment, a crawl loses nothing, and the next one does nothing twice."""

import pytest

from kzmonitor.newsroom import Outlet

COUNT = 24  # more than any life keeps before it ends, though answers are kept by the batch


def everything_is_there_once(desk) -> None:
    outlet = desk.newsroom.outlets["dala"]
    addresses = sorted(outlet.addresses())
    assert desk.rows("select canonical_url, state, tries from entry order by 1") == [
        (address, "fetched", 0) for address in addresses
    ]
    captured = desk.rows("select canonical_url, count(*) from capture group by 1 order by 1")
    assert [row for row in captured if not row[0].endswith("/feed/")] == [(address, 1) for address in addresses]


def test_a_kill_between_a_feeds_entries_and_its_first_page_loses_nothing(
    desk_of, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_of(Outlet("dala", "plain", reports(COUNT))) as desk:
        monkeypatch.setenv("KILL_AFTER_POLLS", "1")
        killed = desk.collect()["dala"]
        assert not killed.well
        assert "9" in killed.finished
        assert desk.pages("dala") == []
        # The ETag is there, and so are the entries: one transaction.
        assert desk.rows("select items, new, etag is not null from poll") == [(COUNT, COUNT, True)]
        assert desk.rows("select count(*) from entry where state in ('found', 'leased')") == [(COUNT,)]
        monkeypatch.setenv("KILL_AFTER_POLLS", "0")
        assert desk.collect()["dala"].counts == {"poll:not-modified": 1, "new": 0, "fetched": COUNT}
        everything_is_there_once(desk)


def test_kills_after_any_page_lose_nothing_and_fetch_nothing_twice(
    desk_of, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_of(Outlet("dala", "plain", reports(COUNT))) as desk:
        # Lives end after robots.txt and the feed; before an unchanged feed is noted; after one more page, and three.
        for answers in (2, 1, 2, 4):
            monkeypatch.setenv("KILL_AFTER_ANSWERS", str(answers))
            assert not desk.collect()["dala"].well
            # What the dead process held is free at once, though its leases would have lasted half an hour.
        monkeypatch.setenv("KILL_AFTER_ANSWERS", "0")
        assert desk.collect()["dala"].well
        everything_is_there_once(desk)
        assert len(desk.pages("dala")) <= COUNT + 4  # what was on its way at a death is asked for again
