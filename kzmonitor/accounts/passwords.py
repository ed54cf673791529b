"""Passwords: which are good enough, and how they are kept.

Argon2id with the smallest memory that OWASP's password storage cheat sheet allows (19 MiB, two passes, one lane):
many may log in at once on a small machine. A hash made with other parameters is made anew at the next login."""

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kzmonitor.errors import InputError
from kzmonitor.i18n import _

SHORTEST = 12
LONGEST = 256
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# What the lists of leaked passwords are made of. A password of which little is left without them is guessed first.
COMMON = (
    "password", "passwort", "passw", "passwd", "qwerty", "qwertz", "azerty", "asdf", "zxcv", "qazwsx", "wsxedc",
    "iloveyou", "loveyou", "love", "admin", "administrator", "root", "user", "guest", "login", "welcome", "letmein",
    "changeme", "default", "secret", "trustno", "monkey", "dragon", "master", "princess", "sunshine", "football",
    "baseball", "superman", "batman", "pokemon", "starwars", "shadow", "michael", "jordan", "charlie", "whatever",
    "summer", "winter", "spring", "autumn", "january", "monday", "computer", "internet", "google", "samsung", "freedom",
    "kazakhstan", "qazaqstan", "almaty", "astana", "nursultan", "shymkent", "kzmonitor", "monitor", "review", "test",
    "пароль", "йцукен", "фыва", "ячсм", "любовь", "люблю", "привет", "казахстан", "қазақстан", "алматы", "астана",
    "солнышко", "секрет", "админ", "құпиясөз", "parol", "privet", "lubov", "nastya", "natasha", "marina", "maksim",
)  # fmt: skip
ROWS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "abcdefghijklmnopqrstuvwxyz",
)
SWAPPED = str.maketrans("013457@$!", "oleastasi")
ROW_AT_LEAST = 4
LEFT_AT_LEAST = 5


def normal(password: str) -> str:
    """The same letters as the same bytes, whatever keyboard they come from (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, pseudonym: str) -> None:
    """InputError when a password is too short, too long, the pseudonym, or one of those that are guessed first."""
    password = normal(password)
    if len(password) < SHORTEST:
        raise InputError(_("a password has at least {number} characters").format(number=SHORTEST))
    if len(password) > LONGEST or "\0" in password:
        raise InputError(_("a password has at most {number} characters").format(number=LONGEST))
    folded = password.casefold()
    name = normal(pseudonym).casefold()
    if len(_own(folded.replace(name, ""))) < LEFT_AT_LEAST:
        raise InputError(_("this password is one of those that are tried first; take another, or some unrelated words"))


def _own(folded: str) -> set[str]:
    """The different characters that are left of a password without what everybody takes, however it is spelled."""
    return min((set(re.sub(_common(), "", spelled)) for spelled in (folded, folded.translate(SWAPPED))), key=len)


@cache
def _common() -> str:
    runs = {
        row[start : start + length]
        for line in ROWS
        for row in (line, line[::-1])
        for length in range(ROW_AT_LEAST, len(row) + 1)
        for start in range(len(row) - length + 1)
    }
    return "|".join(map(re.escape, sorted(runs | set(COMMON), key=len, reverse=True)))


def hashed(password: str) -> str:
    """What is kept of a password."""
    return HASHER.hash(normal(password))


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password. None takes as long as a wrong one: nobody learns which accounts there are."""
    try:
        return HASHER.verify(kept or _nobodys(), normal(password)[: LONGEST + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody's")
