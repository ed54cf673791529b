"""A morning at the desk: some forty alerts in three languages with reasons, parties, and what became of their pages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.accounts import people
from kzmonitor.config import settings
from kzmonitor.digest import subscriptions
from kzmonitor.digest.subscriptions import Wanted
from kzmonitor.evidence import requests
from kzmonitor.incidents import indexing, reporting, reviews
from kzmonitor.learn import readings
from kzmonitor.sources.registry import load
from kzmonitor.store.partitions import first_id
from kzmonitor.store.tables import (
    Alert,
    Article,
    Entry,
    Incident,
    IncidentArticle,
    PageEvent,
    Party,
    Poll,
    Prediction,
    Proceeding,
    Revision,
    Source,
    new_id,
)
from tests.conftest import _article, _model, report_of
from tests.review.conftest import NOW, plant

STORIES = Path(__file__).parent / "stories.yaml"
CORE = ("tax_inspection", "detention", "smear_campaign")
OUTLETS = {"ru": ("vlast", "orda", "ratel"), "kk": ("azattyq", "qamshy", "malim"), "en": ("astana-times", "the-steppe")}


def seed(session: Session) -> list[Alert]:
    """Write the reports of tests/review/morning.yaml and of stories.yaml; the alerts, those of the morning first."""
    morning = plant(session, report_of)
    alerts = list(dict.fromkeys(morning.values()))
    for number, told in enumerate(stories()):
        alerts.append(_tell(session, number, told))
    _pages_that_changed(session, alerts[0])
    while indexing.index_waiting(session):
        session.flush()
    return alerts


def work(session: Session, alerts: list[Alert], now: datetime = NOW) -> None:
    """What people did with some of these alerts, so that every page has something to show: decisions, readings that
    differ, a missed case, requests, subscriptions, and articles that no model flagged."""
    aigul, bolat = (people.add(session, name, "reviewer", by=None, now=now).id for name in ("aigul", "bolat"))
    said = (
        ("reject", "ordinary_business"),
        ("reject", "no_act"),
        ("confirm", None),
        ("confirm", None),
        ("escalate", None),
    )
    for alert, (decision, reason) in zip(alerts[1:6], said, strict=True):
        revision = _first(session, alert)
        review = reviews.decide(
            session, alert.id, decision, reason=reason, revision_id=revision.id, account_id=aigul, now=now,
            note="Сверено с сайтом суда." if reason else None,
        )  # fmt: skip
        # The other rejection of a core label waits for its second reading.
        if reason == "no_act":
            readings.read(session, review.id, bolat, "correct", labels=["obstruction"], core=CORE, now=now)
    first = alerts[0].id
    for kind, asker, told in (
        ("erase", "person", "Прошу убрать моё имя: дело закрыто."),
        ("correct", "outlet", "Обыск был 2 ноября, а не 3-го."),
    ):
        requests.write_down(
            session, first, kind=kind, asker=asker, said=told, contact="a@example.org", received_on=now.date(),
            account_id=aigul, now=now,
        )  # fmt: skip
    told = reporting.Told(labels=("detention",), place="Семей", note="Прислала читательница")
    reporting.report_address(session, load(), "https://semey.example/a/nablyudateli", told, aigul, now)
    admin = people.desk(session, now).id
    for wanted in (
        Wanted(address="desk@example.org", language="ru"),
        Wanted(address="weekly@example.org", mode="weekly", language="en", labels=("detention",), min_severity=3),
        Wanted(channel="feed", language="kk"),
    ):
        if wanted.channel == "feed":
            subscriptions.subscribe_oneself(session, admin, wanted, settings(), now)
        else:
            subscriptions.subscribe(session, wanted, settings(), now)
    _polls(session, now)
    for number in range(6):
        _unflagged(session, f"В городе открыли {number + 2}-ю школу", now - timedelta(days=1, hours=number))
    session.flush()


def _polls(session: Session, now: datetime) -> None:
    """A day of looks at the feeds of all declared outlets; every ninth outlet has a trouble of its own."""
    troubles = ("403-wall", "timeout", "empty", "dns")
    for number, one in enumerate(load().sources.values()):
        row = Source(
            slug=one.slug, name=one.name, tier=one.tier, kind=one.kind, languages=list(one.languages),
            country=one.country, enabled=True,
        )  # fmt: skip
        session.merge(row)
        session.flush()
        state = troubles[number // 9 % len(troubles)] if number % 9 == 4 else "ok"
        url = (one.feeds or (f"https://{one.hosts[0]}/",))[0]
        session.add_all(
            Poll(source=one.slug, url=str(url), started=now - timedelta(hours=3 * back, minutes=number), state=state,
                 items=20 if state == "ok" else None, new=number % 4 if state == "ok" else None)
            for back in range(8)
        )  # fmt: skip
        found = [now - timedelta(hours=6 * back + number % 5, minutes=number) for back in range(36) if state == "ok"]
        session.add_all(
            Entry(source=one.slug, url=f"{url}/{at:%Y%m%d%H}", canonical_url=f"{url}/{at:%Y%m%d%H}", route="feed",
                  found_at=at, published_at=at - timedelta(minutes=9), state="fetched")
            for at in found
        )  # fmt: skip


def _first(session: Session, alert: Alert) -> Revision:
    """The text of the alert's first article."""
    query = (
        select(Revision)
        .join(Article, Article.current_revision == Revision.id)
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .where(IncidentArticle.incident_id == alert.incident_id)
        .order_by(Revision.id)
    )
    return session.scalars(query.limit(1)).one()


