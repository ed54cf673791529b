"""How far readers agree: Cohen's kappa for relevance and each label, for each pair of readers; people with a model.

The interval (95 %) is that of the kappas of 4,000 draws from the posterior of the four shares (both say yes, only one
or the other does, neither), which are Dirichlet with Jeffreys' prior of one half each. Unlike the one by Cohen's
standard error it does not shrink to a point where two readers happened to agree throughout."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.learn.votes import VOTING, Labels, Vote, by_text, opinions, settle
from kzmonitor.store.tables import Model, Prediction, Review

RELEVANCE = "relevance"
# With fewer texts in common an interval says nothing that the eye would not see.
FEWEST = 20
DRAWS = 4_000
SEED = 0
COVERED = (2.5, 97.5)
Answers = Sequence[tuple[bool, bool]]


@dataclass(frozen=True)
class Agreement:
    """Two readers on one label. texts: that both labelled; blind: of these, where the later of them saw no label.

    kappa: 1 full agreement, 0 as by chance; None where both always gave the same one answer, so that nothing was
    there to agree on (Cohen, Educational and Psychological Measurement 20, 1960). interval: None where that is so, and
    of fewer than `FEWEST` texts."""

    label: str
    readers: tuple[str, str]
    texts: int
    blind: int
    agreed: float
    kappa: float | None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class WithModel:
    """People, as far as they settled it, and a model on one label: over how many texts, how many of them both call so,
    only people, only the model; kappa and interval as in `Agreement`."""

    label: str
    texts: int
    both: int
    only_people: int
    only_model: int
    kappa: float | None
    interval: tuple[float, float] | None


def read_twice(session: Session, limit: int) -> set[UUID]:
    """The texts of the last `limit` second readings."""
    query = select(Review.revision_id).where(Review.blind, Review.revision_id.is_not(None))
    return {id for id in session.scalars(query.order_by(Review.id.desc()).limit(limit)) if id is not None}


def read_lately(session: Session, limit: int) -> set[UUID]:
    """The texts of the last `limit` votes."""
    query = select(Review.revision_id).where(Review.decision.in_(VOTING), Review.revision_id.is_not(None))
    return {id for id in session.scalars(query.order_by(Review.id.desc()).limit(limit)) if id is not None}


def said_by(session: Session, model: Model, texts: Collection[UUID]) -> dict[UUID, Labels]:
    """What a model says of texts that it has seen: its labels, none for what it does not flag."""
    query = select(Prediction.revision_id, Prediction.tier, Prediction.labels)
    rows = session.execute(query.where(Prediction.revision_id.in_(texts), Prediction.model_id == model.id))
    return {row.revision_id: frozenset(row.labels if row.tier else ()) for row in rows}


def agreement(votes: Iterable[Vote], names: Sequence[str]) -> list[Agreement]:
    """Relevance and all labels of `names`, for all pairs of readers with a text in common; no adjudications."""
    shared: dict[tuple[str, str], list[tuple[Vote, Vote]]] = {}
    for cast in by_text(votes).values():
        said = opinions(cast)
        for first, second in combinations(sorted(said), 2):
            shared.setdefault((first, second), []).append((said[first], said[second]))
    return [
        _agreement(label, pair, both)
        for pair, both in sorted(shared.items())
        for label in (RELEVANCE, *names)
    ]  # fmt: skip


def _agreement(label: str, readers: tuple[str, str], both: Sequence[tuple[Vote, Vote]]) -> Agreement:
    answers = [(_says(a.labels, label), _says(b.labels, label)) for a, b in both]
    return Agreement(
        label=label,
        readers=readers,
        texts=len(both),
        blind=sum(max(pair, key=lambda vote: vote.review).blind for pair in both),
        agreed=sum(a == b for a, b in answers) / len(answers),
        kappa=kappa(answers),
        interval=interval(answers),
    )


def with_model(votes: Iterable[Vote], said: Mapping[UUID, Labels], names: Sequence[str]) -> list[WithModel]:
    """Relevance and all labels of `names`, over the texts that a model has seen; `said`: what it says of each."""
    pairs = [
        (labels, said[text])
        for text, cast in by_text(votes).items()
        if text in said and (labels := settle(cast).labels) is not None
    ]
    return [_with_model(label, pairs) for label in (RELEVANCE, *names)] if pairs else []


def _with_model(label: str, pairs: Sequence[tuple[Labels, Labels]]) -> WithModel:
    answers = [(_says(people, label), _says(model, label)) for people, model in pairs]
    return WithModel(
        label=label,
        texts=len(answers),
        both=answers.count((True, True)),
        only_people=answers.count((True, False)),
        only_model=answers.count((False, True)),
        kappa=kappa(answers),
        interval=interval(answers),
    )


def _says(labels: Labels | None, label: str) -> bool:
    return bool(labels) if label == RELEVANCE else label in (labels or ())


def kappa(answers: Answers) -> float | None:
    """Cohen's kappa of paired answers; None where both readers gave one and the same answer throughout."""
    if len({answer for pair in answers for answer in pair}) < 2:
        return None
    return float(_kappas(_table(answers))[0])


def interval(answers: Answers) -> tuple[float, float] | None:
    """The interval of kappa; None for fewer than `FEWEST` texts, or where there is no kappa."""
    if len(answers) < FEWEST or kappa(answers) is None:
        return None
    draws = np.random.default_rng(SEED).dirichlet(_table(answers)[0] + 0.5, DRAWS)
    low, high = np.percentile(_kappas(draws), COVERED)
    return float(low), float(high)


def _table(answers: Answers) -> NDArray[np.float64]:
    """One row: how many both affirm, only the first, only the second, neither."""
    return np.array(
        [[answers.count(cell) for cell in ((True, True), (True, False), (False, True), (False, False))]], float
    )


def _kappas(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappa of each table (n, 4) of counts or shares; not all of a table may stand in one of its outer cells."""
    both, first, second, neither = (tables / tables.sum(axis=1, keepdims=True)).T
    by_chance = (both + first) * (both + second) + (neither + first) * (neither + second)
    return np.asarray((both + neither - by_chance) / (1 - by_chance))
