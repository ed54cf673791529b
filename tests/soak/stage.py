"""What stands before the first round: outlets, their declarations, and a database that was in use the day before."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import yaml
from sqlalchemy import text
from sqlalchemy.orm import Session

from kzmonitor.classify import persist, registry
from kzmonitor.collect import captures
from kzmonitor.config import Settings
from kzmonitor.digest import subscriptions
from kzmonitor.files import write_whole
from kzmonitor.newsroom import Newsroom, Outlet, declare
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.store import Database, partitions, schema
from kzmonitor.store.tables import Source
from tests.soak.plan import Plan

DESK = "desk@example.org"
FEED_ITEMS = 40
EXPECT = {"items_per_day": [5, 60], "with_text": 0.8}
# Under the fourteen minutes between two rounds: every round finds every source due.
EVERY_MINUTES = 10
DEFAULTS = text(
    """
    select table_name, column_name from information_schema.columns
    where table_schema = 'public' and column_default = 'now()'
    """
)


def layout_of(place: int) -> str:
    """The layout of the outlet in this place; the families in turn."""
    return list(LAYOUTS)[place % len(LAYOUTS)]


def nameless(slug: str) -> str:
    """A host of a source that no name server will ever know (RFC 6761)."""
    return f"feeds.{slug}.invalid"


def outlets_of(plan: Plan) -> list[Outlet]:
    """The outlets with what they published before the run."""
    before = [one for one in plan.items if one.at <= plan.start]
    return [
        Outlet(
            slug, layout_of(place),
            [replace(one.record, published=one.at) for one in before if one.slug == slug],
            now=plan.start, feed_items=FEED_ITEMS,
        )
        for place, slug in enumerate(plan.slugs)
    ]  # fmt: skip


def declared(newsroom: Newsroom, folder: Path, bad_port: int) -> Path:
    """The declarations of all outlets, with their pace and what is to be expected of them."""
    for path in declare(newsroom, folder, every_minutes=EVERY_MINUTES):
        declare_one(path, bad_port)
    return folder


def declare_one(path: Path, bad_port: int, *more: str) -> None:
    """Say in a declaration which hosts the source has beside its own; outside this machine one must be slow."""
    facts = yaml.safe_load(path.read_text())
    facts |= {"expect": EXPECT, "delay_s": 1.0 if more else 0.0}
    facts["hosts"] = [facts["hosts"][0], f"127.0.0.1:{bad_port}", *more]
    write_whole(path, yaml.safe_dump(facts, allow_unicode=True).encode())


def prepared(database: Database, plan: Plan, model: bytes | None, settings: Settings) -> None:
    """A database that was in use the day before: a model, a subscriber, and a first capture, from whose day on
    manifests are made (a capture's identifier holds the machine's clock, which the week lies before)."""
    schema.upgrade(database.engine)
    before = plan.start - timedelta(days=1)
    with database.session() as session:
        if model is None:
            registry.champion(session, plan.start)
        else:
            registry.add(session, persist.load(model), "champion", plan.start)
        wanted = subscriptions.Wanted(address=DESK, language="en")
        subscriptions.subscribe(session, wanted, settings, plan.start)
        values = {"name": "Day before", "tier": 1, "kind": "local", "languages": ["en"], "country": "KZ"}
        session.add(Source(slug="day-before", enabled=False, **values))
        session.flush()
        received = captures.Received(
            "http://127.0.0.1/",
            "http://127.0.0.1/",
            "direct",
            before,
            404,
            {"Content-Type": ["text/plain"]},
            (),
            b"gone",
        )
        first = captures.made("day-before", received)
        first.id = partitions.first_id(before)
        session.add(first)
        session.flush()
        _virtual(session)


def _virtual(session: Session) -> None:
    """Let the defaults of all columns that are now() tell the time of soak.clock, which each round sets."""
    session.execute(text("create schema soak"))
    session.execute(text("create table soak.clock (moment timestamptz not null, machine timestamptz not null)"))
    body = "select moment + (now() - machine) from soak.clock"
    session.execute(text(f"create function soak.now() returns timestamptz language sql stable as '{body}'"))
    for table, column in session.execute(DEFAULTS).all():
        session.execute(text(f'alter table "{table}" alter column "{column}" set default soak.now()'))
