"""How many relevant articles were not flagged: an estimate from the audit, with its interval.

Each language is a stratum. Of the N articles that were not flagged, n were drawn by hash and reviewed, and x of those
turned out relevant. The estimate is the sum of N x / n. The interval (95 %) comes from the Jeffreys posterior of each
share, Beta(x + 1/2, n - x + 1/2) (Brown, Cai and DasGupta, Statistical Science 16, 2001): 20,000 draws of the sum of N
times the share. Where nothing was found it still says how much may hide in what nobody read.

What people reported as missed (reviews of articles with `{"why": "missed"}`, whose text the model let pass) and what
the audit found are known misses, each text once: neither estimate nor interval goes below their number. Reports are in
no share: people do not report at random. What they reported of pages that we had not collected, and that the model
flags now, is no miss of the model; `reported.py` counts those cases. Articles are counted; several may tell one event,
so the number of missed events is at most this. A language that was not audited is named and not in the sum."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.learn.next import AUDIT, not_flagged
from kzmonitor.learn.votes import by_text, settle, votes
from kzmonitor.store.partitions import first_id
from kzmonitor.store.tables import Model, Prediction, Review, Revision

REPORTED = "missed"
DRAWS = 20_000
SEED = 0
COVERED = (2.5, 97.5)


@dataclass(frozen=True)
class Stratum:
    """One language: articles that were not flagged, audited ones, and relevant ones of these."""

    language: str
    articles: int
    audited: int
    relevant: int


@dataclass(frozen=True)
class Missed:
    """Relevant articles that were not flagged: estimate and 95 % interval, None when nothing was audited.

    known: what people reported or the audit found. unaudited: languages that the sum says nothing of."""

    since: datetime
    until: datetime
    strata: list[Stratum]
    reported: int
    known: int
    unaudited: list[str]
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class _Text:
    language: str
    relevant: bool


def missed(session: Session, model: Model, since: datetime, until: datetime) -> Missed:
    """The estimate for the articles that came in between two times."""
    passed = not_flagged(model, since, until).with_only_columns(Revision.language, func.count())
    counts = dict(session.execute(passed.group_by(Revision.language)).all())
    read = _reviewed(session, model, AUDIT, since, until)
    reported = {id for id, text in _reviewed(session, model, REPORTED, since, until).items() if text.relevant}
    found = {id for id, text in read.items() if text.relevant}
    audited = Counter(text.language for text in read.values())
    relevant = Counter(read[id].language for id in found)
    strata = [
        Stratum(language, max(counts.get(language, 0), audited[language]), audited[language], relevant[language])
        for language in sorted({*counts, *audited})
    ]
    return _estimate(strata, len(reported), len(reported | found), since, until)


def _reviewed(session: Session, model: Model, why: str, since: datetime, until: datetime) -> dict[UUID, _Text]:
    """The texts with a settled label that were reviewed for this reason, and that the model let pass."""
    query = (
        select(Revision.id, Revision.language)
        .join(Review, Review.revision_id == Revision.id)
        .join(Prediction, (Prediction.revision_id == Revision.id) & (Prediction.model_id == model.id))
        .where(Review.subject == "article", Review.fields["why"].astext == why, Prediction.tier.is_(None))
        .where(Revision.id >= first_id(since), Revision.id < first_id(until))
    )
    languages: dict[UUID, str] = dict(session.execute(query).all())
    cast = by_text(vote for vote in votes(session) if vote.text in languages)
    settled = {id: settle(votes_of).labels for id, votes_of in cast.items()}
    return {id: _Text(languages[id], bool(labels)) for id, labels in settled.items() if labels is not None}


def _estimate(strata: list[Stratum], reported: int, known: int, since: datetime, until: datetime) -> Missed:
    read = [one for one in strata if one.audited]
    unaudited = [one.language for one in strata if not one.audited]
    if not read:
        return Missed(since, until, strata, reported, known, unaudited)
    estimate = sum(one.articles * one.relevant / one.audited for one in read)
    pick = np.random.default_rng(SEED)
    draws = sum(one.articles * pick.beta(one.relevant + 0.5, one.audited - one.relevant + 0.5, DRAWS) for one in read)
    low, high = np.percentile(draws, COVERED)
    bounded = [round(max(float(value), known), 1) for value in (estimate, low, high)]
    return Missed(since, until, strata, reported, known, unaudited, *bounded)