def _unflagged(session: Session, title: str, at: datetime) -> None:
    """An ordinary article, scored and let pass. The audit draws by the time that is in the id of a text."""
    old = _article(session, "orda", f"{title}!", "Короткая первая редакция.", "ru", None, at)
    revision = Revision(
        id=UUID(int=first_id(at).int | new_id().int & (1 << 80) - 1), article_id=old.article_id,
        capture_id=old.capture_id, text_sha256=new_id().bytes * 2, title=title,
        text=f"{title}. Новая школа рассчитана на 900 учеников.", language="ru", script="cyrl", published_at=at,
        cut_by="feed",
    )  # fmt: skip
    session.add(revision)
    session.flush()
    session.get_one(Article, old.article_id).current_revision = revision.id
    session.add(
        Prediction(
            revision_id=revision.id, model_id=_model(session, at), relevance=0.03, probabilities={"detention": 0.02},
            labels=[], tier=None, reasons=[],
        )
    )  # fmt: skip


def stories() -> Iterator[dict[str, Any]]:
    """Each story of the file with its words filled in."""
    for story in yaml.safe_load(STORIES.read_text("utf-8")):
        for words in story["of"]:
            filled = {key: story[key].format(**words) for key in ("title", "text")}
            yield story | filled | words


def _tell(session: Session, number: int, told: Mapping[str, Any]) -> Alert:
    chance = Random(number)
    sure = chance.uniform(0.4, 0.98)
    title, text = told["title"], told["text"]
    alert = report_of(
        session,
        title,
        text,
        at=NOW - timedelta(hours=2 + number * 1.7),
        language=told["language"],
        source=OUTLETS[told["language"]][number % len(OUTLETS[told["language"]])],
        labels=told["labels"],
        tier="mail" if sure > 0.7 else "queue",
        relevance=sure,
        severity=told["severity"],
        place=told["place"],
        probabilities=dict.fromkeys(told["labels"], sure) | {"obstruction": 0.12, "raid": 0.05},
        reasons=list(_reasons(f"{title}\n{text}", told["spoke"])),
    )
    session.get_one(Incident, alert.incident_id).region = told["region"]
    kind, status = told["party"]
    befall(session, alert, told["name"], kind, status)
    if number % 5 == 0:
        _copy(session, alert, told)
    return alert


def _reasons(whole: str, spoke: Sequence[tuple[str, str, float]]) -> Iterator[dict[str, Any]]:
    for phrase, label, weight in spoke:
        start = whole.index(phrase)
        yield {
            "label": label, "phrase": phrase, "start": start, "end": start + len(phrase), "weight": weight,
            "concept": None, "side": "for" if weight > 0 else "against",
        }  # fmt: skip


def befall(session: Session, alert: Alert, name: str, kind: str, status: str) -> None:
    """A party of the alert's incident, and the turn of its case."""
    key = f"{kind}:{name}"
    party = session.scalar(select(Party).where(Party.key == key)) or Party(
        id=new_id(), key=key, kind=kind, names=[name]
    )
    session.add(party)
    session.flush()
    turn = {"status": status, "day": f"{NOW:%Y-%m-%d}", "precision": "day", "time": 1, "article": "", "words": ""}
    session.add(
        Proceeding(
            incident_id=alert.incident_id, party_id=party.id, status=status, since=alert.opened_at, history=[turn]
        )
    )
    session.flush()


def _copy(session: Session, alert: Alert, told: Mapping[str, Any]) -> None:
    """The same story, printed by a second outlet two hours later."""
    report_of(
        session,
        told["title"],
        told["text"] + "\nПерепечатано с сокращениями.",
        at=alert.opened_at + timedelta(hours=2),
        language=told["language"],
        source=OUTLETS[told["language"]][-1] + "-2",
        labels=told["labels"],
        of=alert,
    )


def _pages_that_changed(session: Session, alert: Alert) -> None:
    """The first article of an alert was edited, then withdrawn."""
    old = _first(session, alert)
    new = Revision(
        id=new_id(), article_id=old.article_id, capture_id=old.capture_id, text_sha256=b"\2" * 32, title=old.title,
        text=old.text.replace("четыре ноутбука", "два ноутбука"), language=old.language, script=old.script,
        cut_by="layout:0",
    )  # fmt: skip
    session.add(new)
    session.flush()
    for kind, state, hours, after in (("changed", "edited", 4, new.id), ("gone", "404", 2, None)):
        session.add(
            PageEvent(
                id=new_id(), article_id=old.article_id, kind=kind, state=state, since=NOW - timedelta(hours=hours),
                good_at=NOW - timedelta(hours=hours + 1), confirmed=True, before_capture=old.capture_id,
                before_revision=old.id, after_revision=after,
            )
        )  # fmt: skip
    session.flush()
