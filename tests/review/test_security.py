"""The door: tokens, signed sessions, form tokens, and how many wrong guesses are listened to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.review.security import SESSION, Keys, Throttle, inside

NOW = datetime(2025, 11, 4, 3, tzinfo=UTC)
KEYS = Keys("token", "secret")


def test_a_session_lasts_its_time_and_no_longer() -> None:
    cookie = KEYS.new_session(NOW)
    assert KEYS.session(cookie, NOW + SESSION - timedelta(seconds=2))
    assert KEYS.session(cookie, NOW + SESSION) is None


def test_a_session_that_was_left_is_over() -> None:
    keys = Keys("token", "secret")
    cookie = keys.new_session(NOW)
    session = keys.session(cookie, NOW)
    assert session is not None
    keys.leave(session, NOW)
    assert keys.session(cookie, NOW) is None


def test_a_session_ends_with_the_key_that_made_it_and_outlives_a_new_token() -> None:
    cookie = KEYS.new_session(NOW)
    assert Keys("token", "another key").session(cookie, NOW) is None
    assert Keys("another token", KEYS.secret_key).session(cookie, NOW) is not None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_no_other_cookie_is_a_session(cookie: str) -> None:
    assert KEYS.session(cookie, NOW) is None


@given(st.integers(0, 200), st.sampled_from("0aZ_.é"))
@settings(max_examples=100, deadline=None)
def test_a_changed_cookie_is_no_session(place: int, letter: str) -> None:
    cookie = KEYS.new_session(NOW)
    place %= len(cookie)
    changed = cookie[:place] + letter + cookie[place + 1 :]
    assert (KEYS.session(changed, NOW) is not None) == (changed == cookie)


def test_each_session_has_a_form_token_of_its_own() -> None:
    one, other = KEYS.session(KEYS.new_session(NOW), NOW), KEYS.session(KEYS.new_session(NOW), NOW)
    assert one is not None
    assert other is not None
    assert KEYS.form_token(one) != KEYS.form_token(other)


@given(st.text(max_size=40))
def test_only_the_token_fits(token: str) -> None:
    assert KEYS.fits(token) == (token == "token")


def test_after_ten_wrong_guesses_nobody_is_listened_to_for_a_minute() -> None:
    throttle = Throttle()
    for second in range(10):
        assert not throttle.is_closed(NOW + timedelta(seconds=second))
        throttle.count(NOW + timedelta(seconds=second))
    assert throttle.is_closed(NOW + timedelta(seconds=59))
    assert not throttle.is_closed(NOW + timedelta(seconds=61))


@pytest.mark.parametrize(
    ("target", "way"),
    [("/alerts/1?a=b", "/alerts/1?a=b"), ("//evil", "/"), ("/\\evil", "/"), ("https://evil", "/"), ("", "/")],
)
def test_nobody_is_sent_to_other_peoples_pages(target: str, way: str) -> None:
    assert inside(target) == way
