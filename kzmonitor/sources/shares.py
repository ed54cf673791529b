"""What part of the coverage each source and each language has, beside its own norm.

The norm is the share over up to 26 whole weeks before, and how far that wanders: with k such weeks, whose shares have
the standard deviation s, the share over w weeks lies within its mean plus or minus t s sqrt(1/w + 1/k) but once in a
hundred, t being the 99.5 % point of Student's distribution with k - 1 degrees of freedom. With under four weeks nothing
is said."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
from scipy.stats import t as student
from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Coverage

WEEKS_BEFORE = 26
LEAST_WEEKS = 4
WEEK = timedelta(days=7)
CERTAIN = 0.995

By = Literal["source", "language"]


@dataclass(frozen=True)
class Share:
    """Articles of one source (its slug) or language (its code), their part of all, and the part that is usual for it,
    from `low` to `high`; None where too little is known."""

    name: str
    articles: int
    share: float
    usual: float | None
    low: float | None
    high: float | None

    @property
    def verdict(self) -> Literal["usual", "low", "high", "unknown"]:
        """Whether the share lies outside its norm."""
        if self.low is None or self.high is None:
            return "unknown"
        return "low" if self.share < self.low else "high" if self.share > self.high else "usual"


def shares(session: Session, by: By, weeks: Sequence[date]) -> list[Share]:
    """Of the weeks that begin on these Mondays, the largest share first; who is silent but used not to be comes too."""
    name = Coverage.source if by == "source" else Coverage.language
    week = cast(func.date_trunc("week", Coverage.day), Date)
    query = (
        select(name, week, func.sum(Coverage.articles))
        .where(Coverage.day >= weeks[0] - WEEK * WEEKS_BEFORE, Coverage.day < weeks[-1] + WEEK)
        .group_by(name, week)
    )
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    for one, monday, articles in session.execute(query):
        counts[one][monday] = int(articles)
    found = [_share(one, counts, weeks) for one in counts]
    return sorted(found, key=lambda one: (-one.share, one.name))


def _share(name: str, counts: Mapping[str, Mapping[date, int]], weeks: Sequence[date]) -> Share:
    own = counts[name]
    sums = {monday: sum(one.get(monday, 0) for one in counts.values()) for monday in _before(weeks) + list(weeks)}
    articles, whole = sum(own.get(monday, 0) for monday in weeks), sum(sums[monday] for monday in weeks)
    share = articles / whole if whole else 0.0
    # The weeks before the source was there are no evidence of its norm.
    past = [monday for monday in _before(weeks) if sums[monday] and monday >= min(own)]
    if len(past) < LEAST_WEEKS:
        return Share(name, articles, round(share, 4), None, None, None)
    usual = sum(own.get(monday, 0) for monday in past) / sum(sums[monday] for monday in past)
    wander = float(np.std([own.get(monday, 0) / sums[monday] for monday in past], ddof=1))
    away = float(student.ppf(CERTAIN, len(past) - 1)) * wander * (1 / len(weeks) + 1 / len(past)) ** 0.5
    low, high = max(usual - away, 0.0), min(usual + away, 1.0)
    return Share(name, articles, round(share, 4), round(usual, 4), round(low, 4), round(high, 4))


def _before(weeks: Sequence[date]) -> list[date]:
    return [weeks[0] - WEEK * back for back in range(1, WEEKS_BEFORE + 1)]
