"""The order of work, filters and counts; and that the rows that the list reads always say what the view says."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.incidents import alerts, reviews
from kzmonitor.incidents.keeping import keep
from kzmonitor.incidents.named import named
from kzmonitor.incidents.ranking import ORDERS
from kzmonitor.store.tables import Account, Alert, Article, Incident, IncidentArticle, Review, Revision, new_id
from tests.incidents.case import case, stored

NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Report = Callable[..., Alert]
# What alert_rank must say, asked of the tables and the view that are the truth.
TRUTH = text("""
select a.id, s.status, s.labels, i.severity, least(floor(abs(a.score - 0.5) * 10), 4), a.score, a.opened_at, i.region,
    coalesce((select array_agg(distinct t.source) from incident_article m join article t on t.id = m.article
        where m.incident = i.id and t.current_revision is not null), '{}'),
    coalesce((select array_agg(distinct r.language) from incident_article m join article t on t.id = m.article
        join revision r on r.id = t.current_revision where m.incident = i.id), '{}'),
    a.assigned_to, s.escalated
from alert a join incident i on i.id = a.incident join alert_standing s on s.alert = a.id
where i.redirect_to is null order by a.id""")
KEPT = text("""
select alert, status, labels, severity, certainty, score, opened_at, region, sources, languages, assigned_to, escalated
from alert_rank order by alert""")


def assert_true(session: Session) -> None:
    session.flush()
    assert [tuple(row) for row in session.execute(KEPT)] == [tuple(row) for row in session.execute(TRUTH)]


def account(session: Session, name: str) -> Account:
    made = Account(id=new_id(), pseudonym=name, role="reviewer")
    session.add(made)
    session.flush()
    return made


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_list_says_what_the_view_says(session: Session, report: Report, seed: int) -> None:
    chance = random.Random(seed)
    made = [report(session, str(number), "x", at=NOON + number * HOUR, relevance=0.5) for number in range(6)]
    person = account(session, "Aigul")

    def decide() -> None:
        alert = chance.choice(made)
        decision = chance.choice(["confirm", "reject", "duplicate", "unsure", "escalate", "undo", "correct"])
        try:
            reviews.decide(
                session, alert.id, decision, labels=["raid"], known_labels=["raid"], now=NOON,
                seen_version=alerts.version(session, alert.id),
            )  # fmt: skip
        except (reviews.Conflict, reviews.InputError):
            return

    def change() -> None:
        incident = session.get_one(Incident, chance.choice(made).incident_id)
        incident.severity, incident.region = chance.randint(1, 4), chance.choice(["KZ-75", None])
        incident.labels = chance.choice([["raid"], ["detention", "raid"]])

    def merge() -> None:
        one, other = chance.sample(made, 2)
        incident = session.get_one(Incident, one.incident_id)
        if session.get_one(Incident, other.incident_id).redirect_to is None:
            incident.redirect_to = None if incident.redirect_to else other.incident_id

    def tell() -> None:
        report(session, "more", "x", at=NOON, source=chance.choice("abc"), language="kk", of=chance.choice(made))

    def rescore() -> None:
        alert = chance.choice(made)
        alert.score, alert.assigned_to = chance.random(), chance.choice([person.id, None])

    def take_away() -> None:
        told = session.scalars(select(IncidentArticle).order_by(IncidentArticle.article_id).limit(1)).first()
        if told is not None:
            session.delete(told)

    for _ in range(40):
        chance.choice([decide, decide, decide, change, merge, tell, rescore, take_away])()
        assert_true(session)


def test_a_text_in_another_language_a_deleted_review_and_a_deleted_alert_are_seen_too(
    session: Session, report: Report
) -> None:
    alert = report(session, "t", "x", at=NOON)
    article = session.scalars(select(Article)).one()
    old = session.get_one(Revision, article.current_revision)
    new = Revision(
        id=new_id(), article_id=article.id, capture_id=old.capture_id, title="t", text="y", language="kk",
        text_sha256=b"\2" * 32, script="cyrl", cut_by="feed",
    )  # fmt: skip
    session.add(new)
    session.flush()
    article.current_revision = new.id
    assert_true(session)
    review = reviews.decide(session, alert.id, "reject", now=NOON)
    assert alerts.alerts(session, status="rejected", language="kk")
    session.delete(session.get_one(Review, review.id))
    assert_true(session)
    assert alerts.counts(session)["open"] == 1


def test_each_order_goes_forth_and_back_through_the_same_alerts(session: Session, report: Report) -> None:
    for number, (severity, relevance) in enumerate([(4, 0.9), (4, 0.52), (2, 0.55), (2, 0.97), (1, 0.1), (4, 0.95)]):
        report(session, str(number), "x", at=NOON + number * HOUR, severity=severity, relevance=relevance)
    expected = {"grave": "105234", "doubtful": "120534", "sure": "350214", "old": "012345", "new": "543210"}
    for order in ORDERS:
        lines = alerts.alerts(session, order=order)
        assert "".join(line.title for line in lines) == expected[order], order
        ids = [line.id for line in lines]
        for place, id in enumerate(ids):
            around = (ids[place - 1] if place else None, ids[place + 1] if place < 5 else None)
            assert alerts.neighbours(session, id, order) == around


def test_one_goes_on_from_where_an_alert_stood_that_is_gone(session: Session, report: Report) -> None:
    first, second, third = (report(session, str(number), "x", at=NOON + number * HOUR) for number in range(3))
    here = alerts.spot(session, second.id)
    assert here is not None
    session.get_one(Incident, second.incident_id).redirect_to = first.incident_id
    session.flush()
    assert alerts.spot(session, second.id) is None
    assert (alerts.before(session, here), alerts.after(session, here)) == (first.id, third.id)


def test_alerts_are_found_by_place_by_whom_they_are_given_to_and_by_who_is_named(
    session: Session, report: Report
) -> None:
    one, other = report(session, "one", "x", at=NOON), report(session, "other", "x", at=NOON)
    person = account(session, "Aigul")
    session.get_one(Incident, one.incident_id).region = "KZ-75"
    other.assigned_to = person.id
    session.flush()
    found = [
        [line.title for line in alerts.alerts(session, **filters)]
        for filters in (
            alerts.Filters(region="KZ-75"), alerts.Filters(assigned=person.id), alerts.Filters(assigned="somebody"),
            alerts.Filters(assigned="nobody"), alerts.Filters(assigned=new_id()), alerts.Filters(parties=[]),
        )
    ]  # fmt: skip
    assert found == [["one"], ["other"], ["other"], ["one"], [], []]


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("Берик Сагындыков", True), ("Sagyndykov", True), ("сагындыков берик", True), ("Берік", True),
        ("Сагындыков Асет", False), ("", False), ("  ?! ", False), ("'); drop table party; --", False),
    ],
)  # fmt: skip
def test_a_name_is_found_in_any_spelling(session: Session, said: str, fits: bool) -> None:
    detained, *_ = reports = case()
    stored(session, reports)
    alert = keep(session, new_id(), [detained], NOON)
    found = alerts.ranked(session, parties=named(session, said))
    assert found == ([alert.id] if fits else [])
