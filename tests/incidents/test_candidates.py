"""Looking for candidates, on a real database."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from kzmonitor.incidents import candidates
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, ClueToken, Source, new_id

NOW = datetime(2025, 11, 4, tzinfo=UTC)
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
