"""Whether the world has moved away from the model: first what people found, then what the texts look like.

Audited precision by month is the evidence; the figures of the input only say where to look."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy.stats import beta
from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.learn.novelty import READ_CHARACTERS, unknown_share
from kzmonitor.store.partitions import first_id, month_start
from kzmonitor.store.tables import Alert, Model, Prediction, Revision

MONTHS = 12
PERIOD = timedelta(days=30)
BINS = 10
LANGUAGES = ("ru", "kk", "en")
SAMPLE = 100
# Fewer articles than this in a period say nothing of a distribution.
LEAST_ARTICLES = 50


@dataclass(frozen=True)
class Precision:
    """Of the alerts of one month and tier that a person decided on, the share confirmed, with its 95 % interval
    (Jeffreys). month: such as 2026-11, UTC. undecided: how many nobody has decided on."""

    month: str
    tier: str
    confirmed: int
    rejected: int
    undecided: int
    precision: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Inputs:
    """The texts of the last 30 days beside those of the 30 days before, in one language.

    stability: population stability index of the relevance in ten equal bins; under 0.1 is calm, over 0.25 has moved
    (Siddiqi, Credit Risk Scorecards, 2006). unknown: mean share of words that no known text has, before and now."""

    language: str
    articles: tuple[int, int]
    stability: float | None
    unknown: tuple[float | None, float | None]


@dataclass(frozen=True)
class Drift:
    """Audited precision first, the input second."""

    precision: list[Precision]
    inputs: list[Inputs]


def drift(session: Session, model: Model, now: datetime, known: frozenset[str]) -> Drift:
    """Both, up to now. `known`: words of known texts."""
    return Drift(precision_by_month(session, now), inputs(session, model, now, known))


def precision_by_month(session: Session, now: datetime) -> list[Precision]:
    """The last twelve months that had alerts, newest first."""
    month = func.to_char(func.timezone("UTC", Alert.opened_at), "YYYY-MM")
    stands = alert_standing.c.status
    query = (
        select(month, Alert.tier, stands, func.count())
        .join(alert_standing, alert_standing.c.alert == Alert.id)
        .where(Alert.opened_at >= month_start(now, 1 - MONTHS))
        .group_by(month, Alert.tier, stands)
    )
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for when, tier, status, number in session.execute(query):
        found[when, tier][status] = number
    return [_precision(when, tier, counts) for (when, tier), counts in sorted(found.items(), reverse=True)]


def _precision(month: str, tier: str, counts: Mapping[str, int]) -> Precision:
    confirmed, rejected = counts.get("confirmed", 0), counts.get("rejected", 0)
    decided = confirmed + rejected
    share: tuple[float | None, float | None, float | None] = (None, None, None)
    if decided:
        low, high = beta.ppf([0.025, 0.975], confirmed + 0.5, rejected + 0.5)
        # By convention the interval reaches the end where all were alike.
        share = (
            round(confirmed / decided, 4),
            round(float(low), 4) if confirmed else 0.0,
            round(float(high), 4) if rejected else 1.0,
        )
    return Precision(month, tier, confirmed, rejected, counts.get("open", 0), *share)


def inputs(session: Session, model: Model, now: datetime, known: frozenset[str]) -> list[Inputs]:
    """One row for each language of the corpus."""
    periods = [(now - 2 * PERIOD, now - PERIOD), (now - PERIOD, now)]
    before, after = (_histograms(session, model, *period) for period in periods)
    return [
        Inputs(
            language,
            (sum(before[language]), sum(after[language])),
            stability(before[language], after[language]),
            (_unknown(session, language, *periods[0], known), _unknown(session, language, *periods[1], known)),
        )
        for language in LANGUAGES
    ]


def _histograms(session: Session, model: Model, since: datetime, until: datetime) -> dict[str, list[int]]:
    bin_of = func.least(func.width_bucket(Prediction.relevance, 0.0, 1.0, BINS), BINS)
    query = (
        select(Revision.language, bin_of, func.count())
        .join(Prediction, Prediction.revision_id == Revision.id)
        .where(Prediction.model_id == model.id)
        .where(Prediction.revision_id >= first_id(since), Prediction.revision_id < first_id(until))
        .group_by(Revision.language, bin_of)
    )
    counts: dict[str, list[int]] = {language: [0] * BINS for language in LANGUAGES}
    for language, place, number in session.execute(query):
        counts.setdefault(language, [0] * BINS)[place - 1] = number
    return counts


def stability(before: Sequence[int], after: Sequence[int]) -> float | None:
    """Population stability index of two histograms, half a count added to each bin; None with too few articles."""
    if min(sum(before), sum(after)) < LEAST_ARTICLES:
        return None
    shares = [np.add(counts, 0.5) / (sum(counts) + 0.5 * len(counts)) for counts in (before, after)]
    return round(float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()), 4)


def _unknown(session: Session, language: str, since: datetime, until: datetime, known: frozenset[str]) -> float | None:
    """Mean over up to 100 texts that their hashes draw."""
    query = (
        select(Revision.title, func.left(Revision.text, READ_CHARACTERS))
        .where(Revision.id >= first_id(since), Revision.id < first_id(until), Revision.language == language)
        .order_by(func.md5(cast(Revision.id, String)))
        .limit(SAMPLE)
    )
    shares = [unknown_share(title, text, known) for title, text in session.execute(query)]
    return round(float(np.mean(shares)), 4) if shares else None
