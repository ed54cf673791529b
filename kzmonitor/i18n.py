"""Translations: every sentence that a person reads passes through `_` or `ngettext`.

Catalogues are the `.po` files under `locale/`; Babel compiles them in memory at first use, so that no
build step stands between an edited sentence and the screen.
"""

import gettext as gnu
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "ru", "kk")
CATALOGUES = Path(__file__).parent / "locale"


def from_environment() -> str:
    """The language that LANGUAGE, LC_ALL, LC_MESSAGES or LANG asks for, in gettext's order; else English."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for wanted in os.environ.get(name, "").split(":"):
            if wanted[:2] in LANGUAGES:
                return wanted[:2]
    return "en"


_current: ContextVar[str | None] = ContextVar("language", default=None)


def current() -> str:
    """The language in use here: one of `LANGUAGES`."""
    return _current.get() or from_environment()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within this block every translated sentence is in `language`; an unknown one falls back to English."""
    token = _current.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _current.reset(token)


@cache
def translations(language: str) -> gnu.NullTranslations:
    """The catalogue of one language; English is the source text itself."""
    source = CATALOGUES / language / "LC_MESSAGES" / "kzmonitor.po"
    if not source.exists():
        return gnu.NullTranslations()
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def _(message: str) -> str:
    """`message` in the current language."""
    return translations(current()).gettext(message)


def ngettext(one: str, many: str, n: int) -> str:
    """`one` or `many` in the current language, by its own plural rule for `n`."""
    return translations(current()).ngettext(one, many, n)
