"""Canaries: which article is chosen, when it is looked at, and what counts as another page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kzmonitor.sources import canary
from kzmonitor.sources.canary import Seen
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Alert, Article, Canary, Capture, IncidentArticle

NOW = datetime(2026, 11, 11, 3, tzinfo=UTC)
TEXT = "Ten words of a text that is long enough here. " * 20
Published = Callable[..., Article]


def declared(slug: str = "dala", **facts: object) -> Declaration:
    given = {"hosts": [f"{slug}.example"], "feeds": [f"https://{slug}.example/"], "layouts": [{"body": "p"}]} | facts
    return Declaration(slug=slug, name=slug, languages=["ru"], **given)


@pytest.fixture
def known(session: Session, published: Published) -> Published:
    def write(at: datetime, title: str = "A title of some length", **more: object) -> Article:
        article = published("dala", at, title=title, text=TEXT, **more)
        session.execute(update(Capture).where(Capture.source == "dala").values(body=b"zstd"))
        return article

    return write


def chosen(session: Session, **facts: object) -> Canary | None:
    canary.choose(session, {"dala": declared(**facts)}, NOW)
    session.expire_all()
    return session.get(Canary, "dala")


def look(session: Session, seen: Seen, at: datetime) -> str | None:
    held = canary.lease(session, "dala", 1, at)
    assert held is not None
    return canary.record(session, held, seen, at)


def test_an_article_of_some_days_ago_is_chosen_before_one_of_today(session: Session, known: Published) -> None:
    known(NOW - timedelta(hours=7))
    old = known(NOW - timedelta(days=3))
    known(NOW - timedelta(days=6))
    found = chosen(session)
    assert found is not None
    assert (found.article_id, found.title, found.words) == (old.id, "A title of some length", 200)


def test_on_the_first_day_one_of_today_will_do_and_later_it_stays(session: Session, known: Published) -> None:
    first = known(NOW - timedelta(hours=7))
    found = chosen(session)
    assert found is not None
    assert found.article_id == first.id
    known(NOW - timedelta(days=3))
    again = chosen(session)
    assert again is not None
    assert again.article_id == first.id


@pytest.mark.parametrize(
    "spoilt",
    [{"cut_by": "trafilatura:layout-changed"}, {"route": "import"}, {"title": "Short"}],
    ids=["cut without its layout", "somebody else's copy", "no title"],
)
def test_what_was_not_cut_well_from_a_page_of_the_source_is_no_canary(
    session: Session, known: Published, spoilt: dict[str, str]
) -> None:
    known(NOW - timedelta(days=3), **spoilt)
    assert chosen(session) is None


def test_no_page_behind_an_incident_is_asked_for(
    session: Session, known: Published, report: Callable[..., Alert]
) -> None:
    alert = report(session, "T", "T", at=NOW, source="orda")
    article = known(NOW - timedelta(days=3))
    session.add(
        IncidentArticle(incident_id=alert.incident_id, article_id=article.id, why="copy", score=1.0, by="grouping")
    )
    session.flush()
    assert chosen(session) is None


def test_a_host_that_is_no_longer_declared_is_not_asked(session: Session, known: Published) -> None:
    known(NOW - timedelta(days=3))
    assert chosen(session, hosts=["new.example"], feeds=["https://new.example/"]) is None


def test_a_disabled_source_has_no_canary(session: Session, known: Published) -> None:
    known(NOW - timedelta(days=3))
    assert chosen(session, enabled=False) is None


def test_a_canary_is_looked_at_once_a_night_by_one_process(session: Session, known: Published) -> None:
    known(NOW - timedelta(days=3))
    found = chosen(session)
    assert found is not None
    assert canary.due(session, ["dala"], NOW) == ["dala"]
    held = canary.lease(session, "dala", 1, NOW)
    assert held is not None
    session.execute(update(Canary).values(holder=None, fence=Canary.fence + 1))
    assert canary.record(session, held, Seen("ok"), NOW) is None
    same = Seen("ok", found.title, found.words, found.published_at)
    assert look(session, same, NOW) == "ok"
    assert canary.due(session, ["dala"], NOW + timedelta(hours=2)) == []
    assert canary.due(session, ["dala"], NOW + timedelta(hours=23)) == ["dala"]


def test_since_when_a_state_lasts_and_when_another_article_is_chosen(session: Session, known: Published) -> None:
    known(NOW - timedelta(days=5), title="The first of the two")
    known(NOW - timedelta(days=3), title="The second of the two")
    assert chosen(session) is not None
    for night in range(4):
        assert look(session, Seen("404"), NOW + timedelta(days=night)) == "404"
        session.expire_all()
        assert session.get_one(Canary, "dala").since == NOW
    assert canary.choose(session, {"dala": declared()}, NOW + timedelta(days=3)) == ["dala"]
    session.expire_all()
    found = session.get_one(Canary, "dala")
    assert (found.title, found.state, found.looked_at) == ("The first of the two", None, None)


def test_behind_a_wall_the_canary_stays(session: Session, known: Published) -> None:
    known(NOW - timedelta(days=5))
    known(NOW - timedelta(days=3))
    assert chosen(session) is not None
    for night in range(5):
        look(session, Seen("403-wall"), NOW + timedelta(days=night))
    assert canary.choose(session, {"dala": declared()}, NOW + timedelta(days=5)) == []


KNOWN = Seen("ok", "Полиция задержала активистов", 200, datetime(2026, 11, 8, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Seen("ok", " полиция  задержала активистов", 165, datetime(2026, 11, 9, 18, tzinfo=UTC)), "ok"),
        (Seen("ok", "Дала: новости", 200, KNOWN.published_at), "title"),
        (Seen("ok", KNOWN.title, 159, KNOWN.published_at), "length"),
        (Seen("ok", KNOWN.title, 260, KNOWN.published_at), "length"),
        (Seen("ok", KNOWN.title, 200, datetime(2026, 11, 8, 18, tzinfo=UTC)), "date"),
        (Seen("ok", KNOWN.title, 200, None), "date"),
        (Seen("layout-changed"), "layout-changed"),
        (Seen("tls"), "tls"),
    ],
)
def test_what_counts_as_another_page(seen: Seen, state: str) -> None:
    assert canary.compared(KNOWN, seen) == state
