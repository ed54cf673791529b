"""Copies share one incident and one alert; nothing is opened twice."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.classify import scoring
from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, candidates, duplicates, grouping, reviews
from kzmonitor.incidents.grouping import group_now, resolve
from kzmonitor.store import Database
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    ArticleClue,
    Incident,
    IncidentArticle,
    Prediction,
    Revision,
)
from tests.incidents.stored_articles import NOW, OTHER, STORY, a_model, an_article, count


@pytest.fixture
def model(session: Session) -> UUID:
    return a_model(session)


def test_a_flagged_article_opens_one_incident_with_one_alert(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    assert group_now(session, NOW) == {"opened": 1}
    alert = session.scalars(select(Alert)).one()
    assert (alert.tier, alert.opened_at) == ("mail", NOW)
    assert [event.kind for event in session.scalars(select(AlertEvent))] == ["opened"]


def test_a_copy_joins_and_is_no_news(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    group_now(session, NOW)
    events = count(session, AlertEvent)
    an_article(session, model, STORY + " Читайте также: другие новости дня.", "orda", when=NOW + timedelta(hours=2))
    assert group_now(session, NOW) == {"joined": 1}
    assert count(session, Alert) == 1
    assert count(session, AlertEvent) == events
    incident = session.scalars(select(Incident)).one()
    assert incident.last_seen == NOW + timedelta(hours=2)
    assert [line.why for line in lines(session)] == ["first", "copy"]
    assert lines(session)[1].reasons[0] == "same text"


def lines(session: Session) -> list[IncidentArticle]:
    return sorted(session.scalars(select(IncidentArticle)), key=lambda line: line.why != "first")


def test_another_story_opens_its_own(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    an_article(session, model, OTHER, "vlast", labels=("obstruction",))
    assert group_now(session, NOW) == {"opened": 2}


def test_grouping_again_does_nothing(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    group_now(session, NOW)
    assert group_now(session, NOW) == {}
    assert count(session, IncidentArticle) == 1


def test_a_copy_that_is_surer_raises_the_alert_to_mail_and_tells_it_once(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast", tier="queue")
    group_now(session, NOW)
    for source in ("orda", "kursiv"):
        an_article(session, model, STORY, source)
        group_now(session, NOW)
    assert session.scalars(select(Alert)).one().tier == "mail"
    raised = select(AlertEvent).where(AlertEvent.to_status == "mail")
    assert len(session.scalars(raised).all()) == 1


def test_the_same_words_half_a_year_later_are_another_event(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast", when=NOW - timedelta(days=180))
    an_article(session, model, STORY, "orda")
    assert group_now(session, NOW) == {"opened": 2}


def incidents(session: Session) -> set[frozenset[UUID]]:
    """Which articles stand together."""
    found: dict[UUID, set[UUID]] = {}
    for line in session.scalars(select(IncidentArticle).where(IncidentArticle.why != "round-up")):
        found.setdefault(line.incident_id, set()).add(line.article_id)
    return {frozenset(articles) for articles in found.values()}


# One arrest told in two languages, with a court's later word on it, and another person's of the same day.
ARREST = {
    "ru": "В Уральске полиция задержала правозащитницу Айгерим Тасболатову у здания акимата. Тасболатову держат в "
    "изоляторе, адвоката Ерлана Досымбаева к ней не пустили. Суд в Уральске назначит ей меру пресечения 21 ноября.",
    "kk": "Оралда полиция құқық қорғаушы Әйгерім Тасболатованы әкімдік ғимаратының жанында ұстады. Тасболатова "
    "уақытша қамауда отыр, адвокаты Ерлан Досымбаев оған кіре алмады. Орал соты 21 қарашада шешім шығарады.",
    "other": "В Костанае полиция задержала журналиста Сергея Вернигорова у редакции. Вернигорова увезли в отдел, "
    "где составили протокол о мелком хулиганстве. Редактор Мария Ким называет задержание местью за статью о дорогах.",
}
PLAIN = {
    "turn": "pressure", "role": "report", "target_kind": ["activist"], "actor_kind": ["police"], "actors": [],
    "place": None, "date_precision": "day", "articles": [], "sums": [], "people": None, "transnational": False,
    "event_date": f"{NOW:%Y-%m-%d}",
}  # fmt: skip
FIELDS = {
    "ru": {"targets": [{"name": "Айгерим Тасболатова", "kind": "person", "id": None}], "region": "KZ-27"},
    "kk": {"targets": [{"name": "Әйгерім Тасболатова", "kind": "person", "id": None}], "region": "KZ-27"},
    "other": {"targets": [{"name": "Сергей Вернигоров", "kind": "person", "id": None}], "region": "KZ-39"},
}


def told(session: Session, model: UUID, story: str, source: str, **more: Any) -> UUID:
    """One of the stories above as an article, with what the model reads of it."""
    return an_article(session, model, ARREST[story], source, fields=PLAIN | FIELDS[story], **{"when": NOW} | more)


def test_one_event_told_in_two_languages_is_one_incident_and_says_why(session: Session, model: UUID) -> None:
    one, other = (
        told(session, model, "ru", "vlast"),
        told(session, model, "kk", "azattyq", when=NOW + timedelta(hours=3)),
    )
    apart = told(session, model, "other", "orda")
    group_now(session, NOW)
    assert incidents(session) == {frozenset({one, other}), frozenset({apart})}
    why = session.scalars(select(IncidentArticle).where(IncidentArticle.article_id == other)).one()
    assert why.why == "same event"
    assert any(reason.startswith("same target") for reason in why.reasons)


def test_an_incident_keeps_its_id_when_an_earlier_article_comes_late(session: Session, model: UUID) -> None:
    told(session, model, "kk", "azattyq")
    group_now(session, NOW)
    known = session.scalars(select(Incident.id)).one()
    early = told(session, model, "ru", "vlast", when=NOW - timedelta(hours=9))
    group_now(session, NOW)
    assert session.scalars(select(Incident.id)).all() == [known]
    assert session.get_one(Incident, known).opened_by == early


def decide(session: Session, alert: Alert, decision: str, **more: Any) -> None:
    seen = alerts.history(session, alert.id)
    reviews.decide(session, alert.id, decision, seen_version=seen[-1].id if seen else None, now=NOW, **more)


def alert_of(session: Session, article: UUID) -> Alert:
    line = select(IncidentArticle.incident_id).where(IncidentArticle.article_id == article)
    return session.scalars(select(Alert).where(Alert.incident_id.in_(line))).one()


def test_what_people_merge_stays_merged_and_old_links_lead_there(session: Session, model: UUID) -> None:
    one, other = (
        told(session, model, "ru", "vlast"),
        told(session, model, "other", "orda", when=NOW + timedelta(hours=1)),
    )
    group_now(session, NOW)
    kept, gone = alert_of(session, one), alert_of(session, other)
    decide(session, gone, "confirm", known_labels=["detention"])
    merged = gone.incident_id
    decide(session, gone, "merge", into=kept.id)
    assert incidents(session) == {frozenset({one, other})}
    assert grouping.resolve(session, merged) == kept.incident_id
    standing = alerts.standing(session, kept.id)
    assert standing is not None
    assert standing.status == "confirmed", "what was confirmed of the merged one is not lost"
    third = told(session, model, "other", "kursiv", when=NOW + timedelta(hours=2))
    group_now(session, NOW)
    assert len(incidents(session)) <= 2
    assert frozenset({one, other}) <= next(group for group in incidents(session) if one in group)
    assert third in {article for group in incidents(session) for article in group}
    with pytest.raises(reviews.Conflict, match="merged"):
        decide(session, gone, "confirm")


def test_a_merge_taken_back_gives_both_incidents_back_with_their_ids(session: Session, model: UUID) -> None:
    one, other = told(session, model, "ru", "vlast"), told(session, model, "other", "orda")
    group_now(session, NOW)
    first, second = alert_of(session, one), alert_of(session, other)
    ids = {first.incident_id, second.incident_id}
    decide(session, second, "merge", into=first.id)
    decide(session, second, "undo")
    assert incidents(session) == {frozenset({one}), frozenset({other})}
    assert {alert_of(session, one).incident_id, alert_of(session, other).incident_id} == ids
    assert session.scalars(select(Incident).where(Incident.redirect_to.is_not(None))).all() == []


def test_what_people_split_stays_split_whatever_comes_later(session: Session, model: UUID) -> None:
    one, other = (
        told(session, model, "ru", "vlast"),
        told(session, model, "kk", "azattyq", when=NOW + timedelta(hours=3)),
    )
    group_now(session, NOW)
    decide(session, alert_of(session, one), "split", articles=[other])
    assert incidents(session) == {frozenset({one}), frozenset({other})}
    for source in ("orda", "kursiv"):
        told(session, model, "ru", source, when=NOW + timedelta(hours=5))
        group_now(session, NOW)
    assert not any({one, other} <= group for group in incidents(session))
    assert [same for *_, same in candidates.labelled_pairs(session)] == [False]


@pytest.mark.parametrize("chosen", ["none", "all", "foreign"])
def test_a_split_of_nothing_of_everything_or_of_what_is_not_there_is_refused(
    session: Session, model: UUID, chosen: str
) -> None:
    one, other = told(session, model, "ru", "vlast"), told(session, model, "other", "orda")
    group_now(session, NOW)
    articles = {"none": [], "all": [one], "foreign": [other]}[chosen]
    with pytest.raises(InputError, match="split off"):
        decide(session, alert_of(session, one), "split", articles=articles)


def test_a_round_up_links_to_what_it_lists_and_opens_nothing(session: Session, model: UUID) -> None:
    one, apart = told(session, model, "ru", "vlast"), told(session, model, "other", "orda")
    parties = [party for story in ("ru", "other") for party in FIELDS[story]["targets"]]
    parties.append({"name": "Жанна Ким", "kind": "person", "id": None})
    listing = an_article(
        session, model, f"Сводка недели. {ARREST['ru']}\n\n{ARREST['other']}", "adilsoz", when=NOW + timedelta(days=1),
        fields=PLAIN | {"role": "round_up", "targets": parties, "region": "KZ-27"},
    )  # fmt: skip
    assert group_now(session, NOW) == {"opened": 2, "listed": 1}
    assert incidents(session) == {frozenset({one}), frozenset({apart})}
    listed = select(IncidentArticle).where(IncidentArticle.article_id == listing)
    assert {line.why for line in session.scalars(listed)} == {"round-up"}


def test_a_round_up_that_lists_nothing_known_opens_an_incident_until_something_is_known(
    session: Session, model: UUID
) -> None:
    parties = [party for story in ("ru", "other") for party in FIELDS[story]["targets"]]
    parties.append({"name": "Жанна Ким", "kind": "person", "id": None})
    listing = an_article(
        session, model, f"Сводка недели. {ARREST['ru']}\n\n{ARREST['other']}", "adilsoz", when=NOW + timedelta(days=1),
        fields=PLAIN | {"role": "round_up", "targets": parties, "region": "KZ-27"},
    )  # fmt: skip
    assert group_now(session, NOW) == {"opened": 1}
    alone = alert_of(session, listing).incident_id
    one, apart = told(session, model, "ru", "vlast"), told(session, model, "other", "orda")
    group_now(session, NOW)
    assert incidents(session) == {frozenset({one}), frozenset({apart})}
    assert resolve(session, alone) in {alert_of(session, told_by).incident_id for told_by in (one, apart)}
    assert resolve(session, alone) != alone


def test_a_text_that_was_edited_is_compared_anew(session: Session, model: UUID) -> None:
    changed, other = told(session, model, "other", "orda"), told(session, model, "ru", "vlast")
    group_now(session, NOW)
    row = session.get_one(Article, changed)
    before = session.get_one(Revision, row.current_revision)
    edited = Revision(
        article_id=changed, capture_id=before.capture_id, text_sha256=b"edited", title=ARREST["kk"][:40],
        text=ARREST["kk"], language="kk", script="cyrillic", published_at=NOW, cut_by="layout:0",
    )  # fmt: skip
    session.add(edited)
    session.flush()
    row.current_revision = edited.id
    session.add(
        Prediction(
            revision_id=edited.id, model_id=model, relevance=0.9, probabilities={}, labels=["detention"], tier="mail",
            reasons=[], fields=PLAIN | FIELDS["kk"],
        )
    )  # fmt: skip
    scoring.mark(session, model, [edited.id])
    group_now(session, NOW)
    assert incidents(session) == {frozenset({changed, other})}


def steps(model: UUID) -> list[Callable[[Session], Counter[str]]]:
    return [
        lambda own: duplicates.index_waiting(own, limit=2),
        lambda own: candidates.note_clues(own, NOW, limit=2),
        lambda own: candidates.judge_pairs(own, limit=2),
        lambda own: grouping.group_waiting(own, NOW, limit=1),
    ]


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_any_number_of_workers_makes_the_incidents_that_one_makes(database: Database, workers: int) -> None:
    with database.session() as session:
        model = a_model(session)
        groups = []
        for story, sources in (("ru", "ab"), ("other", "cde")):
            groups.append({told(session, model, story, s, when=NOW + timedelta(hours=ord(s) % 7)) for s in sources})
        groups[0].add(told(session, model, "kk", "f", when=NOW + timedelta(days=1)))
        for text, days in ((STORY, 30), (OTHER, 60)):
            at = NOW - timedelta(days=days)
            groups.append({an_article(session, model, text, source, when=at) for source in "abcd"})

    def work(_number: int) -> None:
        for step in steps(model):
            while True:
                with database.session() as own:
                    done = step(own)
                if not done:
                    break

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
    # A worker that ends while another still writes leaves the rest to it: the last one leaves nothing.
    work(0)
    with database.session() as session:
        assert incidents(session) == set(map(frozenset, groups))
        live = session.scalars(select(Incident).where(Incident.redirect_to.is_(None))).all()
        assert len(live) == len(groups)
        assert session.scalars(select(ArticleClue).where(~ArticleClue.grouped)).all() == []
