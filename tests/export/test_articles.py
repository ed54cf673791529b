from datetime import timedelta

from sqlalchemy import select

from kzmonitor.export.articles import ARTICLES, COLUMNS
from kzmonitor.export.tables import Wanted
from kzmonitor.incidents.reviews import decide
from kzmonitor.store.tables import IncidentArticle, Prediction, Revision
from tests.export.conftest import MORNING, article_of, party_of


def cells(session, wanted=None):
    return [row.cells for batch in ARTICLES.rows(session, wanted or Wanted()) for row in batch]


def test_a_row_holds_what_the_page_said_and_what_the_model_says(session, told):
    alert = told("Задержан активист", "В Алматы задержан.", url="https://vlast.example/1", fields={"turn": "pressure"})
    (row,) = cells(session)
    assert set(row) >= {column.name for column in COLUMNS if not column.asked}
    assert (row["title"], row["language"], row["source"]) == ("Задержан активист", "ru", "vlast")
    assert (row["url"], row["published_at"]) == ("https://vlast.example/1", MORNING)
    assert (row["tier"], row["labels"], row["model"], row["turn"]) == ("mail", ["detention"], "test-1", "pressure")
    assert (row["incident"], row["capture_sha256"]) == (alert.incident_id, "01" * 32)


def test_the_text_is_there_only_when_it_is_asked_for(session, told):
    told("Задержан", "Весь текст.")
    names = [column.name for column in ARTICLES.of(Wanted()).columns]
    assert "text" not in names
    wanted = Wanted(with_text=True)
    assert [column.name for column in ARTICLES.of(wanted).columns if column.name not in names] == ["text"]
    assert [row["text"] for row in cells(session, wanted)] == ["Весь текст."]


def test_articles_that_nobody_flagged_or_scored_are_rows_too(session, told):
    told("Погода", "Снег.")
    session.query(IncidentArticle).delete()
    session.query(Prediction).delete()
    (row,) = cells(session)
    assert (row["incident"], row["relevance"], row["tier"], row["labels"]) == (None, None, None, [])


def test_the_current_text_of_an_edited_article_is_the_one(session, told):
    alert = told("Раньше", "Старый текст.")
    article, old = article_of(session, alert), session.scalars(select(Revision)).one()
    new = Revision(
        article_id=article.id, capture_id=old.capture_id, text_sha256=b"2", title="Теперь", text="Новый.",
        language="ru", script="cyrl", published_at=old.published_at, cut_by="feed",
    )  # fmt: skip
    session.add(new)
    session.flush()
    article.current_revision = new.id
    session.flush()
    assert [row["title"] for row in cells(session)] == ["Теперь"]


def test_since_until_and_status_narrow_it(session, told):
    alerts = [told(f"Новость {number}", "Задержан.") for number in range(3)]
    decide(session, alerts[2].id, "reject", reason="other", now=MORNING)
    day = timedelta(days=1)
    assert [row["title"] for row in cells(session, Wanted(since=MORNING + day, until=MORNING + 2 * day))] == [
        "Новость 1"
    ]
    assert [row["title"] for row in cells(session, Wanted(statuses=["open"]))] == ["Новость 0", "Новость 1"]


def test_who_is_named_in_it_is_known_from_the_parties_of_its_incident(session, told):
    alert = told("Задержан", "Мамай.", fields={"targets": [{"name": "Айгуль Тлеу", "kind": "person", "id": None}]})
    party_of(session, alert, ["Жанболат Мамай", "Zhanbolat Mamay"])
    party_of(session, alert, ["Фонд «Эхо»"], kind="NGO")
    (row,) = [row for batch in ARTICLES.rows(session, Wanted()) for row in batch]
    assert set(row.persons) == {("Жанболат Мамай", "Zhanbolat Mamay"), ("Айгуль Тлеу",)}
