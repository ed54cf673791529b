"""The audit as work: a few articles a day, each looked at once; what is found becomes an incident and is counted."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, by_hand
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.learn import auditing
from kzmonitor.learn.missed import missed
from kzmonitor.learn.next import audit_sample
from kzmonitor.store.tables import Article, Model
from tests.learn.conftest import NOW, passed_by, reader, version

DAY = timedelta(days=1)


@pytest.fixture
def model(session: Session) -> Model:
    return version(session, "v", "champion")


@pytest.fixture
def articles(session: Session, model: Model) -> list[Article]:
    """Eight of yesterday that no model flagged."""
    return [passed_by(session, model, number, at=NOW - DAY) for number in range(8)]


def look(session: Session, article: Article, by: str, *labels: str, decision: str = "") -> None:
    decision = decision or ("correct" if labels else "reject")
    who = reader(session, by)
    assert article.current_revision
    auditing.look(session, article.id, article.current_revision, who, decision, labels=labels, now=NOW)


def first(session: Session) -> Article:
    return session.get_one(Article, auditing.waiting(session, NOW)[0].article)


def test_the_last_three_days_wait_the_oldest_first(session: Session, model: Model) -> None:
    made = {back: passed_by(session, model, back, at=NOW - back * DAY).id for back in (0, 1, 2, 3, 4)}
    assert [one.article for one in auditing.waiting(session, NOW)] == [made[3], made[2], made[1]]


def test_each_article_is_looked_at_once(session: Session, articles: list[Article]) -> None:
    for left in (3, 2, 1):
        waiting = auditing.waiting(session, NOW)
        assert len(waiting) == left
        look(session, session.get_one(Article, waiting[0].article), "anna")
    assert auditing.waiting(session, NOW) == []


def test_a_relevant_one_becomes_a_confirmed_alert_and_a_known_miss(
    session: Session, model: Model, articles: list[Article]
) -> None:
    article = first(session)
    look(session, article, "anna", "detention")
    alert = by_hand.alert_of(session, article.id)
    assert alert is not None
    stands = alerts.standing(session, alert)
    assert stands is not None
    assert (stands.status, stands.labels) == ("confirmed", ["detention"])
    counted = missed(session, model, NOW - 2 * DAY, NOW)
    assert [(one.articles, one.audited, one.relevant) for one in counted.strata] == [(8, 1, 1)]


def test_what_is_found_is_not_replaced_by_another_draw(session: Session, model: Model, articles: list[Article]) -> None:
    day = (NOW - DAY).date()
    before = [one.article for one in audit_sample(session, model, day)]
    look(session, first(session), "anna", "detention")
    assert [one.article for one in audit_sample(session, model, day)] == before


def test_the_second_who_looks_is_told(session: Session, articles: list[Article]) -> None:
    article = first(session)
    look(session, article, "anna")
    with pytest.raises(Conflict, match="somebody else looked"):
        look(session, article, "berik", "detention")
    assert by_hand.alert_of(session, article.id) is None


def test_who_read_a_text_that_was_edited_is_told(session: Session, articles: list[Article]) -> None:
    one, other = articles[:2]
    assert other.current_revision
    with pytest.raises(Conflict, match="changed this text"):
        auditing.look(session, one.id, other.current_revision, None, "reject", now=NOW)


def test_a_look_can_be_taken_back_with_all_that_it_did(session: Session, articles: list[Article]) -> None:
    article = first(session)
    who = reader(session, "anna")
    assert article.current_revision
    made = auditing.look(session, article.id, article.current_revision, who, "correct", labels=["raid"], now=NOW)
    with pytest.raises(InputError):
        auditing.take_back(session, made, reader(session, "berik"), NOW)
    auditing.take_back(session, made, who, NOW)
    alert = by_hand.alert_of(session, article.id)
    assert alert is not None
    stands = alerts.standing(session, alert)
    assert stands is not None
    assert stands.status == "rejected"
    assert article.id in [one.article for one in auditing.waiting(session, NOW)]
    with pytest.raises(Conflict):
        auditing.take_back(session, made, who, NOW)
    look(session, article, "berik", "raid")
    stands = alerts.standing(session, alert)
    assert stands is not None
    assert stands.status == "confirmed"


def test_an_unsure_look_counts_for_nothing(session: Session, model: Model, articles: list[Article]) -> None:
    look(session, first(session), "anna", decision="unsure")
    counted = missed(session, model, NOW - 2 * DAY, NOW)
    assert [(one.audited, one.relevant) for one in counted.strata] == [(0, 0)]


@pytest.mark.parametrize(("decision", "labels"), [("duplicate", ()), ("correct", ()), ("correct", ("nonsense",))])
def test_a_look_that_makes_no_sense_is_refused(
    session: Session, articles: list[Article], decision: str, labels: tuple[str, ...]
) -> None:
    with pytest.raises(InputError):
        look(session, articles[0], "anna", *labels, decision=decision)
