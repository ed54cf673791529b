"""Outlets and a client for the tests of this folder. No test waits: what hangs is ended by `stop`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from kzmonitor.newsroom import Outlet, Record

TEXT = {
    "ru": 'Первый абзац о фонде «Үлгі».\nВторой абзац: A < B & C.\nТретий абзац с "кавычками" и \'.',
    "kk": "Бірінші абзац, қазақша мәтін.\nЕкінші абзац: ә, ғ, қ, ң, ө, ұ, ү, һ, і.\nҮшінші абзац.",
    "en": "The first paragraph.\nThe second paragraph has <b>no markup</b>.\nThe third one ends.",
}


@pytest.fixture
def now() -> datetime:
    """The moment at which the outlets were made: 14:30 in Almaty."""
    return datetime(2026, 3, 15, 9, 30, tzinfo=UTC)


@pytest.fixture
def an_outlet(now: datetime) -> Callable[..., Outlet]:
    """Makes an outlet: reports in three languages of the day before, with labels and ids no page may show."""

    def make(layout: str = "plain", count: int = 6, slug: str = "dala") -> Outlet:
        records = [
            Record(
                id=f"secret-id-{at}",
                lang=lang,
                title=f"Title {at} & <{lang}>",
                text=f"{TEXT[lang]}\nLast line {at}.",
                labels=("secret_label", "secret_hard"),
            )
            for at, lang in zip(range(count), ["ru", "kk", "en"] * count, strict=False)
        ]
        return Outlet(slug, layout, records, now=now)

    return make


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client that asks the environment for nothing and follows no redirects."""
    with httpx.Client(trust_env=False, timeout=30) as found:
        yield found
