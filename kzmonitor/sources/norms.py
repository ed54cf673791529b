"""Whether a source, or a language, brought as much as it usually does on such a day.

What is usual is the median of the same weekday in the last eight weeks; days on which nothing at all was counted (the
monitor stood still) are no evidence. The interval around it is that of a negative binomial with this mean and a
variance of mean times d times (1 + 1/n), over n such days. Its dispersion d is 1 (a Poisson) or, where the days scatter
more, what their median absolute deviation says, scaled as for a normal distribution; both medians are robust, so that
one outage among the eight days moves neither. By accident alone a day lies outside about once in 500.

Under four such days the declared `expect: {items_per_day: [fewest, most]}` is taken; where there is none, nothing is
said.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from scipy.stats import nbinom, poisson
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.sources.coverage import day_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Coverage

WEEKS = 8
LEAST_DAYS = 4
WEEK = timedelta(days=7)
TAIL = 0.001
# For a normal distribution the standard deviation is so many median absolute deviations.
DEVIATIONS = 1.4826

Of = Literal["source", "language", "language of source"]
Verdict = Literal["usual", "low", "high", "unknown"]


@dataclass(frozen=True)
class Usual:
    """What may be expected of a day: `expected` articles, from `low` to `high`. days: that it was learnt from, 0 when
    it was declared."""

    expected: float | None
    low: int
    high: int
    days: int


@dataclass(frozen=True)
class Volume:
    """The articles of one day beside what is usual.

    of: `source` (name is its slug), `language` (name is its code, over all sources), or `language of source` (both).
    usual: None where there is nothing to compare with."""

    of: Of
    source: str | None
    language: str | None
    day: date
    seen: int
    usual: Usual | None

    @property
    def verdict(self) -> Verdict:
        """Whether the day is unusual: fewer than the lowest number to be expected, or more than the highest."""
        if self.usual is None:
            return "unknown"
        if self.seen < self.usual.low:
            return "low"
        return "high" if self.seen > self.usual.high else "usual"


def unusual(session: Session, declarations: Mapping[str, Declaration], now: datetime) -> list[Volume]:
    """What brought far less or far more yesterday (the last whole day in Almaty) than it usually does.

    Enabled sources first, in the order of their slugs; then languages over all sources; then single languages of a
    source whose sum looks usual. Each has `seen`, `usual` (expected, low, high) and `verdict`, `low` or `high`. Empty
    when all is as usual, when nothing was counted yet, or on the first days, when nothing is known to be usual."""
    found = [one for one in volumes(session, declarations, now) if one.verdict in ("low", "high")]
    told = {one.source for one in found if one.of == "source"}
    return [one for one in found if one.of != "language of source" or one.source not in told]


def volumes(session: Session, declarations: Mapping[str, Declaration], now: datetime) -> list[Volume]:
    """Yesterday's articles of each enabled source, of each language, and of each language of a source that has several,
    beside what is usual."""
    day = day_of(now) - timedelta(days=1)
    counts = _counts(session, day)
    began = _first_days(counts)
    standing_still = {past for past in _same_weekdays(day) if not any(past in days for days in counts.values())}

    def volume(of: Of, keys: Iterable[tuple[str, str]], source: str | None, language: str | None) -> Volume:
        keys = list(keys)
        begin = min((began[key] for key in keys if key in began), default=day)
        past = [
            sum(counts[key].get(when, 0) for key in keys if key in counts)
            for when in _same_weekdays(day)
            if when >= begin and when not in standing_still
        ]
        seen = sum(counts[key].get(day, 0) for key in keys if key in counts)
        declared = declarations[source].expect.items_per_day if of == "source" and source is not None else None
        return Volume(of, source, language, day, seen, usual(past, declared))

    if not counts or day in standing_still or not any(day in days for days in counts.values()):
        return []
    enabled = [slug for slug, declaration in declarations.items() if declaration.enabled]
    spoken = {slug: sorted(language for source, language in counts if source == slug) for slug in enabled}
    languages = sorted({language for source, language in counts if source in spoken})
    return [
        *(volume("source", [(slug, language) for language in spoken[slug]], slug, None) for slug in enabled),
        *(volume("language", [key for key in counts if key[1] == one and key[0] in spoken], None, one)
          for one in languages),
        *(volume("language of source", [(slug, one)], slug, one)
          for slug in enabled if len(spoken[slug]) > 1 for one in spoken[slug]),
    ]  # fmt: skip


def usual(past: Sequence[int], declared: tuple[float, float] | None = None) -> Usual | None:
    """What may be expected after such days; None when there are too few and nothing was declared."""
    if len(past) >= LEAST_DAYS:
        mean = float(statistics.median(past))
        low, high = interval(mean, dispersion(past), len(past))
        return Usual(mean, low, high, len(past))
    if declared is None:
        return None
    return Usual(None, int(declared[0]), int(declared[1]), 0)


def dispersion(past: Sequence[int]) -> float:
    """How many times the variance of a Poisson these counts scatter; never less than once."""
    middle = statistics.median(past)
    spread = DEVIATIONS * statistics.median(abs(count - middle) for count in past)
    return max(1.0, float(spread**2 / middle)) if middle else 1.0


def interval(mean: float, scatter: float, days: int) -> tuple[int, int]:
    """The numbers between which a day lies but once in 500."""
    if mean == 0:
        # After only empty days a first article is no alarm; a rate of up to one a day may show as none for weeks.
        return 0, int(poisson.isf(TAIL, 1.0))
    variance = mean * scatter * (1 + 1 / days)
    success = mean / variance
    number = mean * success / (1 - success)
    return int(nbinom.ppf(TAIL, number, success)), int(nbinom.isf(TAIL, number, success))


def _same_weekdays(day: date) -> list[date]:
    return [day - WEEK * weeks for weeks in range(1, WEEKS + 1)]


def _counts(session: Session, day: date) -> dict[tuple[str, str], dict[date, int]]:
    """(source, language) -> day -> articles, of the days that matter."""
    query = select(Coverage.source, Coverage.language, Coverage.day, Coverage.articles)
    since = day - WEEK * WEEKS
    counts: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    for source, language, when, articles in session.execute(query.where(Coverage.day.between(since, day))):
        counts[source, language][when] = articles
    return dict(counts)


def _first_days(counts: Mapping[tuple[str, str], Mapping[date, int]]) -> dict[tuple[str, str], date]:
    """Since when a source is known: the days before are no evidence of its silence."""
    first: dict[str, date] = {}
    for (source, _language), days in counts.items():
        first[source] = min(min(days), first.get(source, date.max))
    return {key: first[key[0]] for key in counts}
