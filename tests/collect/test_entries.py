"""Entries: found once, leased to one, given up only for a reason."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.collect import entries
from kzmonitor.collect.entries import Lease, Validators
from kzmonitor.collect.feeds import Item, Seen
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database, leases
from kzmonitor.store.tables import Capture, Entry, Poll, Source, new_id

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
FEED = "https://dala.example/feed/"


@pytest.fixture
def dala() -> Declaration:
    return Declaration(
        slug="dala",
        name="Dala",
        languages=("ru",),
        hosts=("dala.example", {"host": "mirror.example", "until": "2026-01-01"}),
        feeds=(FEED,),
        url_id=r"https://dala\.example/(?:amp/)?(?P<id>\d+)",
        canonical="https://dala.example/{id}",
    )


@pytest.fixture
def registered(session: Session, dala: Declaration) -> Session:
    entries.register(session, dala)
    return session


def found(session: Session) -> list[str]:
    return list(session.scalars(select(Entry.canonical_url).order_by(Entry.canonical_url)))


def leased(session: Session, holder: int = 7, limit: int = 9) -> list[Lease]:
    """As `lease`, of a holder that lives as long as the test."""
    session.execute(text("select pg_advisory_xact_lock(:space, :holder)"), {"space": leases.HOLDERS, "holder": holder})
    return entries.lease(session, "dala", holder, limit, datetime.now(UTC))


def one(session: Session) -> Entry:
    session.expire_all()
    return session.scalars(select(Entry)).one()


def a_capture(session: Session) -> Capture:
    capture = Capture(
        id=new_id(), source="dala", url="x", canonical_url="x", route="direct", fetched_at=NOW, status=200,
        headers={}, hops=[], body=b"", sha256=b"",
    )  # fmt: skip
    session.add(capture)
    session.flush()
    return capture


def test_a_source_is_registered_once_and_renewed(registered: Session, dala: Declaration) -> None:
    entries.register(registered, dala.model_copy(update={"name": "Dala News", "enabled": False}))
    source = registered.scalars(select(Source)).one()
    assert (source.name, source.enabled) == ("Dala News", False)


def test_one_report_under_many_addresses_is_one_entry(registered: Session, dala: Declaration) -> None:
    paths = ["https://dala.example/1", "https://dala.example/amp/1?utm_source=x", "http://dala.example/1#c"]
    items = [Item(url) for url in [*paths, "https://dala.example/2"]]
    assert entries.add(registered, dala, items, NOW) == 2
    assert entries.add(registered, dala, items[::-1], NOW) == 0
    assert found(registered) == ["https://dala.example/1", "https://dala.example/2"]


def test_what_is_not_the_sources_own_is_left_out(registered: Session, dala: Declaration) -> None:
    wild = [
        "https://other.example/1",
        "https://dala.example.evil.example/1",
        "https://dala.example@evil.example/1",
        "https://dala.example:444/1",
        "https://dala.example:99999/1",
        "https://dala.example/" + "x" * 3000,
        "javascript:alert(1)",
        "https://[::1",
        "//",
        "",
    ]
    assert entries.add(registered, dala, [Item(url) for url in wild], NOW) == 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=40) | st.text(max_size=30).map(lambda end: "https://dala.example/" + end), max_size=5))
def test_no_address_however_wild_stops_the_others(registered: Session, dala: Declaration, urls: list[str]) -> None:
    with registered.begin_nested() as step:
        items = [Item(url, title=url) for url in urls if "\0" not in url and url.isprintable()]
        entries.add(registered, dala, [*items, Item("https://dala.example/77")], NOW)
        assert "https://dala.example/77" in found(registered)
        step.rollback()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (NOW - timedelta(days=1), NOW - timedelta(days=1)),
        (NOW + timedelta(minutes=5), NOW + timedelta(minutes=5)),
        (NOW + timedelta(days=300), None),
        (datetime(1970, 1, 1, tzinfo=UTC), None),
        (None, None),
    ],
)
def test_a_doubtful_time_is_left_to_the_page(
    registered: Session, dala: Declaration, said: datetime | None, kept: datetime | None
) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1", published_at=said)], NOW)
    assert one(registered).published_at == kept


def test_only_a_good_poll_leaves_something_to_ask_with(registered: Session, dala: Declaration) -> None:
    def poll(state: str, etag: str | None, minute: int) -> None:
        seen = Seen(state, [Item("https://dala.example/1")])
        entries.record_poll(registered, dala, FEED, seen, Validators(etag, None), NOW + timedelta(minutes=minute))

    assert entries.validators(registered, "dala", FEED) == Validators()
    poll("ok", '"a"', 1)
    poll("broken-xml", '"b"', 2)
    poll("timeout", None, 3)
    assert entries.validators(registered, "dala", FEED) == Validators('"a"')
    poll("not-modified", '"a"', 4)
    poll("ok", None, 5)
    assert entries.validators(registered, "dala", FEED) == Validators()
    assert entries.validators(registered, "dala", "https://dala.example/other") == Validators()
    assert registered.scalars(select(Poll.new).order_by(Poll.started)).all() == [1, 0, 0, 0, 0]


def test_the_etag_and_the_entries_stand_or_fall_together(database: Database, dala: Declaration) -> None:
    def killed() -> None:
        with database.session() as session:
            entries.register(session, dala)
            entries.record_poll(
                session, dala, FEED, Seen("ok", [Item("https://dala.example/1")]), Validators('"a"'), NOW
            )
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    with database.session() as session:
        assert entries.validators(session, "dala", FEED) == Validators()
        assert found(session) == []


def test_the_newest_are_leased_first_and_none_twice(registered: Session, dala: Declaration) -> None:
    items = [Item(f"https://dala.example/{n}", published_at=NOW - timedelta(hours=(n * 7) % 10)) for n in range(10)]
    entries.add(registered, dala, items, NOW)
    newest_first = sorted(items, key=lambda item: item.published_at or NOW, reverse=True)
    got = [lease.url for _turn in range(4) for lease in leased(registered, limit=4)]
    assert got == [item.url for item in newest_first]
    assert entries.lease(registered, "other", 7, 9, NOW) == []


def test_a_holder_that_was_taken_for_dead_changes_nothing(registered: Session, dala: Declaration) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1")], NOW)
    [old] = leased(registered)
    assert entries.renew(registered, old)
    registered.execute(text("update entry set lease_until = now() - interval '1 second'"))
    [new] = leased(registered, holder=8)
    assert new.fence == old.fence + 1
    capture = a_capture(registered)
    assert not entries.renew(registered, old)
    assert not entries.fetched(registered, old, capture.id)
    assert not entries.failed(registered, old, "404", True, None, NOW)
    assert not entries.postponed(registered, old, "rate-limited", NOW)
    assert (one(registered).state, one(registered).holder) == ("leased", 8)
    assert entries.fetched(registered, new, capture.id)
    assert (one(registered).state, one(registered).capture_id, one(registered).tries) == ("fetched", capture.id, 0)
    assert not entries.failed(registered, new, "timeout", False, None, NOW)


def test_failures_wait_longer_each_time_and_end_after_a_day_and_a_half(registered: Session, dala: Declaration) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1")], NOW)
    waits = []
    for _try in range(entries.MAX_TRIES):
        [held] = leased(registered)
        assert entries.failed(registered, held, "server-error", False, None, NOW)
        entry = one(registered)
        waits.append(entry.retry_at and (entry.retry_at - NOW).total_seconds())
    assert waits == [30, 120, 480, 1920, 7680, *[21600] * 6, None]
    assert sum(filter(None, waits)) > 36 * 3600
    assert (entry.state, entry.error) == ("failed", "server-error")
    assert leased(registered) == []


def test_a_server_that_names_a_wait_is_obeyed(registered: Session, dala: Declaration) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1")], NOW)
    [held] = leased(registered)
    entries.failed(registered, held, "rate-limited", False, timedelta(minutes=40), NOW)
    assert one(registered).retry_at == NOW + timedelta(minutes=40)


def test_what_is_not_due_is_not_leased(registered: Session, dala: Declaration) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1")], NOW)
    [held] = leased(registered)
    entries.failed(registered, held, "timeout", False, None, datetime.now(UTC))
    assert leased(registered) == []


def test_a_permanent_failure_is_final(registered: Session, dala: Declaration) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1")], NOW)
    [held] = leased(registered)
    entries.failed(registered, held, "404", True, None, NOW)
    assert (one(registered).state, one(registered).error, one(registered).retry_at) == ("failed", "404", None)


def test_to_be_put_off_is_no_try(registered: Session, dala: Declaration) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1")], NOW)
    for _turn in range(2 * entries.MAX_TRIES):
        [held] = leased(registered)
        assert entries.postponed(registered, held, "robots-unreachable", NOW)
    assert (one(registered).state, one(registered).tries, one(registered).error) == ("found", 0, "robots-unreachable")


def test_a_lease_whose_holder_died_goes_on_as_the_same_try(registered: Session, dala: Declaration) -> None:
    entries.add(registered, dala, [Item("https://dala.example/1")], NOW)
    for death in range(1, 10):
        # No connection holds the lock of these: they are dead, and what they held is free at once.
        [held] = entries.lease(registered, "dala", 1000 + death, 9, NOW)
        assert (held.fence, one(registered).tries) == (death, 1)
