"""Which passwords are good enough, and how they are kept."""

from contextlib import suppress

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.accounts import passwords
from kzmonitor.errors import InputError


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "P@ssw0rd2024!", "qwertyuiop12", "йцукенгшщзхъ", "iloveyou2024!!", "123456789012",
        "aaaaaaaaaaaa", "Qazaqstan2024", "kzmonitor2025", "administrator1", "Dana.Dana.Dana1", "dana20252025",
        "trustno1trustno1", "abcabcabcabc", "short words", "x" * 257, "null\0null null",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(InputError):
        passwords.check(password, "dana")


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "тихий омут синий", "k7#Lm9$xQ2!v", "7294 8113 0042 5561", "қоян мен күзгі бақ"],
)
def test_unrelated_words_and_drawn_letters_are_good(password: str) -> None:
    passwords.check(password, "dana")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_is_judged(password: str, pseudonym: str) -> None:
    with suppress(InputError):
        passwords.check(password, pseudonym)


def test_only_the_password_fits_however_its_letters_are_composed() -> None:
    kept = passwords.hashed("йод и ёлка зимой")
    assert "йод" not in kept
    assert passwords.fits(kept, "йод и ёлка зимой")
    assert passwords.fits(kept, "йод и ёлка зимой".replace("й", "и\u0306"))
    assert not passwords.fits(kept, "йод и ёлка зимо")
    assert not passwords.fits(None, "nobody's")


def test_the_parameters_are_those_of_owasp_and_older_hashes_are_known() -> None:
    assert passwords.hashed("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("x"))
    assert not passwords.is_outdated(passwords.hashed("x"))
