"""How many guesses are listened to, by all processes together."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.accounts import throttle
from kzmonitor.accounts.keys import Keys
from kzmonitor.accounts.throttle import BY_ACCOUNT, BY_CLIENT
from kzmonitor.store import Database
from kzmonitor.store.tables import LoginAttempt

NOW = datetime(2025, 11, 4, 3, tzinfo=UTC)
KEYS = Keys("k" * 32)


def tried(session: Session, subject: str, client: str, now: datetime = NOW) -> bool:
    return throttle.may_try(session, KEYS, subject, client, now)


def test_an_account_is_closed_after_ten_tries_wherever_they_come_from(session: Session) -> None:
    assert [tried(session, "account asel", f"10.0.0.{n}") for n in range(12)] == [True] * 10 + [False] * 2
    assert tried(session, "account dana", "10.0.0.1")
    assert not tried(session, "account asel", "10.0.0.99", NOW + BY_ACCOUNT.per - timedelta(seconds=1))
    assert tried(session, "account asel", "10.0.0.99", NOW + BY_ACCOUNT.per + timedelta(seconds=1))


def test_a_client_is_closed_after_fifty_tries_whatever_it_tries_to_open(session: Session) -> None:
    assert all(tried(session, f"account {n}", "2001:db8::1") for n in range(BY_CLIENT.tries))
    assert not tried(session, "account x", "2001:db8::ffff")
    assert tried(session, "account x", "2001:db8:1::1")


def test_success_forgets_the_tries(session: Session) -> None:
    for _ in range(9):
        tried(session, "account asel", "10.0.0.1")
    throttle.succeeded(session, KEYS, "account asel")
    assert all(tried(session, "account asel", "10.0.0.1") for _ in range(10))


def test_names_and_addresses_are_not_kept_and_rows_live_a_day(session: Session) -> None:
    tried(session, "account asel", "10.0.0.1")
    row = session.scalars(select(LoginAttempt)).one()
    assert b"asel" not in row.subject
    assert row.client != Keys("x" * 32).hashed("client", "10.0.0.1")
    tried(session, "account dana", "10.0.0.2", NOW + timedelta(days=1, seconds=1))
    assert len(session.scalars(select(LoginAttempt)).all()) == 1


def test_forty_at_once_are_no_more_than_ten(database: Database) -> None:
    def one(number: int) -> bool:
        with database.session() as session:
            session.execute(text("set local lock_timeout = '120s'"))
            return tried(session, "account asel", f"10.0.0.{number}")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(40))) == BY_ACCOUNT.tries
