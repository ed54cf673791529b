"""What a look leaves in the database, where no crawl is needed to see it."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.collect.captures import Received
from kzmonitor.collect.importing import Brought, bring
from kzmonitor.collect.records import HTML_TYPE, RECORD_TYPE
from kzmonitor.evidence import recording, watching
from kzmonitor.evidence.watching import Held
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.registry import Registry
from kzmonitor.store.tables import (
    Alert,
    Article,
    Capture,
    Incident,
    IncidentArticle,
    PageEvent,
    Revision,
    Watch,
    new_id,
)

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "https://dala.example/n/17"
OLD = (
    "Полиция Алматы задержала пятерых активистов у здания акимата и увезла их в районный отдел. "
    "К вечеру всех отпустили, но суд назначен на пятницу, сообщил адвокат задержанных."
)
NEW = OLD.replace("пятерых", "двоих")


def declared(*bodies: str) -> Declaration:
    return Declaration(
        slug="dala", name="Дала", languages=("ru",), hosts=("dala.example",), feeds=("https://dala.example/rss",),
        layouts=tuple({"title": "h1", "body": body} for body in bodies), url_id=r"^https?://dala\.example/n/(?P<id>\d+)",
    )  # fmt: skip


DALA = declared("article p", "main p")


def page(words: str, box: str = "article") -> bytes:
    return f"<html><body><h1>Задержание</h1><{box}><p>{words}</p></{box}></body></html>".encode()


def received(body: bytes, now: datetime, status: int = 200) -> Received:
    return Received(URL, URL, "direct", now, status, {"Content-Type": [HTML_TYPE]}, [], body)


def stored(session: Session, body: bytes, kind: str = HTML_TYPE, *, own: bool = True) -> Held:
    """A watched page whose last good version this is, and the lease of its look."""
    brought = Brought(where="a.jsonl:1", url=URL, body=body, headers={"Content-Type": [kind]}, text="x")
    outcomes: Counter[str] = Counter()
    bring(session, Registry({"dala": DALA}, ()), [brought], NOW - 2 * HOUR, outcomes)
    assert outcomes == {"new": 1}
    if own:
        session.execute(text("update capture set route = 'direct'"))
    article = session.scalars(select(Article)).one()
    incident = Incident(id=new_id(), title="x", first_seen=NOW, last_seen=NOW, labels=["detention"], severity=3)
    session.add(incident)
    session.flush()
    session.add(IncidentArticle(incident_id=incident.id, article_id=article.id, why="first", score=1.0, by="grouping"))
    session.add(Alert(id=new_id(), incident_id=incident.id, tier="mail", score=0.9, opened_at=NOW))
    session.flush()
    assert watching.due(session, {"dala": DALA}, NOW) == ["dala"]
    [held] = watching.lease(session, "dala", 1, 5, NOW)
    return held


def looked(
    session: Session, held: Held, body: bytes, now: datetime = NOW, declaration: Declaration = DALA
) -> str | None:
    return recording.record(session, held, declaration, "ok", received(body, now), now)


def test_an_edit_in_another_layout_asks_for_a_person(session: Session) -> None:
    held = stored(session, page(OLD))
    assert looked(session, held, page(NEW, "main")) == "changed"
    event = session.scalars(select(PageEvent)).one()
    assert (event.kind, event.confirmed) == ("changed", False)


def test_a_new_layout_with_the_old_text_is_nothing(session: Session) -> None:
    held = stored(session, page(OLD))
    assert looked(session, held, page(OLD, "main")) == "good"
    assert session.scalars(select(PageEvent)).all() == []


def test_a_cutter_that_changed_is_no_edit(session: Session) -> None:
    """Since the page was cut the declaration has learned to leave out a paragraph."""
    both = f"<html><body><h1>Задержание</h1><article><p>{OLD}</p><p class=ad>Подпишитесь на наш канал.</p></article>"
    held = stored(session, both.encode())
    assert looked(session, held, both.encode(), declaration=declared("article p:not(.ad)")) == "good"
    assert session.scalars(select(PageEvent)).all() == []


def test_the_first_look_at_an_imported_page_only_sets_what_is_compared_later(session: Session) -> None:
    record = json.dumps({"url": URL, "title": "Задержание", "text": OLD.replace("увезла", "отвезла")}).encode()
    held = stored(session, record, RECORD_TYPE, own=False)
    [current] = session.scalars(select(Article.current_revision))
    assert looked(session, held, page(OLD)) == "baseline"
    assert session.scalars(select(PageEvent)).all() == []
    watch = session.scalars(select(Watch)).one()
    assert session.get_one(Capture, watch.good_capture).route == "direct"
    session.execute(text("update watch set next_at = :now"), {"now": NOW})
    [held] = watching.lease(session, "dala", 1, 5, NOW)
    assert looked(session, held, page(NEW), NOW + HOUR) == "changed"
    event = session.scalars(select(PageEvent)).one()
    assert event.before_revision != current


def test_an_erased_version_is_still_compared_with_by_its_text(session: Session) -> None:
    held = stored(session, page(OLD))
    session.execute(text("update capture set body = null, erased_at = now(), erased_why = 'rule'"))
    session.expire_all()
    assert looked(session, held, page(NEW)) == "changed"


def test_a_look_whose_lease_was_taken_over_writes_nothing(session: Session) -> None:
    held = stored(session, page(OLD))
    [taken_over] = watching.lease(session, "dala", 2, 5, NOW)  # holder 1 is no living process
    assert not watching.renew(session, held)
    assert looked(session, held, page(NEW)) is None
    assert not watching.postponed(session, held, "rate-limited", NOW)
    assert session.scalars(select(PageEvent)).all() == []
    assert looked(session, taken_over, page(NEW)) == "changed"


@pytest.mark.parametrize("body", [b"", b"\x00\xff" * 500, b"<html>" * 5000, b"<title>404</title>"])
def test_hostile_pages_end_in_a_doubt(session: Session, body: bytes) -> None:
    held = stored(session, page(OLD))
    outcome = looked(session, held, body)
    assert outcome is not None
    assert outcome.startswith("doubt:")
    assert len(session.scalars(select(Revision)).all()) == 1


def test_a_page_whose_host_is_declared_no_more_is_asked_at_its_own_address(session: Session) -> None:
    mirrored = Held(new_id(), "https://mirror.example/n/17", URL, 1)
    assert watching.address_of(mirrored, DALA, NOW) == URL
    assert watching.address_of(Held(new_id(), "https://x.example/", "urn:sha256:00", 1), DALA, NOW) is None
