from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.classify import registry
from kzmonitor.classify.model import Classifier
from kzmonitor.learn.next import (
    audit_sample,
    disagreements,
    next_reviews,
    open_audit,
    queue_threshold,
    second_readings,
    uncertain,
    unlike,
)
from kzmonitor.learn.novelty import known_words, words
from kzmonitor.store.tables import Alert, Article, IncidentArticle, Model, Review, new_id
from tests.learn.conftest import NOW, passed_by, read, says, shown, version, view

DAY = date(2026, 11, 21)
THAT_DAY = datetime(2026, 11, 21, 9, tzinfo=UTC)
SINCE = NOW - timedelta(days=14)


@pytest.fixture
def model(session: Session) -> Model:
    return version(session, "now", "champion", queue=0.4)


def test_the_nearest_to_the_threshold_come_first_and_the_sure_ones_not_at_all(session: Session, model: Model) -> None:
    for number, relevance in enumerate([0.001, 0.2, 0.38, 0.45, 0.99, 1.0, 0.0]):
        passed_by(session, model, number, at=THAT_DAY, relevance=relevance)
    found = uncertain(session, model, SINCE, 10)
    assert [one.title for one in found] == ["Новость 2", "Новость 3", "Новость 1"]
    assert [one.title for one in uncertain(session, model, SINCE, 1)] == ["Новость 2"]


def test_what_was_reviewed_or_is_old_is_not_suggested(
    session: Session, model: Model, report: Callable[..., Alert]
) -> None:
    done = passed_by(session, model, 1, at=THAT_DAY, relevance=0.4)
    read(session, "anna", done, [], "uncertain")
    passed_by(session, model, 2, at=SINCE - timedelta(days=1), relevance=0.4)
    in_alert = passed_by(session, model, 3, at=THAT_DAY, relevance=0.4, tier="queue")
    alert = report(session, "Обыск", "Обыск в Алматы.", at=NOW)
    session.add(IncidentArticle(incident_id=alert.incident_id, article_id=in_alert.id, why="same", score=1, by="g"))
    assert [one.alert for one in uncertain(session, model, SINCE, 10)] == [alert.id]
    says(session, "anna", alert, [], revision=shown(session, alert).id)
    assert uncertain(session, model, SINCE, 10) == []


def test_what_another_version_sees_otherwise_is_suggested(session: Session, model: Model) -> None:
    other = version(session, "other", "candidate")
    same, flagged, labelled = (
        passed_by(session, model, number, at=THAT_DAY, relevance=0.9, tier="queue", labels=["raid"])
        for number in range(3)
    )
    view(session, other, same.id, 0.8, "queue", ["raid"])
    view(session, other, flagged.id, 0.1, None)
    view(session, other, labelled.id, 0.9, "queue", ["raid", "detention"])
    assert [one.article for one in disagreements(session, model, SINCE, 10)] == [flagged.id, labelled.id]


def test_words_that_nobody_knows_are_suggested_first(session: Session, model: Model) -> None:
    known = words("", "Обычная новость о погоде в городе")
    passed_by(session, model, 1, at=THAT_DAY, text="Обычные новости о погоде")
    passed_by(session, model, 2, at=THAT_DAY, title="Погода", text="Дроны спутники нейросети над городом")
    found = unlike(session, model, SINCE, 10, known)
    assert found[0].title == "Погода"
    assert found[0].score > found[1].score


def test_a_single_review_against_a_sure_model_brings_a_second(session: Session, model: Model) -> None:
    unlikely, likely, unsure, undone = (
        passed_by(session, model, number, at=THAT_DAY, relevance=relevance)
        for number, relevance in enumerate([0.01, 0.99, 0.5, 0.99])
    )
    read(session, "anna", unlikely, ["raid"], "audit")
    for article in (likely, unsure, undone):
        read(session, "anna", article, [], "uncertain")
    wrong = session.scalars(select(Review).where(Review.subject_id == undone.id)).one()
    session.add(
        Review(id=new_id(), subject="article", subject_id=undone.id, decision="undo", undoes=wrong.id, created_at=NOW)
    )
    assert {one.article for one in second_readings(session, model, 10)} == {unlikely.id, likely.id}
    read(session, "berik", likely, [], "second")
    assert [one.article for one in second_readings(session, model, 10)] == [unlikely.id]


def test_the_audit_is_the_same_all_day_and_another_the_next(session: Session, model: Model) -> None:
    for number in range(60):
        language = ("ru", "kk", "en")[number % 3]
        passed_by(session, model, number, at=THAT_DAY, language=language)
        passed_by(session, model, number, at=THAT_DAY + timedelta(days=1), language=language)
    drawn = audit_sample(session, model, DAY)
    assert drawn == audit_sample(session, model, DAY)
    assert sorted(one.language for one in drawn) == ["en"] * 3 + ["kk"] * 3 + ["ru"] * 3
    assert {one.revision for one in drawn}.isdisjoint(
        one.revision for one in audit_sample(session, model, DAY + timedelta(days=1))
    )
    read(session, "anna", session.get_one(Article, drawn[0].article), [], "audit")
    assert audit_sample(session, model, DAY) == drawn
    assert open_audit(session, model, DAY) == drawn[1:]


def test_the_audit_draws_every_article_alike(session: Session, model: Model) -> None:
    for number in range(40):
        for day in range(30):
            passed_by(session, model, number, at=THAT_DAY - timedelta(days=day), relevance=number / 50)
    drawn = [one.title for day in range(30) for one in audit_sample(session, model, DAY - timedelta(days=day), 10)]
    counts = [drawn.count(f"Новость {number}") for number in range(40)]
    assert sum(counts) == 300
    assert max(counts) <= 18
    assert abs(sum(counts[:20]) - 150) < 40


def test_the_audit_is_of_what_was_not_flagged(session: Session, model: Model, report: Callable[..., Alert]) -> None:
    passed_by(session, model, 1, at=THAT_DAY, relevance=0.9, tier="queue", labels=["raid"])
    copy = passed_by(session, model, 2, at=THAT_DAY)
    alert = report(session, "Обыск", "Обыск в Алматы.", at=NOW)
    session.add(IncidentArticle(incident_id=alert.incident_id, article_id=copy.id, why="same", score=1, by="g"))
    session.flush()
    assert audit_sample(session, model, DAY) == []


def test_suggestions_mix_all_reasons_and_name_no_article_twice(session: Session, model: Model) -> None:
    other = version(session, "other", "retired")
    for number in range(30):
        article = passed_by(session, model, number, at=THAT_DAY, relevance=0.3 + number / 100)
        view(session, other, article.id, 0.95, "mail" if number % 2 else None)
    found = next_reviews(session, model, NOW, known=known_words([]), limit=12)
    assert {one.why for one in found} == {"uncertain", "disagreement", "unlike", "audit"}
    assert len({one.article for one in found}) == len(found) == 12


def test_the_threshold_is_known_without_the_model_file(session: Session, model: Model, first_model: Classifier) -> None:
    assert queue_threshold(model) == 0.4
    kept = registry.add(session, first_model, "candidate", NOW)
    assert queue_threshold(kept) == first_model.thresholds.relevance.queue
    kept.metrics = first_model.metrics
    assert queue_threshold(kept) == first_model.thresholds.relevance.queue
