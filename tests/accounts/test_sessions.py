"""Logins: how long they last, and what is kept of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.accounts import people, sessions
from kzmonitor.accounts.sessions import ABSOLUTE, CODE_WITHIN, IDLE
from kzmonitor.store.tables import Account, LoginSession

NOW = datetime(2025, 11, 4, 3, tzinfo=UTC)


@pytest.fixture
def asel(session: Session) -> Account:
    return people.add(session, "asel", "reviewer", by=None, now=NOW)


def test_an_unused_login_ends_after_an_hour(session: Session, asel: Account) -> None:
    cookie = sessions.begin(session, asel.id, "password", "Firefox Linux", NOW)
    assert sessions.login_of(session, cookie, NOW + IDLE - timedelta(seconds=1)) is not None
    other = sessions.begin(session, asel.id, "password", "", NOW)
    assert sessions.login_of(session, other, NOW + IDLE) is None


def test_a_used_login_ends_at_its_time(session: Session, asel: Account) -> None:
    cookie, now = sessions.begin(session, asel.id, "password", "", NOW), NOW
    while now < NOW + ABSOLUTE:
        assert sessions.login_of(session, cookie, now) is not None
        now += IDLE / 2
    assert sessions.login_of(session, cookie, now) is None


def test_a_login_that_waits_for_a_code_waits_five_minutes(session: Session, asel: Account) -> None:
    cookie = sessions.begin(session, asel.id, "password", "", NOW, waits_for_code=True)
    login = sessions.login_of(session, cookie, NOW)
    assert login is not None
    assert login.waits_for_code
    assert sessions.login_of(session, cookie, NOW + CODE_WITHIN) is None


def test_the_cookie_is_not_in_the_database(session: Session, asel: Account) -> None:
    cookie = sessions.begin(session, asel.id, "password", "", NOW)
    row = session.scalars(select(LoginSession)).one()
    assert cookie.encode() not in row.token_sha256
    assert len(row.token_sha256) == 32
    assert sessions.form_token(cookie) != cookie


@settings(max_examples=100, deadline=None)
@given(cookie=st.text(max_size=80))
def test_no_other_cookie_is_a_login(migrated: object, cookie: str) -> None:
    with migrated.session() as session:  # type: ignore[attr-defined]
        assert sessions.login_of(session, cookie, NOW) is None


def test_each_login_has_a_form_token_of_its_own(session: Session, asel: Account) -> None:
    one, other = (sessions.begin(session, asel.id, "password", "", NOW) for _ in range(2))
    assert sessions.form_token(one) != sessions.form_token(other)


def test_nobody_ends_the_login_of_another(session: Session, asel: Account) -> None:
    dana = people.add(session, "dana", "admin", by=None, now=NOW)
    cookie = sessions.begin(session, asel.id, "password", "", NOW)
    login = sessions.login_of(session, cookie, NOW)
    assert login is not None
    sessions.end(session, login.id, dana.id)
    assert sessions.login_of(session, cookie, NOW) is not None
    sessions.end(session, login.id, asel.id)
    assert sessions.login_of(session, cookie, NOW) is None


def test_a_role_that_was_changed_holds_at_once(session: Session, asel: Account) -> None:
    cookie = sessions.begin(session, asel.id, "password", "", NOW)
    people.change_role(session, asel, "reader", by=None, now=NOW)
    login = sessions.login_of(session, cookie, NOW)
    assert login is not None
    assert login.person.role == "reader"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari iPhone"),
        ("<script>", ""),
    ],
)
def test_a_browser_is_named_in_two_words(agent: str, name: str) -> None:
    assert sessions.browser_of(agent) == name
