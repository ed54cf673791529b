"""How surprising a cluster in time is against what went before: a scan over windows that end at each event.

An event has marks: the targets that it hits, or the outlets that told of it. The rate of marks in the years before a
window says how many it should hold. Their spread is that of a negative binomial: the variance is a multiple of the
mean, because one event may have several marks and pressure comes in seasons, and grows by the square of the mean over
the number of marks known, because a rate from few of them is itself uncertain.

A look is taken at each mark, with each of the `WINDOWS`; so the chance p that a window holds as many *other* marks by
accident, times the looks of a year, is how often a year chance alone would show as much. Its inverse is the recurrence
interval (K. Kleinman, R. Lazarus, R. Platt, "A generalized linear mixed models approach for detecting incident
clusters of disease in small areas", American Journal of Epidemiology 2004). The scan over windows is that of
M. Kulldorff, "A spatial scan statistic", Communications in Statistics 1997, without the space."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scipy.stats import nbinom

YEAR = timedelta(days=365.25)
WINDOWS = (timedelta(days=8), timedelta(days=15), timedelta(days=30), timedelta(days=60))
HISTORY = timedelta(days=3 * 365)
# Nothing is called unusual before it is known for so long what is usual.
FIRST_YEARS = 0.5
# What is believed of a rate before anything is known: one mark in a quarter of a year, as if seen for so long.
PRIOR_MARKS, PRIOR_YEARS = 1.0, 0.25
BLOCK = timedelta(days=60)
# The variance over the mean of counts is drawn towards the usual one, as if by so many blocks.
USUAL_DISPERSION, USUAL_BLOCKS = 2.0, 6
LEAST_DISPERSION = 1.3
# Of one event so many marks count: a round-up names many.
MOST_EACH = 3


@dataclass(frozen=True)
class Event:
    """When something was first reported, and its marks, each once."""

    when: datetime
    marks: tuple[str, ...]

    @property
    def weight(self) -> int:
        return min(MOST_EACH, len(self.marks))


@dataclass(frozen=True)
class Base:
    """What is usual: marks a year, how many of them that is known from, variance over mean of their counts."""

    a_year: float
    marks: float
    dispersion: float


@dataclass(frozen=True)
class Surprise:
    """A cluster. seen: marks in the window; expected: usual number for it; p: chance of as many others beside one;
    recurrence: years in which chance alone shows this once."""

    seen: int
    expected: float
    window: timedelta
    p: float
    recurrence: float


@dataclass(frozen=True)
class Run:
    """The events `first` to `last` of a series, all that a window before the last holds. marks: how many different
    ones they have, at most `MOST_EACH` of each event; fresh: how many events have a mark that no later one has."""

    first: int
    last: int
    window: timedelta
    marks: int
    fresh: int


def runs(series: Sequence[Event]) -> Iterable[Run]:
    """For each event and each window the run that ends with it; of windows that hold the same, only the shortest.
    `series`: in order of time."""
    for last, event in enumerate(series):
        known: set[str] = set()
        first, marks, fresh = last + 1, 0, 0
        for window in WINDOWS:
            before = first
            while first and event.when - series[first - 1].when <= window:
                first -= 1
                new = len(set(series[first].marks) - known)
                known.update(series[first].marks)
                marks, fresh = marks + min(MOST_EACH, new), fresh + bool(new)
            if first < before:
                yield Run(first, last, window, marks, fresh)


def base(series: Sequence[Event], begin: datetime, until: datetime) -> Base | None:
    """What was usual until then, in the last three years or since `begin`, when the record begins; None when that is
    too short."""
    since = max(begin, until - HISTORY)
    years = (until - since) / YEAR
    if years < FIRST_YEARS:
        return None
    known = [event for event in series if since <= event.when < until]
    marks = sum(event.weight for event in known)
    return Base((marks + PRIOR_MARKS) / (years + PRIOR_YEARS), marks + PRIOR_MARKS, _dispersion(known, since, until))


def _dispersion(series: Sequence[Event], since: datetime, until: datetime) -> float:
    """Variance over mean of the marks of two months, drawn towards the usual when there are few blocks."""
    blocks = max(2, int((until - since) / BLOCK))
    counts = [0] * blocks
    for event in series:
        counts[min(blocks - 1, int((event.when - since) / BLOCK))] += event.weight
    mean = sum(counts) / blocks
    ratio = sum((count - mean) ** 2 for count in counts) / mean if mean else USUAL_DISPERSION * (blocks - 1)
    return max(LEAST_DISPERSION, (ratio + USUAL_DISPERSION * USUAL_BLOCKS) / (blocks - 1 + USUAL_BLOCKS))


def surprise(marks: int, window: timedelta, usual: Base, looks_a_year: float) -> Surprise:
    """How surprising so many marks in a window are. looks_a_year: of all series that are looked at together."""
    expected = usual.a_year * (window / YEAR)
    variance = expected * usual.dispersion + expected**2 / usual.marks
    size = expected**2 / (variance - expected)
    p = float(nbinom.sf(marks - 2, size, size / (size + expected)))
    return Surprise(marks, expected, window, p, 1 / max(p * looks_a_year * len(WINDOWS), 1e-6))
