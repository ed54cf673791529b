"""Looking for candidates, on a real database."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.incidents import candidates
from kzmonitor.incidents.grouping import group_now
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, ClueToken, Incident, IncidentArticle, Source, new_id
from tests.incidents.stored_articles import NOW, STORY, a_model, an_article, count

ARTICLES, TOKENS = 60, 100


def test_clues_are_looked_up_by_index_even_when_statistics_saw_nothing_of_a_large_batch(database: Database) -> None:
    with database.session() as session:
        session.add(Source(slug="vlast", name="Vlast", tier=1, kind="outlet", languages=[], country="KZ", enabled=True))
        session.flush()
        ids = [new_id() for _ in range(ARTICLES)]
        rows = [
            {"id": id, "key": str(id), "canonical_url": str(id), "source": "vlast", "first_seen": NOW} for id in ids
        ]
        session.execute(insert(Article), rows)
        clues = [
            {"token": token, "told_at": NOW, "article_id": id, "reach_days": 3} for id in ids for token in range(TOKENS)
        ]
        session.execute(insert(ClueToken), clues)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            other.execute(text("analyze clue_token, article"))  # sees none of the rows, which are not committed
        given = {"articles": ids[:5], "tokens": [1] * 5, "since": [NOW] * 5, "till": [NOW] * 5}
        plan = session.scalars(text(f"explain {candidates.NEAR.text}"), given).all()
        assert any("Index" in line and "clue_token" in line for line in plan), plan
        assert not any("Seq Scan on clue_token" in line for line in plan), plan
        found = session.execute(candidates.NEAR, given).all()
    assert {row.article for row in found} == set(ids[:5])
    assert {row.other for row in found if row.article == ids[0]} == set(ids[1:])


def test_what_was_not_flagged_opens_nothing(session: Session) -> None:
    model = a_model(session)
    an_article(session, model, STORY, "vlast", tier=None)
    an_article(session, model, STORY, "azattyq", tier=None)
    assert group_now(session, NOW) == {"unflagged": 2}
    assert group_now(session, NOW) == {}
    assert count(session, Incident) == 0


@pytest.mark.parametrize("earlier", [True, False])
@pytest.mark.parametrize("comes_first", [True, False])
def test_an_unflagged_copy_is_a_source_of_the_incident_whenever_it_comes(
    session: Session, earlier: bool, comes_first: bool
) -> None:
    model = a_model(session)
    when = NOW + timedelta(hours=-1 if earlier else 1)
    cut = STORY.rsplit(". ", 1)[0]

    def copy() -> UUID:
        return an_article(session, model, cut, "azattyq", when=when, tier=None)

    before = [copy()] if comes_first else []
    group_now(session, NOW)
    flagged = an_article(session, model, STORY, "vlast")
    group_now(session, NOW)
    copied = (before or [copy()])[0]
    group_now(session, NOW)
    incident = session.scalars(select(Incident).where(Incident.redirect_to.is_(None))).one()
    rows = session.scalars(select(IncidentArticle).where(IncidentArticle.incident_id == incident.id)).all()
    assert {row.article_id for row in rows} == {flagged, copied}
    assert incident.labels == ["detention"]
    assert session.get_one(Article, copied).source == "azattyq"
    assert [alert.tier for alert in session.scalars(select(Alert))] == ["mail"]
    assert {row.article_id: row.why for row in rows} == (
        {copied: "first", flagged: "copy"} if earlier else {flagged: "first", copied: "copy"}
    )
