"""Scoring on a real database: each text once by each champion, found by an index however many there are."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kzmonitor.classify import scoring
from kzmonitor.classify.model import Prediction as Said
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, Capture, Model, Prediction, Revision, Source, new_id

NOW = datetime.now(UTC)
DAYS = 90


class Fitted:
    """Says mail of what speaks of arrests, nearly of what speaks of courts, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict(self, texts: Sequence[tuple[str, str]], **_more: Any) -> list[Said]:
        self.asked += [body for _title, body in texts]
        return [self._said(body) for _title, body in texts]

    def _said(self, body: str) -> Said:
        if "арест" in body:
            return Said(0.9, True, "mail", ("detention",), {"detention": 0.9}, [], {"turn": "arrest", "names": ["Ә"]})
        return Said(0.2 if "суд" in body else 0.01, False, None, (), {"detention": 0.1}, [])


def a_model(session: Session, version: str, state: str = "champion") -> Model:
    row = Model(
        version=version, sha256=version.encode(), state=state, body=b"", trained_at=NOW, metrics={}, data_sha256=b"",
        taxonomy={},
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def articles(session: Session, texts: Sequence[str], age: timedelta = timedelta()) -> list[UUID]:
    session.merge(Source(slug="orda", name="Orda", tier=1, kind="outlet", languages=[], country="KZ", enabled=True))
    session.flush()
    made = []
    for body in texts:
        url = f"https://orda.example/{new_id()}"
        capture = Capture(
            id=new_id(), source="orda", url=url, canonical_url=url, route="direct", fetched_at=NOW, status=200,
            headers={}, hops=[], body=None, sha256=b"",
        )  # fmt: skip
        article = Article(id=new_id(), key=url, canonical_url=url, source="orda", first_seen=NOW)
        session.add_all([capture, article])
        session.flush()
        made.append(article.id)
        a_text(session, article, capture.id, body, age)
    return made


def a_text(session: Session, article: Article, capture: UUID, body: str, age: timedelta = timedelta()) -> None:
    id = UUID(int=new_id().int - (int(age.total_seconds() * 1000) << 80))
    revision = Revision(
        id=id, article_id=article.id, capture_id=capture, text_sha256=body.encode(), title="t", text=body,
        language="ru", script="cyrl", cut_by="feed", created_at=NOW - age,
    )  # fmt: skip
    session.add(revision)
    session.flush()
    article.current_revision = id
    session.flush()


def score_all(session: Session, model: Model, fitted: Fitted) -> Counter[str]:
    totals: Counter[str] = Counter()
    while done := scoring.score_waiting(session, model, fitted, DAYS, NOW, limit=2):  # type: ignore[arg-type]
        totals += done
        session.expire_all()
    return totals


def due(session: Session) -> set[UUID]:
    return set(session.scalars(select(Article.id).where(Article.clues_due)))


def test_each_text_is_scored_once_and_written_as_it_was_said(session: Session) -> None:
    model, fitted = a_model(session, "one"), Fitted()
    arrest, court, weather = articles(session, ["арест", "суд", "погода"])
    assert score_all(session, model, fitted) == {"mail": 1, "unflagged": 2}
    assert score_all(session, model, fitted) == {}
    assert sorted(fitted.asked) == ["арест", "погода", "суд"]
    said = session.scalars(select(Prediction).where(Prediction.tier == "mail")).one()
    assert (said.labels, said.probabilities, said.relevance) == (["detention"], {"detention": 0.9}, 0.9)
    assert said.fields == {"turn": "arrest", "names": ["Ә"]}
    assert due(session) == {arrest, court}, "flagged or nearly: their clues are to be read"
    assert weather not in due(session)


def test_an_edit_is_scored_and_the_earlier_text_back_again_is_not_asked_for_twice(session: Session) -> None:
    model, fitted = a_model(session, "one"), Fitted()
    [id] = articles(session, ["погода"])
    score_all(session, model, fitted)
    article = session.get_one(Article, id)
    first = session.get_one(Revision, article.current_revision)
    a_text(session, article, first.capture_id, "арест")
    assert score_all(session, model, fitted) == {"mail": 1}
    session.execute(update(Article).values(current_revision=first.id))
    session.expire_all()
    assert score_all(session, model, fitted) == {"unflagged": 1}
    assert fitted.asked == ["погода", "арест"]
    assert due(session) == set()


def test_a_new_champion_scores_what_is_new_enough_and_all_that_nobody_has(session: Session) -> None:
    old, fitted = a_model(session, "old"), Fitted()
    articles(session, ["давно"], age=timedelta(days=DAYS + 20))
    articles(session, ["недавно"], age=timedelta(days=3))
    score_all(session, old, fitted)
    old.state = "retired"
    session.flush()
    champion, newer = a_model(session, "new"), Fitted()
    articles(session, ["никем"], age=timedelta(days=DAYS + 30))
    assert score_all(session, champion, newer) == {"unflagged": 2}
    assert newer.asked == ["никем", "недавно"], "what nobody has scored comes first"


def test_a_champion_that_came_back_is_not_asked_again(session: Session) -> None:
    one, first = a_model(session, "one"), Fitted()
    [id] = articles(session, ["арест"])
    score_all(session, one, first)
    one.state = "retired"
    session.flush()
    two, second = a_model(session, "two"), Fitted()
    score_all(session, two, second)
    two.state = "retired"
    session.flush()
    one.state = "champion"
    session.execute(update(Article).values(clues_due=False))
    session.expire_all()
    assert score_all(session, one, first) == {"mail": 1}
    assert first.asked == ["арест"]
    assert session.get_one(Article, id).scored_by == one.id
    assert due(session) == {id}, "what this champion says of it is read anew"


def test_what_was_erased_is_not_scored(session: Session) -> None:
    model, fitted = a_model(session, "one"), Fitted()
    articles(session, ["арест"])
    session.execute(update(Capture).values(erased_at=NOW))
    assert score_all(session, model, fitted) == {}


@pytest.mark.parametrize("scored", [False, True])
def test_what_waits_is_found_without_reading_the_archive(database: Database, scored: bool) -> None:
    """The plans over ten thousand articles, none of which waits or all of which another model has scored."""
    with database.session() as session:
        other, model = a_model(session, "other", "retired"), a_model(session, "one")
        articles(session, ["x"])
        row = {"capture": session.scalars(select(Capture.id)).one(), "by": other.id}
        session.execute(
            text("""
            insert into article (id, key, canonical_url, source)
            select gen_random_uuid(), n::text, n::text, 'orda' from generate_series(1, 10000) as n
        """)
        )
        session.execute(
            text("""
            insert into revision (id, article, capture, text_sha256, title, text, language, script, cut_by, search)
            select id, id, :capture, '', '', '', 'ru', 'cyrl', 'feed', '' from article where current_revision is null
        """),
            row,
        )
        session.execute(
            text("""
            update article set current_revision = id, indexed_revision = id, scored_revision = id, scored_by = :by
            where current_revision is null
        """),
            row,
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze article, revision"))
    with database.session() as session:
        since = NOW - timedelta(days=DAYS)
        waiting = scoring._by_others(10, model, since) if scored else scoring._never(10)
        query = waiting.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = list(session.scalars(text(f"explain {query}")))
    assert not any("Seq Scan on article" in line or "Seq Scan on revision" in line for line in plan), "\n".join(plan)


def test_two_workers_share_what_waits(database: Database) -> None:
    with database.session() as session:
        old, champion = a_model(session, "old", "retired"), a_model(session, "new")
        articles(session, ["a", "b", "c", "d"])
        score_all(session, old, Fitted())
        articles(session, ["e", "f", "g", "h"])
        session.refresh(champion)
    for both in ({"e", "f", "g", "h"}, {"a", "b", "c", "d"}):
        with database.session() as one, database.session() as other:
            claims = [scoring.unscored(each, champion, NOW - timedelta(days=DAYS), 2) for each in (one, other)]
            assert {revision.text for claim in claims for revision in claim} == both
            for each, claim in zip((one, other), claims, strict=True):
                scoring.score(each, champion, Fitted(), claim)  # type: ignore[arg-type]
