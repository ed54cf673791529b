"""A day of the product over years of articles: every page is opened, and every job that runs by itself is run."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import anyio.from_thread
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench import desk_world
from kzmonitor.accounts import people
from kzmonitor.classify import registry
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.classify.model import Classifier
from kzmonitor.collect import backfill, captures, entries, import_texts, importing
from kzmonitor.collect.captures import Received
from kzmonitor.collect.entries import Validators
from kzmonitor.collect.feeds import Item, Seen
from kzmonitor.config import Settings, models_folder
from kzmonitor.digest import daily
from kzmonitor.digest.period import digest_day
from kzmonitor.evidence import manifests, page_events, pruning, watching
from kzmonitor.incidents.understand import understand
from kzmonitor.review import create_app
from kzmonitor.sources import budget, canary, coverage, health, norms
from kzmonitor.sources.registry import Registry, load
from kzmonitor.store import Database, leases, metrics, partitions, tables
from tests.browser import world
from tests.browser.walk import get_routes, route_of
from tests.review.conftest import TOKEN, Browser

ARTICLES, IMPORTED, FETCHED = 1200, 8, 8
# So long that a few of the oldest pages are erased.
KEPT_DAYS = desk_world.DAYS - 5
NOW = desk_world.NOW
# Which no page of the desk leads to, or only one that sends a form first.
NOT_OPENED = {
    "/login/single-sign-on", "/login/single-sign-on/back",
    "/confirm/{subscriber_id}/{signature}", "/unsubscribe/{subscriber_id}/{signature}", "/me/second-factor.svg",
    "/readings/disputes/{revision_id}",
}  # fmt: skip

# Which say that there is no such page to who has no key for it; they look for the key all the same.
WITHOUT_A_KEY = ("/invitation?code=none", f"/feeds/{'none' * 8}.atom")


def build(database: Database, administrator: str, trained: Classifier) -> None:
    """Years of articles, alerts and decisions, and a morning with some of everything else."""
    with database.session() as session:
        registry.add(session, trained, "champion", NOW - timedelta(days=30))
        reader = people.add(session, "the-reader", "reviewer", by=None, now=NOW)
    desk_world.build(database, administrator, ARTICLES, [str(reader.id)])
    with database.session() as session:
        world.work(session, world.seed(session), NOW)
        coverage.count_days(session, NOW)
        _seal(session)
        _hear_of_it(session)


def _seal(session: Session) -> None:
    """As if every day but the last two had been closed, and what was stored on the first of them was in its leaves."""
    session.add_all(
        tables.Manifest(day=NOW.date() - timedelta(days=back), root=b"", captures=0)
        for back in range(3, desk_world.DAYS + 3)
    )
    session.flush()
    first = session.scalars(select(tables.Capture.id).order_by(tables.Capture.id).limit(20))
    session.add_all(
        tables.ManifestLeaf(capture_id=id, day=NOW.date() - timedelta(days=desk_world.DAYS), leaf=b"", parts=b"")
        for id in first
    )


def _hear_of_it(session: Session) -> None:
    """Digests that were sent, and that two articles are of one event, as a person said."""
    subscriber = session.scalars(select(tables.Subscriber.id).where(tables.Subscriber.channel == "mail")).first()
    event = session.scalars(select(tables.AlertEvent.id).order_by(tables.AlertEvent.id.desc())).first()
    sent = tables.Delivery(
        subscriber_id=subscriber, mode="daily", period_start=NOW - timedelta(days=2), channel="mail", state="sent",
        period_end=NOW - timedelta(days=1), message_id="<1@desk.example.org>", sent_at=NOW - timedelta(days=1),
    )  # fmt: skip
    session.add(sent)
    session.flush()
    session.add(tables.DeliveryItem(delivery_id=sent.id, alert_event_id=event))
    incidents = session.scalars(select(tables.Incident).order_by(tables.Incident.id).limit(12)).all()
    for gone, stays in zip(incidents[::2], incidents[1::2], strict=True):
        gone.redirect_to = stays.id
    review = session.scalars(select(tables.Review.id)).first()
    one, other = session.scalars(select(tables.Article.id).order_by(tables.Article.id).limit(2))
    session.add(tables.PairLabel(first=one, second=other, review_id=review, same=True))


def jobs(database: Database, settings: Settings, folder: Path) -> None:
    """What runs by itself, in the order of a day."""
    declared = load()
    with database.session() as session:
        partitions.ensure(session, NOW)
    _collect(database, declared)
    importing.bring_all(database, declared, import_texts.read_jsonl(_texts(folder)), lambda: NOW)
    understand(database, declared.sources, settings, lambda: NOW)
    _look_again(database, declared)
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    # Whose period ended before any row was written: one that held all of them would rightly be read whole.
    day = digest_day(NOW)
    daily.digest_of(database, day, declared.sources, taxonomy, settings, NOW, out=folder / "digests", dry_run=True)
    daily.deliver_due(database, declared.sources, taxonomy, settings, NOW)
    manifests.close(database, NOW)
    with database.session() as session:
        coverage.count_days(session, NOW)
        norms.unusual(session, declared.sources, NOW)
        page_events.counted(session, NOW - timedelta(days=1), NOW)
    metrics.exposition(database, NOW)
    list(pruning.prune(database, settings, NOW, dry_run=True))
    list(pruning.prune(database, settings, NOW))


def _collect(database: Database, declared: Registry) -> None:
    """What a crawl asks of the database: one outlet polled, some pages fetched, some in vain."""
    one = next(one for one in declared.sources.values() if one.enabled and one.feeds)
    host = one.hosts[0]
    with leases.holder(database.engine) as holder, database.session() as session:
        health.due(session, declared.sources, NOW)
        health.standings(session, declared.sources, NOW)
        entries.register(session, one)
        budget.open_host(session, host, 1.0, NOW)
        budget.take_slot(session, host)
        budget.take_free_slot(session, host, 1)
        budget.hold_back(session, host, timedelta(0))
        found = [Item(f"https://{host}/{number}.html", f"Новость {number}", NOW) for number in range(FETCHED)]
        known = entries.validators(session, one.slug, one.feeds[0])
        entries.record_poll(session, one, one.feeds[0], Seen("ok", found), known, NOW)
        entries.record_poll(session, one, one.feeds[0], Seen("ok", found), Validators("etag"), NOW)
        held = entries.lease(session, one.slug, holder, FETCHED, NOW)
        for number, lease in enumerate(held):
            entries.renew(session, lease)
            if number % 4 == 0:
                entries.failed(session, lease, "timeout", False, None, NOW)
            elif number % 4 == 1:
                entries.postponed(session, lease, "rate-limited", NOW)
            else:
                capture = captures.keep(session, one.slug, _page(lease))
                entries.fetched(session, lease, capture)
    archive = next(one for one in declared.sources.values() if one.sitemaps or one.listings)
    with database.session() as session:
        backfill.plan(session, archive, NOW.date() - timedelta(days=9), NOW.date(), NOW)
        for work in backfill.left(session, archive):
            backfill.advance(session, archive, work, [], NOW, place=1)
        backfill.waiting(session, archive.slug)


def _page(lease: entries.Lease) -> Received:
    said = "Полиция задержала журналиста у здания суда, адвоката к нему не пустили до вечера. " * 8
    page = f"<html><body><article><h1>Задержание</h1><p>{said}</p></article></body></html>"
    return Received(lease.url, lease.canonical_url, "direct", NOW, 200, {"content-type": ["text/html"]}, [],
                    page.encode())  # fmt: skip


def _texts(folder: Path) -> Path:
    """Some texts of the seed corpus as a file to be imported."""
    path = folder / "texts.jsonl"
    lines = [
        json.dumps({"id": f"plans-{number}", "title": text.title, "text": text.text, "source": "vlast",
                    "url": f"https://vlast.kz/novosti/{70_000 + number}-plans.html", "published_at": NOW.isoformat()})
        for number, text in enumerate(registry.seed_texts()[:IMPORTED])
    ]  # fmt: skip
    path.write_text("\n".join(lines))
    return path


def _look_again(database: Database, declared: Registry) -> None:
    with leases.holder(database.engine) as holder, database.session() as session:
        watching.due(session, declared.sources, NOW)
        for held in watching.lease(session, "vlast", holder, 5, NOW):
            watching.renew(session, held)
            watching.postponed(session, held, "timeout", NOW)
        canary.choose(session, declared.sources, NOW)
        for slug in canary.due(session, list(declared.sources), NOW)[:3]:
            held_canary = canary.lease(session, slug, holder, NOW)
            if held_canary is not None:
                canary.give_back(session, held_canary)


def pages(database: Database) -> set[str]:
    """Open every page of the desk as an admin, and decide on some alerts; the routes that were not opened."""
    app = create_app(database, token=TOKEN, secret_key="k" * 32, clock=lambda: NOW)
    opened = set[str]()
    with anyio.from_thread.start_blocking_portal() as portal:
        browser = Browser(app, portal).log_in("admin")
        with database.session() as session:
            wanted = list(addresses(session))
        for address in wanted:
            answer = browser.get(address)
            assert answer.status_code == (404 if address in WITHOUT_A_KEY else 200), (address, answer.status_code)
            opened |= {route_of(app, address), route_of(app, answer.url.path)}
        _decide(browser)
    return get_routes(app) - opened - NOT_OPENED - _of_the_frame(app)


def _of_the_frame(app: FastAPI) -> set[str]:
    return {path for path in get_routes(app) if path.startswith(("/static", "/docs"))}


def _decide(browser: Browser) -> None:
    for number, decision in enumerate(("confirm", "reject", "unsure", "escalate", "note", "duplicate")):
        page = browser.open(f"/?page={number + 1}")
        [to] = [link.get("href") for link in page.dom.cssselect("a.row-title")][:1]
        shown = browser.open(to)
        shown.decide(decision, reason="other" if decision == "reject" else "", note="Проверено.")
        browser.post(f"{to.split('?')[0]}/assignment", {"to": "me", "form_token": browser.form_token()})


def addresses(session: Session) -> Iterator[str]:
    """An address of each page, and of those that are asked in several ways one for each."""
    yield from (
        "/healthz", "/login", "/login/code", *WITHOUT_A_KEY, "/blank", "/me", "/people", "/people/log",
        f"/people/log?before={uuid4()}", "/models", "/missed", "/sources", "/sources/vlast", "/subscriptions",
        "/subscriptions/new", "/subscriptions/preview", "/subscriptions/preview?mode=weekly&label=raid&min_severity=2",
        "/readings", "/readings/audit", "/readings/next", "/readings/agreement", "/requests", "/metrics",
        "/overview", "/overview?weeks=52", "/overview?label=raid&region=KZ-75", "/overview/weeks.csv",
        "/overview/weeks.svg", "/api/v1/incidents", f"/api/v1/incidents?before={_some(session, tables.Incident.id)}",
        "/api/v1/sources", "/api/v1/models", "/api/v1/openapi.json", "/api/v1/alerts",
        "/api/v1/alerts?status=open&label=raid&language=ru&source=vlast&since=2026-01-01",
    )  # fmt: skip
    yield from (
        f"/?{asked}" for asked in (
            "", "page=20", "status=all", "status=confirmed", "label=raid", "language=kk", "source=vlast",
            "region=KZ-75", "assigned=me", "assigned=somebody", "assigned=nobody", "who=Ахметов", "escalated=1",
            "order=doubtful", "order=sure", "order=old", "order=new", "label=raid&source=vlast&language=kk&status=all",
        )
    )  # fmt: skip
    yield from (
        f"/search?q={asked}" for asked in (
            "полиция", "полиция&order=newest", "журналист суд&flagged=yes", "редкостное", "Ахметов&flagged=no",
            "полиция&language=kk&source=vlast&since=2026-01-01&until=2026-12-31&order=newest",
        )
    )  # fmt: skip
    for alert in session.scalars(select(tables.Alert.id).order_by(tables.Alert.id.desc()).limit(3)):
        yield from (f"/alerts/{alert}", f"/alerts/{alert}?order=doubtful&label=raid", f"/wrong/{alert}")
        yield from (f"/api/v1/alerts/{alert}", f"/api/v1/alerts/{alert}/reviews")
    yield f"/captures/{_some(session, tables.Capture.id)}"
    yield f"/requests/{_some(session, tables.Request.id)}"
    yield f"/subscriptions/{_some(session, tables.Subscriber.id)}"
    yield f"/readings/audit/{_some(session, tables.Article.id)}"


def _some(session: Session, column: object) -> UUID:
    found: UUID | None = session.scalar(select(column).limit(1))  # type: ignore[call-overload]
    assert found is not None
    return found
