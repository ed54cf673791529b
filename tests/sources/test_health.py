"""How a source does: due in time, never calm when it is broken, and with advice for each state."""

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from kzmonitor.config import CHECKOUT
from kzmonitor.sources import health
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Article, Capture, Entry, Poll, Source, new_id

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
FEED = "https://dala.example/feed/"
SAY_STATES = {"Seen": 0, "Refused": 0, "PageError": 1}


def declared(slug: str = "dala", **facts: object) -> Declaration:
    return Declaration(slug=slug, name="D", languages=["ru"], hosts=["dala.example"], feeds=[FEED], **facts)


@pytest.fixture
def dala(session: Session) -> Session:
    for slug in ("dala", "orda"):
        session.add(Source(slug=slug, name="D", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    return session


def poll(
    session: Session, state: str, age: timedelta, url: str = FEED, source: str = "dala", error: str | None = None
) -> None:
    session.add(Poll(source=source, url=url, started=NOW - age, state=state, error=error))
    session.flush()


def entry(session: Session, age: timedelta) -> None:
    url = f"https://dala.example/{age}"
    session.add(Entry(source="dala", url=url, canonical_url=url, route="direct", found_at=NOW - age))
    session.flush()


def state(session: Session) -> str:
    return health.health(session, declared(), NOW).state


def test_sources_are_due_after_the_minutes_they_declare_longest_waiting_first(dala: Session) -> None:
    sources = {
        "dala": declared(every_minutes=10.0),
        "orda": declared("orda", every_minutes=3.0),
        "new": declared("new"),
        "off": declared("off", enabled=False),
    }
    poll(dala, "ok", timedelta(minutes=30))
    poll(dala, "timeout", timedelta(minutes=9))
    poll(dala, "ok", timedelta(minutes=4), source="orda")
    assert health.due(dala, sources, NOW) == ["new", "orda"]
    assert health.due(dala, sources, NOW + timedelta(minutes=2)) == ["new", "dala", "orda"]


def test_a_source_that_was_never_looked_at_says_so(dala: Session) -> None:
    assert state(dala) == "never"


def test_the_last_look_counts(dala: Session) -> None:
    entry(dala, timedelta(hours=2))
    poll(dala, "html-for-xml", timedelta(minutes=10), error="why")
    seen = health.health(dala, declared(), NOW)
    assert (seen.state, seen.error, seen.well, seen.last_success) == ("html-for-xml", "why", False, None)
    poll(dala, "not-modified", timedelta(minutes=5))
    seen = health.health(dala, declared(), NOW)
    assert (seen.state, seen.error, seen.well) == ("ok", None, True)
    assert (seen.last_success, seen.newest, seen.entries) == (NOW - timedelta(minutes=5), NOW - timedelta(hours=2), 1)


def test_one_broken_address_is_not_hidden_by_the_others(dala: Session) -> None:
    entry(dala, timedelta(hours=2))
    poll(dala, "ok", timedelta(minutes=1))
    poll(dala, "404", timedelta(minutes=2), url="https://dala.example/sitemap.xml")
    assert state(dala) == "404"


def test_an_address_that_is_no_longer_looked_at_is_forgotten(dala: Session) -> None:
    """A listing by date has a new address each day, and a retired feed leaves the declaration."""
    entry(dala, timedelta(hours=2))
    poll(dala, "404", timedelta(days=1), url="https://dala.example/2026/03/14/")
    poll(dala, "ok", timedelta(minutes=1))
    assert state(dala) == "ok"


def test_polls_that_bring_nothing_new_for_a_week_are_silence(dala: Session) -> None:
    poll(dala, "not-modified", timedelta(minutes=1))
    assert state(dala) == "silent"
    entry(dala, timedelta(days=8))
    assert state(dala) == "silent"
    entry(dala, timedelta(days=6))
    assert state(dala) == "ok"


def test_health_of_a_moment_knows_nothing_of_what_came_after(dala: Session) -> None:
    poll(dala, "ok", timedelta(minutes=10))
    entry(dala, timedelta(minutes=10))
    poll(dala, "timeout", timedelta(minutes=5))
    assert health.health(dala, declared(), NOW - timedelta(minutes=7)).state == "ok"


def said(tree: ast.Module) -> Iterator[str]:
    """The states that a module names: in calls that take one, and in the functions that choose one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAY_STATES:
            position = SAY_STATES[node.func.id]
            yield from texts(*node.args[position : position + 1])
            yield from texts(*(word.value for word in node.keywords if word.arg == "state"))
        if isinstance(node, ast.FunctionDef) and (node.name.startswith("state_of") or node.name == "_why_no_items"):
            yield from texts(*(inner for inner in ast.walk(node) if isinstance(inner, ast.Return)))


def texts(*nodes: ast.AST) -> Iterator[str]:
    """Constants in these nodes, but not what they are compared with."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif not isinstance(node, ast.Compare):
            yield from texts(*ast.iter_child_nodes(node))


def states_in_code() -> set[str]:
    files = [*Path(CHECKOUT, "spiders").glob("*.py"), *Path(CHECKOUT, "kzmonitor/collect").glob("*.py")]
    return {state for file in files for state in said(ast.parse(file.read_text()))}


def test_each_state_that_the_code_can_name_has_its_advice() -> None:
    states = states_in_code()
    assert {
        "empty",
        "html-for-xml",
        "private-address",
        "robots-unreachable",
        "403-wall",
        "too-large",
        "tampered",
    } <= states
    helpless = health.advice("no such state")
    assert [state for state in sorted(states | {"silent", "never", "418"}) if health.advice(state) == helpless] == []


def page(session: Session, age: timedelta, state: str | None, number: int) -> None:
    for _copy in range(number):
        url = f"https://dala.example/{new_id()}"
        row = Entry(source="dala", url=url, canonical_url=url, route="direct", found_at=NOW - age, error=state)
        row.state = "failed" if state else "found"
        session.add(row)
        session.flush()
        if state is None:
            capture = Capture(
                id=new_id(), source="dala", url=url, canonical_url=url, route="direct", fetched_at=NOW - age,
                status=200, headers={}, hops=[], body=None, sha256=b"\1" * 32,
            )  # fmt: skip
            session.add(capture)
            session.flush()
            row.state, row.capture_id, row.cut_id = "fetched", capture.id, capture.id
    session.flush()


def test_pages_that_give_no_text_are_the_state_of_the_source_though_its_feed_is_well(dala: Session) -> None:
    poll(dala, "ok", timedelta(minutes=1))
    page(dala, timedelta(hours=3), None, 2)
    page(dala, timedelta(hours=2), "layout-changed", 2)
    assert state(dala) == "ok"
    page(dala, timedelta(hours=2), "layout-changed", 3)
    assert state(dala) == "layout-changed"


def test_the_declared_share_of_pages_with_text_counts(dala: Session) -> None:
    poll(dala, "ok", timedelta(minutes=1))
    page(dala, timedelta(hours=3), None, 8)
    page(dala, timedelta(hours=2), "403-wall", 2)
    assert state(dala) == "ok"
    strict = declared(expect={"with_text": 0.9})
    assert health.health(dala, strict, NOW).state == "403-wall"


def test_pages_that_only_the_general_cutter_reads_have_lost_their_layout(
    dala: Session, published: Callable[..., Article]
) -> None:
    poll(dala, "ok", timedelta(minutes=1))
    page(dala, timedelta(hours=3), None, 6)
    for _page in range(4):
        published("dala", NOW - timedelta(hours=3), cut_by="trafilatura:layout-changed")
    assert state(dala) == "layout-changed"


def test_pages_of_last_week_are_forgiven(dala: Session) -> None:
    poll(dala, "ok", timedelta(minutes=1))
    page(dala, timedelta(days=5), "layout-changed", 20)
    assert state(dala) == "ok"


def test_many_sources_stand_as_each_does_alone(dala: Session) -> None:
    poll(dala, "ok", timedelta(minutes=1))
    entry(dala, timedelta(hours=1))
    poll(dala, "timeout", timedelta(minutes=1), source="orda")
    sources = {"dala": declared(), "orda": declared("orda"), "new": declared("new")}
    together = health.standings(dala, sources, NOW)
    assert {slug: one.state for slug, one in together.items()} == {"dala": "ok", "orda": "timeout", "new": "never"}
    for slug, declaration in sources.items():
        alone = health.health(dala, declaration, NOW)
        assert (alone.state, alone.newest, alone.last_success) == (
            together[slug].state,
            together[slug].newest,
            together[slug].last_success,
        )


def test_a_source_that_somebody_asks_for_is_due_once(dala: Session) -> None:
    sources = {"dala": declared(every_minutes=60.0)}
    poll(dala, "ok", timedelta(minutes=5))
    assert health.due(dala, sources, NOW) == []
    assert health.ask(dala, "dala", NOW)
    assert health.due(dala, sources, NOW) == ["dala"]
    poll(dala, "ok", timedelta(seconds=-20))
    assert health.due(dala, sources, NOW + timedelta(minutes=1)) == []
    assert not health.ask(dala, "nosuch", NOW)
