"""A year of reviews, simulated: does the model learn from them, and does the gate keep harm out?

    python bench/simulated_year.py [--weeks 52] [--reviews 500]

A quarter of the seed's events is what the model starts from, a fifth is kept apart as an independent test that neither
training nor the gate ever sees, the rest arrives as articles, week by week. Each week the champion scores what came,
alerts are opened, three readers review what the queue and the suggestions bring, and the model is retrained: all by the
functions of the product, on a database of its own. One answer in twelve is wrong (8 %); some texts are read twice,
blind, and some disputes are adjudicated. Half-way one rollback. At the end one reader sends a batch of flipped labels.

Each promotion is looked at again on the test: each core label before and after, with a 95 % interval. Writes
docs/pictures/learning-year.svg and docs/learning-year.md, and exits 1 if a promotion made a core label worse beyond
noise on the test, or the poisoned batch passed. The page also tells how many such findings chance alone would give; it
is no excuse: the rule is that there are none."""

import argparse
import hashlib
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.learning_page import worse_after_promotions, write
from kzmonitor import config, store
from kzmonitor.classify import registry, scoring
from kzmonitor.classify.evaluate import report as figures_of
from kzmonitor.classify.labelled import Text, read_taxonomy
from kzmonitor.classify.model import Classifier
from kzmonitor.config import models_folder
from kzmonitor.incidents import grouping
from kzmonitor.learn import gate, labelset
from kzmonitor.learn.next import next_reviews
from kzmonitor.learn.novelty import known_words
from kzmonitor.learn.retrain import Candidate, World, make_candidate, retrain
from kzmonitor.learn.votes import known, votes
from kzmonitor.store import Database
from kzmonitor.store.partitions import first_id
from kzmonitor.store.tables import (
    Account,
    Alert,
    Article,
    Capture,
    IncidentArticle,
    Model,
    Review,
    Revision,
    Source,
    new_id,
)

DOCS = Path(__file__).parent.parent / "docs"
BEGIN = datetime(2025, 11, 24, 6, tzinfo=UTC)
READERS = ("aigul", "boris", "clara")
NOISE = 0.08
START, TEST = 0.25, 0.45  # of the events, by hash: up to here the start, then the test, then what arrives
SECOND_READINGS, ADJUDICATIONS = 2, 1
POISONED = 150


@dataclass(frozen=True)
class Week:
    """What one week brought. figures: of the champion after it, on the test."""

    number: int
    reviews: int
    outcome: str
    version: str
    figures: dict[str, float]
    worse_on_test: list[str]
    refused_for: list[str]


@dataclass
class Year:
    """The simulation's state. truth: the real labels of each stored text; read_by: who has read it."""

    database: Database
    world: World
    test: Sequence[Text]
    arriving: list[Text]
    pick: random.Random
    truth: dict[UUID, Text] = field(default_factory=dict)
    read_by: dict[UUID, list[str]] = field(default_factory=dict)
    disputed: list[UUID] = field(default_factory=list)
    unconfirmed: list[UUID] = field(default_factory=list)
    reviews: int = 0
    weeks: list[Week] = field(default_factory=list)
    gained: list[str] = field(default_factory=list)


