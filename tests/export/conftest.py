"""A small month of news: incidents with alerts, articles, parties, reviews and a campaign."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Alert, Article, IncidentArticle, Party, Prediction, Proceeding, new_id
from tests.conftest import report_of

MORNING = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
Told = Callable[..., Alert]


@pytest.fixture
def told(session: Session) -> Told:
    """`report_of` in this session, with `fields` of the model; each call is a day later than the one before."""
    days = iter(range(10_000))

    def tell(title: str, text: str, *, fields: dict[str, Any] | None = None, **about: Any) -> Alert:
        alert = report_of(session, title, text, at=MORNING + timedelta(days=next(days)), **about)
        if fields is not None:
            latest = article_of(session, alert).current_revision
            session.execute(update(Prediction).where(Prediction.revision_id == latest).values(fields=fields))
        return alert

    return tell


def article_of(session: Session, alert: Alert) -> Article:
    """The article that was told last of an alert's incident."""
    links = session.query(IncidentArticle).filter(IncidentArticle.incident_id == alert.incident_id)
    return session.get_one(Article, max(link.article_id for link in links))


def party_of(
    session: Session,
    alert: Alert,
    names: Sequence[str],
    *,
    kind: str = "person",
    status: str = "detained",
    gazetteer: str | None = None,
    history: Sequence[dict[str, Any]] = (),
) -> Party:
    """A party of the alert's incident with its proceeding."""
    party = Party(id=new_id(), key=f"{kind}:{names[0]}", kind=kind, names=list(names), gazetteer=gazetteer)
    session.add(party)
    session.flush()
    session.add(
        Proceeding(
            incident_id=alert.incident_id, party_id=party.id, status=status, since=MORNING, history=list(history)
        )
    )
    session.flush()
    return party
