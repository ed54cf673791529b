import io
from datetime import timedelta

from sqlalchemy import select

from kzmonitor.classify.labelled import read_jsonl
from kzmonitor.export.labels import COLUMNS, LABELS
from kzmonitor.export.run import export
from kzmonitor.export.tables import Wanted
from kzmonitor.store.tables import Account, Article, IncidentArticle, Review, new_id
from tests.export.conftest import MORNING


def account(session, name):
    person = Account(id=new_id(), pseudonym=name, role="reviewer", password_hash=None, disabled_at=None)
    session.add(person)
    session.flush()
    return person.id


def review(session, alert, by, labels, at=MORNING):
    article = session.scalar(
        select(Article)
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .where(IncidentArticle.incident_id == alert.incident_id)
    )
    session.add(
        Review(
            account_id=by, subject="alert", subject_id=alert.id, revision_id=article.current_revision,
            decision="correct" if labels else "reject", labels=labels, created_at=at,
        )
    )  # fmt: skip
    session.flush()


def cells(session, wanted=None):
    return [row.cells for batch in LABELS.rows(session, wanted or Wanted()) for row in batch]


def test_settled_texts_bear_the_labels_that_stand_and_no_reviewer(session, told):
    anna, berik, aisulu = (account(session, name) for name in ("anna", "berik", "aisulu"))
    sure, disputed, ordinary = told("Обыск", "Один."), told("Спор", "Два."), told("Погода", "Три.")
    for by in (anna, berik, aisulu):
        review(session, sure, by, ["raid"] if by != aisulu else ["raid", "detention"])
    review(session, disputed, anna, ["raid"])
    review(session, disputed, berik, None)
    review(session, ordinary, anna, None, at=MORNING + timedelta(days=1))
    rows = {row["title"]: row for row in cells(session)}
    assert set(rows) == {"Обыск", "Погода"}
    assert set(rows["Обыск"]) == {column.name for column in COLUMNS}
    assert (rows["Обыск"]["labels"], rows["Обыск"]["readers"]) == (["raid"], 3)
    assert rows["Погода"]["labels"] == []
    assert not any("anna" in str(value) for row in rows.values() for value in row.values())
    assert [row["title"] for row in cells(session, Wanted(since=MORNING + timedelta(hours=1)))] == ["Погода"]


def test_as_jsonl_it_is_what_training_reads(session, told, tmp_path):
    anna = account(session, "anna")
    for number in range(3):
        review(session, told(f"Обыск {number}", "Пришли."), anna, ["raid"])
    file = io.BytesIO()
    assert export(session, LABELS, file, "jsonl", Wanted()) == 3
    (tmp_path / "labels.jsonl").write_bytes(file.getvalue())
    texts = read_jsonl(tmp_path / "labels.jsonl")
    assert {text.labels for text in texts} == {frozenset({"raid"})}
    assert {text.lang for text in texts} == {"ru"}
    assert len({text.event for text in texts}) == 3
    assert all(text.date for text in texts)
