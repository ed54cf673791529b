"""Whatever somebody plants in a headline, a name or a feed is text: nothing runs, nothing is asked of others."""

from collections.abc import Iterator
from datetime import timedelta
from math import ceil
from pathlib import Path

import httpx
import lxml.html
import pytest
import yaml
from playwright.sync_api import Browser, Route
from playwright.sync_api import Error as PlaywrightError
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.incidents import alerts, reviews
from kzmonitor.review.passages import readable
from kzmonitor.review.security import HEADERS
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, Incident, PageEvent, Revision, Source, new_id
from tests.browser import world
from tests.browser.conftest import DESKTOP, PATIENCE_S, TELEPHONE, Desk, reader, served
from tests.browser.walk import Seen, get_routes, walk
from tests.browser.watching import Witness, said, witness
from tests.conftest import empty, report_of
from tests.review.conftest import NOW

pytestmark = pytest.mark.slow
PAYLOADS = yaml.safe_load((Path(__file__).parent.parent / "review" / "hostile.yaml").read_text("utf-8"))
# PostgreSQL takes no NUL, and cutting an article drops it.
MARKUP: list[str] = [payload.replace("\0", "") for payload in PAYLOADS["markup"]]
# How many articles tell of one incident.
TOLD_BY = 10
TEXTS: list[str] = list(PAYLOADS["text"].values())
HUGE = {
    "two megabytes": "Налоговая проверка " * (2_000_000 // 35),
    "one word": "А" * 100_000,
    "one word of a headline": "Ұ" * 2_000,
    "marks": "а" + "\u0301" * 5_000,
    "lines": "\n" * 20_000 + "x",
    "emoji": "👩‍👩‍👧‍👦" * 5_000,
}


@pytest.fixture(scope="module")
def hostile(migrated: Database) -> Iterator[Desk]:
    """The app on alerts in which everything that comes from outside is hostile: grave ones told by several articles,
    one for each payload, and a light one for each, whose title stands in the list."""
    everything = MARKUP + TEXTS
    with migrated.session() as session:
        for first in range(0, len(everything), TOLD_BY):
            alert = None
            for number in range(first, min(first + TOLD_BY, len(everything))):
                others = [everything[(number + step) % len(everything)] for step in (7, 31, 67, 101, 149)]
                alert = plant(session, number, everything[number], others, alert)
        for number, payload in enumerate(HUGE.values(), len(everything)):
            plant(session, number, payload, [payload[:5000]] * 5)
        for number, payload in enumerate(everything):
            at = NOW - timedelta(days=1, minutes=number)
            report_of(session, payload, payload, at=at, severity=1, place=payload, source="light")
    with served(migrated) as desk:
        yield desk
    empty(migrated)


def plant(session: Session, number: int, payload: str, others: list[str], of: Alert | None = None) -> Alert:
    """An article whose title is the payload, with others in its text and everywhere around it; its alert."""
    inner, place, name, note, edited = others
    text = f"{inner}\n\nСегодня {payload} в городе.\n{place}\n{note}"
    span = (len(payload) + 1, len(payload) + 1 + len(inner))
    alert = report_of(
        session,
        payload,
        text,
        at=NOW - timedelta(minutes=number),
        source=f"outlet-{number}",
        language=("ru", "kk", "en", "other")[number % 4],
        url=payload[:500] if number % 3 else f"https://outlet.example/{number}?{payload[:500]}",
        place=place,
        severity=4,
        probabilities={"detention": 0.9, "raid": 0.1},
        reasons=[
            {"label": "detention", "phrase": inner, "start": span[0], "end": span[1], "weight": 1.0, "concept": None,
             "side": "for"}
        ],
        of=of,
    )  # fmt: skip
    session.get_one(Source, f"outlet-{number}").name = name or "—"
    incident = session.get_one(Incident, alert.incident_id)
    incident.actors, incident.region = [*incident.actors, name, note], ("KZ-75", place[:20])[number % 2]
    world.befall(session, alert, f"{name[:500]} {number}", "person", "detained")
    article = session.scalars(select(Article).where(Article.source == f"outlet-{number}")).one()
    revision = session.get_one(Revision, article.current_revision)
    revision.author, revision.date_doubt = name, note
    _edited(session, revision, edited)
    _note(session, alert, note)
    return alert


def _note(session: Session, alert: Alert, note: str) -> None:
    past = alerts.history(session, alert.id)
    seen = past[-1].id if past else None
    reviews.decide(session, alert.id, "unsure", note=note[:4000].strip() or None, seen_version=seen, now=NOW)


def _edited(session: Session, old: Revision, text: str) -> None:
    new = Revision(
        id=new_id(), article_id=old.article_id, capture_id=old.capture_id, text_sha256=new_id().bytes * 2,
        title=text, text=f"{text} {old.text}", language=old.language, script=old.script, cut_by="layout:0",
    )  # fmt: skip
    session.add(new)
    session.flush()
    session.add(
        PageEvent(
            id=new_id(), article_id=old.article_id, kind="changed", state="edited", since=NOW, good_at=NOW,
            confirmed=True, before_capture=old.capture_id, before_revision=old.id, after_revision=new.id,
        )
    )  # fmt: skip
    session.flush()


@pytest.fixture(scope="module")
def found(hostile: Desk) -> list[Seen]:
    """Every grave alert, the whole list, and of other pages some with each set of parameters."""
    return walk(hostile, each=ceil(len(MARKUP + TEXTS) / TOLD_BY) + len(HUGE))


def test_there_are_more_than_a_hundred_payloads_and_each_is_on_a_page(hostile: Desk, found: list[Seen]) -> None:
    assert len(set(MARKUP)) > 150
    with httpx.Client(base_url=hostile.address, follow_redirects=True, timeout=PATIENCE_S) as client:
        client.get(hostile.entrance())
        shown = [client.get(seen.path).text for seen in found if seen.route == "/alerts/{alert_id}"]
        listed = [client.get(seen.path).text for seen in found if seen.route == "/"]
    # As the browser reads it: text, without what hides.
    for texts in (shown, listed):
        read = "".join(lxml.html.document_fromstring(text).text_content() for text in texts)
        words = "".join(read.split())
        assert [payload for payload in MARKUP if "".join(readable(payload).split()) not in words] == []


@pytest.mark.parametrize("size", [DESKTOP, TELEPHONE], ids=["desktop", "telephone"])
def test_nothing_runs_and_nothing_moves_apart_on_any_page(
    chromium: Browser, hostile: Desk, found: list[Seen], size: tuple[int, int]
) -> None:
    wrong: dict[str, list[str]] = {}
    with reader(chromium, hostile, size) as page, witness(page, hostile.address) as watching:
        for seen in found:
            if seen.type == "text/html" and (happened := watching.look(seen.path) + watching.too_wide()):
                wrong[seen.path] = happened
    assert not wrong, said(wrong)


def test_headers_say_nothing_that_came_from_outside(hostile: Desk, found: list[Seen]) -> None:
    ours = {name.lower() for name in HEADERS} | {
        "date", "server", "content-type", "content-length", "content-disposition", "set-cookie", "etag", "vary",
        "last-modified", "strict-transport-security",
    }  # fmt: skip
    for seen in found:
        assert set(seen.headers) <= ours, seen.path
        assert not any("evil" in value or "alert(" in value for value in seen.headers.values()), seen.path


def test_only_pages_are_html(found: list[Seen], hostile: Desk) -> None:
    """What is no page is of a type that no browser reads as one, whatever its first bytes are."""
    assert {seen.route for seen in found} <= get_routes(hostile.app)
    for seen in found:
        assert seen.headers["x-content-type-options"] == "nosniff"
        assert seen.type != "text/html" or "charset=utf-8" in seen.headers["content-type"], seen.path


@pytest.mark.parametrize("policy", [None, HEADERS["Content-Security-Policy"]], ids=["no policy", "our policy"])
def test_the_watch_sees_what_a_careless_page_would_let_run(
    chromium: Browser, hostile: Desk, policy: str | None
) -> None:
    """The same payloads in a page that does not escape: most of them do something, with our policy and without."""
    with reader(chromium, hostile) as page, witness(page, hostile.address) as watching:
        page.context.route(lambda url: not url.startswith(hostile.address), lambda route: route.abort())
        page.route("**/careless/*", lambda route: _careless(route, policy))
        caught = {number for number in range(len(MARKUP)) if _caught(watching, number)}
    missed = [payload for number, payload in enumerate(MARKUP) if number not in caught]
    assert len(caught) > 100, missed


def _careless(route: Route, policy: str | None) -> None:
    number = route.request.url.rpartition("/")[2]
    if not number.isdecimal():
        route.fulfill(status=404)
        return
    payload = MARKUP[int(number)]
    route.fulfill(
        headers={"Content-Type": "text/html; charset=utf-8"} | ({"Content-Security-Policy": policy} if policy else {}),
        body=f'<!doctype html><title>x</title><p class="{payload}">{payload}</p><a href="{payload}">x</a>',
    )


def _caught(watching: Witness, number: int) -> bool:
    watching.asked.clear()
    try:
        watching.page.goto(f"{watching.origin}/careless/{number}", timeout=3000)
        return bool(watching.found())
    except PlaywrightError:
        # It led elsewhere before it was there.
        return True
