"""What an import or a backfill brought is never news by itself, and neither hides nor repeats what is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kzmonitor.digest.period import Period
from kzmonitor.digest.selection import select_digest
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Alert, AlertEvent, Article, IncidentArticle
from tests.digest.conftest import END, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def told(session: Session, end: datetime = END) -> Sequence[tuple[str, str]]:
    """What the digest that ends at `end` tells: kind and title of each alert."""
    digest = select_digest(session, Period(end - DAY, end), {})
    return [(item.kind, item.title) for item in digest.items]


def article_of(session: Session, alert: UUID) -> UUID:
    query = select(IncidentArticle.article_id).join(Alert, Alert.incident_id == IncidentArticle.incident_id)
    return session.scalars(query.where(Alert.id == alert).order_by(IncidentArticle.created_at)).all()[0]


def imported(session: Session, world: World, title: str = "Старое дело", **more: datetime) -> UUID:
    """An alert that an old, imported article opened."""
    alert = world.alert(title, published_at=END - 900 * DAY, **more)
    session.execute(update(Article).where(Article.id == article_of(session, alert)).values(tell=False))
    return alert


def joins(session: Session, alert: UUID, article: UUID, at: datetime) -> None:
    incident = session.scalars(select(Alert.incident_id).where(Alert.id == alert)).one()
    session.add(IncidentArticle(incident_id=incident, article_id=article, why="copy", score=1.0, by="grouping",
                                created_at=at))  # fmt: skip
    session.flush()


def test_an_imported_report_is_in_no_digest_and_a_live_one_beside_it_is(session: Session, world: World) -> None:
    imported(session, world)
    world.alert("Свежее дело")
    assert told(session) == [("opened", "Свежее дело")]


def test_nor_is_it_when_a_person_confirms_it(session: Session, world: World) -> None:
    alert = imported(session, world)
    world.decide(alert, "confirm", END - HOUR)
    assert told(session) == []


def test_it_is_told_when_a_live_report_joins_and_once(session: Session, world: World) -> None:
    alert = imported(session, world, ready_at=END - 3 * DAY)
    fresh = article_of(session, world.alert("Свежая заметка", ready_at=END - 9 * DAY))
    before = told(session, END - 2 * DAY)
    joins(session, alert, fresh, END - 2 * HOUR)
    assert told(session) == [("opened", "Старое дело")]
    # A digest that was sent before is the same when it is rendered again.
    assert told(session, END - 2 * DAY) == before == []
    assert told(session, END + DAY) == []


def test_an_import_that_joins_a_live_alert_changes_nothing(session: Session, world: World) -> None:
    alert = world.alert("Свежее дело")
    old = article_of(session, imported(session, world, "Старая заметка"))
    joins(session, alert, old, END - HOUR)
    kept = told(session)
    assert [kind for kind, _title in kept] == ["opened"]
    assert told(session, END + DAY) == []


def test_a_new_turn_told_by_a_live_report_is_told(session: Session, world: World) -> None:
    alert = imported(session, world, ready_at=END - 30 * DAY)
    fresh = article_of(session, world.alert("Приговор", ready_at=END - 60 * DAY))
    joins(session, alert, fresh, END - 5 * DAY)
    session.add(AlertEvent(alert_id=alert, kind="renewed", article_id=fresh, ready_at=END - HOUR))
    session.flush()
    assert [kind for kind, _title in told(session)] == ["renewed"]


def test_what_a_subscriber_is_owed_leaves_it_out_too(
    session: Session, world: World, declarations: dict[str, Declaration]
) -> None:
    imported(session, world)
    world.alert("Свежее дело")
    digest = select_digest(session, Period(END - 9 * DAY, END), declarations)
    assert [item.title for item in digest.items] == ["Свежее дело"]