def main() -> None:
    """Run the year, print a line a week, write picture and table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--weeks", type=int, default=52)
    arguments.add_argument("--reviews", type=int, default=500)
    arguments.add_argument("--docs", type=Path, default=DOCS, help="folder to write picture and table to")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KZMONITOR_DATA"] = folder
        with store.opened(config.settings()) as database:
            year = beginning(database)
            live(year, given.weeks, given.reviews)
            refused = poisoned(year, POISONED)
    write(year, refused, POISONED, NOISE, given.docs)
    harmed, _asked = worse_after_promotions(year)
    if harmed or refused.report.passed:
        sys.exit(f"harmed core labels: {harmed}; poisoned batch refused: {not refused.report.passed}")


def beginning(database: Database, frozen: Sequence[Text] | None = None, share: float = 1.0) -> Year:
    """The parts of the seed, and a champion trained on the first. `share`: take so much of the events only."""
    parts: dict[str, list[Text]] = {"start": [], "test": [], "arriving": []}
    for text in registry.seed_texts():
        place = _place(text.event or text.id) / share
        if place < 1:
            parts["start" if place < START else "test" if place < TEST else "arriving"].append(text)
    world = World(parts["start"], frozen or labelset.frozen_texts(), read_taxonomy(models_folder() / "taxonomy.yaml"))
    arriving = sorted(parts["arriving"], key=lambda text: _place(text.id))
    year = Year(database, world, parts["test"], arriving, random.Random(0))
    with database.session() as session:
        registry.add(session, world.seed_model, "champion", BEGIN)
        session.add(Source(slug="world", name="World", tier=1, kind="outlet", languages=[], country="KZ", enabled=True))
        for name in (*READERS, "chief", "mallory"):
            session.add(Account(id=new_id(), pseudonym=name, role="reviewer", password_hash=None, disabled_at=None))
    year.weeks.append(Week(0, 0, "start", "", figures(year, world.seed_model), [], []))
    return year


def _place(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def live(year: Year, weeks: int, reviews: int) -> None:
    """Week by week: articles, scores, alerts, reviews, retraining; in the middle a rollback."""
    a_week = -(-len(year.arriving) // weeks)
    words = known_words(year.world.seed)
    for number in range(1, weeks + 1):
        now = BEGIN + timedelta(weeks=number)
        with year.database.session() as session:
            _arrive(session, year, year.arriving[(number - 1) * a_week : number * a_week], now)
            model = registry.champion(session, now)
            _understand(session, model, now)
            _review(session, year, model, now, reviews * number // weeks - year.reviews, words)
        if number > weeks // 2:
            _roll_back_once(year, number)
        year.weeks.append(_retrain(year, number, now))
        print(_line(year.weeks[-1]), flush=True)
    with year.database.session() as session:
        last = registry.classifier(registry.champion(session, now))
    year.gained = _gained(year, last)


def _gained(year: Year, last: Classifier) -> list[str]:
    """F1 on the test of relevance and the core labels: what the year changed."""
    report = gate.compare(year.world.seed_model, last, {"test": year.test}, year.world.taxonomy)
    names = {gate.EVERYTHING: "relevance"}
    return [
        f"{names.get(one.of, one.of)} {one.difference:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
        for one in report.comparisons
        if one.figure == "f1_queue" and one.of in (gate.EVERYTHING, *year.world.taxonomy.core)
    ]


def _arrive(session: Session, year: Year, texts: Iterable[Text], now: datetime) -> None:
    """Store texts as articles of the last days, with identifiers of that time."""
    for number, text in enumerate(texts):
        at = now - timedelta(days=1, minutes=number)
        id, address = UUID(int=first_id(at).int + number), f"https://world.example/{text.id}"
        year.truth[id] = text
        rows: list[Any] = [
            Capture(
                id=id, source="world", url=address, canonical_url=address, route="import", fetched_at=at, status=200,
                headers={}, hops=[], sha256=b"\1" * 32,
            ),
            Article(id=id, key=address, canonical_url=address, source="world", first_seen=at),
            Revision(
                id=id, article_id=id, capture_id=id, title=text.title, text=text.text, language=text.lang or "other",
                script="cyrl", text_sha256=hashlib.sha256(id.bytes).digest(), published_at=at, cut_by="feed",
                created_at=at,
            ),
        ]  # fmt: skip
        for row in rows:
            session.add(row)
            session.flush()
        session.get_one(Article, id).current_revision = id


def _understand(session: Session, model: Model, now: datetime) -> None:
    fitted = registry.classifier(model)
    while scoring.score_waiting(session, model, fitted, 90, now):
        pass
    grouping.group_now(session, now)


def _review(session: Session, year: Year, model: Model, now: datetime, number: int, words: frozenset[str]) -> None:
    """`number` reviews: some adjudications and second readings, then queue and suggestions by turns."""
    for id in year.disputed[:ADJUDICATIONS]:
        _write(session, year, "chief", id, year.truth[id].labels, now, adjudicates=True)
    once = [id for id, names in year.read_by.items() if len(names) == 1]
    again = year.unconfirmed + year.pick.sample(once, min(SECOND_READINGS, len(once)))
    for id in list(dict.fromkeys(again))[:SECOND_READINGS]:
        other = year.pick.choice([name for name in READERS if name not in year.read_by[id]])
        _write(session, year, other, id, _answer(year, id), now, blind=True)
    number -= min(ADJUDICATIONS, len(year.disputed)) + min(SECOND_READINGS, len(set(again)))
    suggested = [one.revision for one in next_reviews(session, model, now, known=words, limit=40)]
    queue = [id for id in _queue(session) if id not in suggested]
    mixed = [id for pair in zip(queue, suggested, strict=False) for id in pair] + queue + suggested
    unread = [id for id in dict.fromkeys(mixed) if id not in year.read_by]
    for id in unread[: max(number, 0)]:
        _write(session, year, year.pick.choice(READERS), id, _answer(year, id), now)


def _queue(session: Session) -> list[UUID]:
    """The articles of alerts, newest first."""
    query = select(IncidentArticle.article_id).join(Alert, Alert.incident_id == IncidentArticle.incident_id)
    return list(session.scalars(query.order_by(Alert.opened_at.desc(), IncidentArticle.article_id)))


def _answer(year: Year, id: UUID) -> frozenset[str]:
    """What a reader says: the truth, or in one case of twelve not."""
    return _flipped(year, id) if year.pick.random() < NOISE else year.truth[id].labels


def _flipped(year: Year, id: UUID) -> frozenset[str]:
    core = year.world.taxonomy.core
    return frozenset() if year.truth[id].labels else frozenset([year.pick.choice(core)])


def _write(
    session: Session, year: Year, by: str, id: UUID, labels: Iterable[str], now: datetime, *,
    blind: bool = False, adjudicates: bool = False,
) -> None:  # fmt: skip
    """Store a review of the alert that tells of the text, or of the article itself."""
    query = select(Alert.id).join(IncidentArticle, IncidentArticle.incident_id == Alert.incident_id)
    alert = session.scalar(query.where(IncidentArticle.article_id == id).limit(1))
    said = sorted(labels)
    session.add(
        Review(
            id=new_id(), account_id=session.scalar(select(Account.id).where(Account.pseudonym == by)),
            subject="alert" if alert else "article", subject_id=alert or id, revision_id=id,
            decision="correct" if said else "reject", labels=said or None,
            fields={"adjudicates": True} if adjudicates else {}, blind=blind, created_at=now,
        )
    )  # fmt: skip
    session.flush()
    year.read_by.setdefault(id, []).append(by)
    year.reviews += 1


def _roll_back_once(year: Year, number: int) -> None:
    """Go back to the version before, as a person would who distrusts the last one; once, when there is one."""
    outcomes = [week.outcome for week in year.weeks]
    if "promoted" not in outcomes or "rolled back" in outcomes:
        return
    with year.database.session() as session:
        before = registry.champion(session, BEGIN)
        back = registry.rollback(session)
        fitted = registry.classifier(back)
        assert session.scalars(select(Model).where(Model.state == "champion")).one().id == back.id != before.id
    week = Week(number, year.reviews, "rolled back", back.version, figures(year, fitted), [], [])
    year.weeks.append(week)
    print(_line(week), flush=True)


def _retrain(year: Year, number: int, now: datetime) -> Week:
    with year.database.session() as session:
        before = registry.classifier(registry.champion(session, now))
    done = retrain(year.database, now, world=year.world, reason="weekly")
    year.disputed = [dispute.text for dispute in done.candidate.label_set.disputes]
    year.unconfirmed = list(done.candidate.label_set.unconfirmed)
    with year.database.session() as session:
        champion = registry.champion(session, now)
        after = registry.classifier(champion)
    worse = _core_worse(year, before, after) if done.outcome == "promoted" else []
    refused = sorted({f"{one.of} ({one.figure})" for one in done.candidate.report.worse})
    return Week(number, year.reviews, done.outcome, champion.version, figures(year, after), worse, refused)


def _core_worse(year: Year, before: Classifier, after: Classifier) -> list[str]:
    """Core labels whose F1 on the independent test is worse beyond noise after a promotion."""
    report = gate.compare(before, after, {"test": year.test}, year.world.taxonomy)
    return [one.of for one in report.worse if one.figure == "f1_queue" and one.of in year.world.taxonomy.core]


def figures(year: Year, fitted: Classifier) -> dict[str, float]:
    """F1 on the test at queue: of relevance, of each core label, and their means."""
    said = fitted.predict([(text.title, text.text) for text in year.test], reasons=False)
    told = figures_of(year.test, said, year.world.taxonomy, "queue")
    core = {name: told["labels"][name]["f1"] or 0.0 for name in year.world.taxonomy.core}
    means = {"core labels": told["core_macro_f1"] or 0.0, "all labels": told["macro_f1"] or 0.0}
    return {"relevance": told["relevance"]["f1"] or 0.0, **means, **core}


def poisoned(year: Year, number: int) -> Candidate:
    """A batch of flipped labels by one reader, with the check of readers off: the gate stands alone."""
    now = BEGIN + timedelta(weeks=len(year.weeks))
    unread = [id for id in year.truth if id not in year.read_by]
    with year.database.session() as session:
        for id in unread[:number]:
            _write(session, year, "mallory", id, _flipped(year, id), now)
        cast, texts = known(votes(session), year.world.taxonomy.names), labelset.reviewed(session)
        fitted = registry.classifier(registry.champion(session, now))
    return make_candidate(fitted, cast, texts, year.world, check_readers=False)


def _line(week: Week) -> str:
    told = " ".join(f"{name} {value:.3f}" for name, value in week.figures.items())
    return f"week {week.number}: {week.reviews} reviews, {week.outcome} {week.version}; {told}; {week.refused_for}"


if __name__ == "__main__":
    main()
