"""Retraining: label set, candidate, where it cuts, gate, and what becomes of it. Every version is kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import Taxonomy, Text, read_taxonomy
from kzmonitor.classify.model import Classifier, Prediction
from kzmonitor.classify.train import train
from kzmonitor.config import models_folder
from kzmonitor.learn import gate, labelset, readers
from kzmonitor.learn.agreement import Agreement, agreement
from kzmonitor.learn.cut import cut_like
from kzmonitor.learn.labelset import LabelSet, Reviewed
from kzmonitor.learn.votes import Vote, known, votes
from kzmonitor.store import Database
from kzmonitor.store.tables import Model

PROMOTION_LOCK = 0x6B7A7072


@dataclass(frozen=True)
class World:
    """What is not in the database: the seed corpus, the frozen events and the labels."""

    seed: Sequence[Text]
    frozen: Sequence[Text]
    taxonomy: Taxonomy

    @cached_property
    def seed_model(self) -> Classifier:
        """A model that no review has touched, trained at first use."""
        return train(self.seed, self.taxonomy)


@dataclass(frozen=True)
class Candidate:
    """A model trained from the label set of now, and the report of the gate on it."""

    fitted: Classifier
    label_set: LabelSet
    doubts: list[readers.Doubt]
    agreement: list[Agreement]
    report: gate.Report

    def notes(self, reason: str) -> dict[str, Any]:
        """What is kept with the version."""
        return {"reason": reason, "label_set": self.counts(), "gate": self.report.as_json()}

    def counts(self) -> dict[str, Any]:
        """The label set in numbers, with its hash."""
        made = self.label_set
        return {
            "sha256": made.sha256,
            "seed": len(made.training) - made.reviewed,
            "reviewed": made.reviewed,
            "frozen": len(made.frozen),
            "held_out": len(made.held_out),
            "disputed": len(made.disputes),
            "unconfirmed": len(made.unconfirmed),
            "left_out": [asdict(doubt) for doubt in self.doubts],
        }


@dataclass(frozen=True)
class Retrained:
    """What came of it.

    outcome: `promoted`; `kept`, a candidate; `known`, a version that was there already; `overtaken`, kept since
    another version became champion meanwhile; `tried`, nothing was written. version: None when only tried."""

    outcome: str
    version: str | None
    champion: str
    candidate: Candidate

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "outcome": self.outcome,
            "version": self.version,
            "compared_with": self.champion,
            "label_set": self.candidate.counts(),
            "disputes": [asdict(dispute) for dispute in self.candidate.label_set.disputes],
            "unconfirmed": list(self.candidate.label_set.unconfirmed),
            "agreement": [asdict(one) for one in self.candidate.agreement],
            "gate": self.candidate.report.as_json(),
        }


def shipped() -> World:
    """The seed, frozen events and taxonomy of this installation."""
    return World(
        registry.seed_texts(), labelset.frozen_texts(), read_taxonomy(models_folder() / "taxonomy.yaml")
    )  # fmt: skip


def retrain(
    database: Database,
    now: datetime,
    *,
    world: World,
    reason: str,
    promote: bool = True,
    force: bool = False,
    dry_run: bool = False,
) -> Retrained:
    """Train on the seed and all reviews, compare with the champion, and promote what passes the gate.

    promote: else a candidate that passes is only kept. force: promote even past the gate. dry_run: write nothing.
    No transaction is open while a model is trained. The same label set gives the same model, and no new version;
    a version that was retired is not promoted again unless forced, since a person or a better one replaced it."""
    with database.session() as session:
        champion = registry.champion(session, now)
        cast, texts = known(votes(session), world.taxonomy.names), labelset.reviewed(session)
    fitted = registry.classifier(champion)
    candidate = make_candidate(fitted, cast, texts, world)
    if dry_run:
        return Retrained("tried", None, champion.version, candidate)
    with database.session() as session:
        outcome, version = _enter(session, candidate, champion.id, now, reason, promote=promote, force=force)
    return Retrained(outcome, version, champion.version, candidate)


def make_candidate(
    champion: Classifier,
    votes: Sequence[Vote],
    texts: dict[UUID, Reviewed],
    world: World,
    *,
    check_readers: bool = True,
) -> Candidate:
    """Train a candidate on these votes and compare it with the champion.

    check_readers: leave out batches that stand against all others and what waits for a second reading; without it the
    gate stands alone."""
    label_set, doubts = _gather(votes, texts, world, check_readers=check_readers)
    fitted = train(label_set.training, world.taxonomy)
    if label_set.reviewed:
        fitted = cut_like(fitted, world.seed_model, label_set.frozen)
    report = gate.compare(champion, fitted, label_set.judging, world.taxonomy)
    return Candidate(fitted, label_set, doubts, agreement(votes, world.taxonomy.names), report)


def compare(database: Database, first: Classifier, second: Classifier, world: World) -> gate.Report:
    """The second model against the first on all held-out events, frozen and reviewed."""
    with database.session() as session:
        cast, texts = known(votes(session), world.taxonomy.names), labelset.reviewed(session)
    label_set, _doubts = _gather(cast, texts, world, check_readers=True)
    return gate.compare(first, second, label_set.judging, world.taxonomy)


def _gather(
    votes: Sequence[Vote], texts: dict[UUID, Reviewed], world: World, *, check_readers: bool
) -> tuple[LabelSet, list[readers.Doubt]]:
    if not votes or not check_readers:
        return labelset.build(votes, texts.values(), world.seed, world.frozen), []
    said = _seed_model_on(votes, texts, world)
    doubts = readers.doubts(votes, said)
    trusted = readers.trusted(votes, doubts)
    waiting = readers.unconfirmed(trusted, said)
    return labelset.build(trusted, texts.values(), world.seed, world.frozen, waiting), doubts


def _seed_model_on(votes: Sequence[Vote], texts: dict[UUID, Reviewed], world: World) -> dict[UUID, Prediction]:
    """What a model that no review has touched says of the texts that were voted on."""
    voted = sorted({vote.text for vote in votes})
    said = world.seed_model.predict([(texts[id].title, texts[id].body) for id in voted], reasons=False)
    return dict(zip(voted, said, strict=True))


def _enter(
    session: Session, made: Candidate, compared: UUID, now: datetime, reason: str, *, promote: bool, force: bool
) -> tuple[str, str]:
    """Keep the version and promote it if it may be; the outcome and the version's name."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": PROMOTION_LOCK})
    same = registry.same(session, made.fitted)
    version = same or registry.add(session, made.fitted, "candidate", now, made.notes(reason))
    if version.state == "champion":
        return "known", version.version
    if same is not None and same.state == "candidate":
        same.metrics = {**same.metrics, **made.notes(reason)}
    may = force or (promote and made.report.passed and version.state == "candidate")
    if not may:
        return "known" if same else "kept", version.version
    if session.scalar(select(Model.id).where(Model.state == "champion")) != compared and not force:
        return "overtaken", version.version
    registry.promote(session, version)
    return "promoted", version.version
