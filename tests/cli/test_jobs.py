import pytest

from kzmonitor.cli import jobs
from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import FINISHED, Crawled
from kzmonitor.errors import InputError, PageError, SourceError


@pytest.fixture
def crawled(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The source `vlast` is crawled, with an outcome that each test sets."""
    monkeypatch.delenv("KZMONITOR_SOURCES_DIR", raising=False)
    return monkeypatch


def ends(crawled: pytest.MonkeyPatch, finished: str = FINISHED, **counts: int) -> None:
    outcome = Crawled("vlast", finished, {name.replace("poll_", "poll:"): count for name, count in counts.items()})
    crawled.setattr(crawl, "run", lambda slugs, folder: [outcome])


@pytest.mark.parametrize("state", ["ok", "not-modified", "no-dates", "broken-xml"])
def test_a_look_that_brought_something_counts(crawled: pytest.MonkeyPatch, state: str) -> None:
    ends(crawled, **{f"poll_{state}": 1, "fetched": 2})
    assert jobs.poll("vlast") == {f"poll:{state}": 1, "fetched": 2}


def test_one_address_that_answers_is_enough(crawled: pytest.MonkeyPatch) -> None:
    ends(crawled, **{"poll_404": 2, "poll_ok": 1})
    assert jobs.poll("vlast")["poll:404"] == 2


@pytest.mark.parametrize("state", ["timeout", "connection", "dns", "server-error", "cut-short"])
def test_what_may_pass_is_worth_another_try(crawled: pytest.MonkeyPatch, state: str) -> None:
    ends(crawled, **{f"poll_{state}": 1})
    with pytest.raises(SourceError, match=f"^vlast: {state}: ") as caught:
        jobs.poll("vlast")
    assert caught.value.state == state


@pytest.mark.parametrize(
    "state", ["403-wall", "404", "rate-limited", "robots-denied", "html-for-xml", "no-items", "tls"]
)
def test_what_needs_time_or_a_person_is_not(crawled: pytest.MonkeyPatch, state: str) -> None:
    ends(crawled, **{f"poll_{state}": 1})
    with pytest.raises(PageError, match=f"^vlast: {state}: "):
        jobs.poll("vlast")


def test_a_crawl_that_broke_off_is_tried_again_even_if_a_look_was_well(crawled: pytest.MonkeyPatch) -> None:
    ends(crawled, "ended by signal 9", **{"poll_ok": 1})
    with pytest.raises(SourceError, match="ended by signal 9"):
        jobs.poll("vlast")


def test_a_crawl_that_looked_at_nothing_is_no_success(crawled: pytest.MonkeyPatch) -> None:
    ends(crawled)
    with pytest.raises(PageError, match="never"):
        jobs.poll("vlast")


def test_a_source_that_is_not_declared_needs_a_person() -> None:
    with pytest.raises(InputError, match="no-such-outlet"):
        jobs.poll("no-such-outlet")
