"""What a person finds that no model flagged becomes an incident, and stays what people say of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.classify import scoring
from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, by_hand, candidates, duplicates, grouping, reviews
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Incident,
    IncidentArticle,
    Model,
    Prediction,
    Review,
    Revision,
)

NOW = datetime(2025, 11, 3, 12, tzinfo=UTC)
Report = Callable[..., Alert]
TITLE = "Активистку Айгерим Тлеуову оштрафовали в Актобе"
TEXT = "Суд в Актобе оштрафовал активистку Айгерим Тлеуову на 100 МРП за пост о выборах. Она подаст апелляцию."


@pytest.fixture
def passed_by(session: Session, report: Report) -> Article:
    """An article that the champion let pass: it stands in no incident."""
    return let_pass(session, report, TITLE, TEXT)


def let_pass(session: Session, report: Report, title: str, text: str, at: datetime = NOW) -> Article:
    alert = report(session, title, text, at=at, labels=[], relevance=0.2)
    told = session.scalars(select(IncidentArticle).where(IncidentArticle.incident_id == alert.incident_id)).one()
    article = session.get_one(Article, told.article_id)
    said = session.scalars(select(Prediction).where(Prediction.revision_id == article.current_revision)).one()
    said.tier = None
    incident = session.get_one(Incident, alert.incident_id)
    for row in (told, *session.scalars(select(AlertEvent).where(AlertEvent.alert_id == alert.id)), alert, incident):
        session.delete(row)
        session.flush()
    return article


def test_an_article_that_a_person_labels_becomes_a_confirmed_alert(session: Session, passed_by: Article) -> None:
    opened = by_hand.open_by_hand(session, passed_by.id, ["prosecution"], None, NOW, note="seen on a mailing list")
    view = alerts.alert(session, opened.alert_id)
    assert view is not None
    assert opened.new
    assert (view.line.status, view.line.labels, view.line.tier) == ("confirmed", ["prosecution"], "mail")
    assert [article.id for article in view.articles] == [passed_by.id]
    assert [event.kind for event in view.events][:1] == ["opened"]
    assert view.line.severity >= 1
    incident = session.get_one(Incident, view.line.incident_id)
    assert (incident.labels, incident.title) == (["prosecution"], TITLE)


def test_the_word_is_kept_once_as_a_review_of_the_text(session: Session, passed_by: Article) -> None:
    opened = by_hand.open_by_hand(session, passed_by.id, ["prosecution"], None, NOW, why="audit", note="n")
    [word] = session.scalars(select(Review).where(Review.revision_id == passed_by.current_revision))
    assert word.id == opened.review
    assert (word.subject, word.subject_id, word.fields, word.note) == ("article", passed_by.id, {"why": "audit"}, "n")


def test_an_article_that_was_flagged_already_is_left_as_it_stands(session: Session, report: Report) -> None:
    alert = report(session, TITLE, TEXT, at=NOW)
    article = session.scalars(select(IncidentArticle.article_id)).one()
    opened = by_hand.open_by_hand(session, article, ["raid"], None, NOW)
    assert opened == by_hand.Opened(alert.id, new=False, review=None)
    assert session.scalar(select(func.count()).select_from(Review)) == 0


def test_grouping_anew_keeps_what_a_person_said(session: Session, passed_by: Article) -> None:
    opened = by_hand.open_by_hand(session, passed_by.id, ["prosecution"], None, NOW)
    grouping.group_again(session, [passed_by.id], NOW + timedelta(days=1))
    view = alerts.alert(session, opened.alert_id)
    assert view is not None
    assert (view.line.tier, session.get_one(Incident, view.line.incident_id).labels) == ("mail", ["prosecution"])


def test_a_copy_joins_the_incident_of_its_original_whose_alert_nobody_decides(session: Session, report: Report) -> None:
    first = let_pass(session, report, TITLE, TEXT * 3)
    second = let_pass(session, report, "Другой заголовок", TEXT * 3, NOW + timedelta(hours=2))
    one = by_hand.open_by_hand(session, first.id, ["prosecution"], None, NOW)
    other = by_hand.open_by_hand(session, second.id, ["prosecution"], None, NOW)
    assert (other.alert_id, other.new) == (one.alert_id, False)
    assert len(alerts.history(session, one.alert_id)) == 1


def test_it_is_found_by_flagged_articles_that_come_later(session: Session, report: Report) -> None:
    first = let_pass(session, report, TITLE, TEXT * 3)
    one = by_hand.open_by_hand(session, first.id, ["prosecution"], None, NOW)
    later = let_pass(session, report, "Другой заголовок", TEXT * 3, NOW + timedelta(hours=2))
    said = session.scalars(select(Prediction).where(Prediction.revision_id == later.current_revision)).one()
    said.tier, said.labels = "queue", ["prosecution"]
    scoring.mark(session, said.model_id, [said.revision_id])
    grouping.group_now(session, NOW)
    assert by_hand.alert_of(session, later.id) == one.alert_id


@pytest.mark.parametrize("labels", [[], ["nonsense"], ["raid", "nonsense"]])
def test_labels_that_make_no_sense_are_refused_and_leave_nothing(
    session: Session, passed_by: Article, labels: list[str]
) -> None:
    with pytest.raises(InputError):
        by_hand.open_by_hand(session, passed_by.id, labels, None, NOW)
    assert session.scalar(select(func.count()).select_from(Review)) == 0
    assert by_hand.alert_of(session, passed_by.id) is None


def test_an_article_without_a_text_is_refused(session: Session, passed_by: Article) -> None:
    passed_by.current_revision = None
    session.flush()
    for article in (passed_by.id, uuid4()):
        with pytest.raises(InputError, match="not known yet"):
            by_hand.open_by_hand(session, article, ["raid"], None, NOW)


def test_what_the_champion_has_not_read_is_scored_on_the_way(
    champion: object, database: object, report: Report
) -> None:
    with database.session() as session:  # type: ignore[attr-defined]
        article = let_pass(session, report, TITLE, TEXT)
        for said in session.scalars(select(Prediction)):
            session.delete(said)
        session.flush()
        opened = by_hand.open_by_hand(session, article.id, ["prosecution"], None, NOW)
        model = session.scalars(select(Model).where(Model.state == "champion")).one()
        assert session.get(Prediction, (article.current_revision, model.id)) is not None
        stands = alerts.standing(session, opened.alert_id)
        assert stands is not None
        assert (stands.status, stands.labels) == ("confirmed", ["prosecution"])


def say(session: Session, article: Article, labels: list[str], by: UUID | None = None) -> None:
    by_hand.word(session, article, labels, by, NOW, fields={"adjudicates": True})
    grouping.lock(session)
    by_hand.follow(session, article, labels, by, NOW)


def test_its_alert_follows_what_is_said_of_the_article_later(session: Session, passed_by: Article) -> None:
    opened = by_hand.open_by_hand(session, passed_by.id, ["prosecution"], None, NOW)
    stood = []
    for labels in (["detention"], [], ["raid"]):
        say(session, passed_by, labels)
        stands = alerts.standing(session, opened.alert_id)
        assert stands is not None
        stood.append((stands.status, stands.labels if stands.status == "confirmed" else []))
    assert stood == [("confirmed", ["detention"]), ("rejected", []), ("confirmed", ["raid"])]


def test_a_decision_on_the_alert_itself_is_not_changed_by_words_on_the_article(
    session: Session, passed_by: Article
) -> None:
    opened = by_hand.open_by_hand(session, passed_by.id, ["prosecution"], None, NOW)
    seen = alerts.version(session, opened.alert_id)
    reviews.decide(session, opened.alert_id, "duplicate", seen_version=seen, now=NOW)
    say(session, passed_by, ["raid"])
    stands = alerts.standing(session, opened.alert_id)
    assert stands is not None
    assert stands.status == "duplicate"


def test_what_nobody_labelled_is_not_opened_by_a_word_that_denies(session: Session, passed_by: Article) -> None:
    say(session, passed_by, [])
    assert by_hand.alert_of(session, passed_by.id) is None


def test_indexing_one_article_leaves_the_others_waiting(session: Session, report: Report) -> None:
    one, other = (let_pass(session, report, f"t {number}", TEXT * 2) for number in (1, 2))
    duplicates.index(session, [one.id])
    assert duplicates.copies(session, other.id, TEXT * 2) == [duplicates.Copy(one.id, 1.0)]
    text = session.get_one(Revision, one.current_revision).text
    assert duplicates.copies(session, one.id, text) == []
    assert candidates.tellings(session, [one.id]) == []
