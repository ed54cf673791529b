"""Requests and answers in batches: the same as one by one, and a lease that is gone stays gone."""

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kzmonitor.collect import captures, entries
from kzmonitor.collect.captures import Received
from kzmonitor.collect.entries import Lease
from kzmonitor.collect.feeds import Item
from kzmonitor.collect.receiving import Answer, Asking, keep_answers, take_turns
from kzmonitor.sources import budget
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Capture, Entry

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
DALA = Declaration(
    slug="dala", name="Dala", languages=("ru",), hosts=("dala.example",), feeds=("https://dala.example/rss",)
)


def leased(session: Session, count: int) -> list[Lease]:
    entries.register(session, DALA)
    entries.add(session, DALA, [Item(f"https://dala.example/news/{number}") for number in range(count)], NOW)
    return entries.lease(session, "dala", 1, count, NOW)


def take_over(session: Session, held: Lease) -> None:
    session.execute(update(Entry).where(Entry.id == held.entry_id).values(fence=Entry.fence + 1))


def an_answer(held: Lease | None, status: int = 200, url: str = "https://dala.example/rss") -> Answer:
    address = held.url if held else url
    headers = {"Content-Type": ["text/html"], "Set-Cookie": ["visit=1"], "X-Odd": ["a\0b"]}
    received = Received(address, address, "direct", NOW, status, headers, ["https://dala.example/old"], b"<p>page")
    return Answer("dala", received, held)


def test_answers_are_kept_as_received_and_their_entries_are_fetched_by_that(session: Session) -> None:
    one, missing, lost = leased(session, 3)
    take_over(session, lost)
    assert (
        keep_answers(session, [an_answer(one), an_answer(None), an_answer(missing, 404), an_answer(lost)]) == [None] * 4
    )
    kept = {capture.url: capture for capture in session.scalars(select(Capture))}
    assert set(kept) == {one.url, missing.url, lost.url, "https://dala.example/rss"}
    assert all(captures.body(capture) == b"<p>page" for capture in kept.values())
    assert kept[one.url].headers == {"Content-Type": ["text/html"], "X-Odd": ["ab"]}
    assert kept[one.url].hops == ["https://dala.example/old"]
    rows = session.execute(select(Entry.url, Entry.state, Entry.capture_id, Entry.holder, Entry.tries)).all()
    states = {row.url: tuple(row)[1:] for row in rows}
    assert states[one.url] == ("fetched", kept[one.url].id, None, 0)
    assert states[missing.url][:2] == states[lost.url][:2] == ("leased", None)


def test_a_turn_is_for_who_still_holds_the_page_and_the_gap_of_a_host_is_kept(session: Session) -> None:
    one, two, lost = leased(session, 3)
    take_over(session, lost)
    for host, gap_s in (("dala.example", 1.0), ("orda.example", 0.0)):
        budget.open_host(session, host, gap_s, NOW)
    asking = [
        Asking("orda.example", None), Asking("dala.example", one), Asking("dala.example", lost),
        Asking("dala.example", two),
    ]  # fmt: skip
    feed, first, gone, second = take_turns(session, asking)
    assert (feed.is_ours, first.is_ours, gone.is_ours, second.is_ours) == (True, True, False, True)
    assert gone.slot is None
    assert feed.slot is not None
    assert feed.slot.wait_s == 0
    assert first.slot is not None
    assert second.slot is not None
    assert second.slot.wait_s - first.slot.wait_s > 1.0


def test_a_host_that_wants_to_be_left_alone_gives_no_turn(session: Session) -> None:
    [one] = leased(session, 1)
    [turn] = take_turns(session, [Asking("nobody.example", one)])
    assert turn.is_ours
    assert turn.slot is None
