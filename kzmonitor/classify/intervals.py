"""How far figures may be off: 95 % intervals by drawing whole events anew, and precision where few texts are relevant.

Texts of one event stand and fall together, so events are drawn with replacement, not texts (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993). A draw is a number of times that each event counts; all draws are one matrix
product.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kzmonitor.classify.evaluate import Labels, labels_said, labels_true
from kzmonitor.classify.labelled import Taxonomy, Text

if TYPE_CHECKING:
    from kzmonitor.classify.model import Prediction, Tier

Floats = NDArray[np.float64]
Interval = list[float] | None

DRAWS = 1000
COVERED = (2.5, 97.5)
# Of fewer events an interval says nothing.
LEAST_EVENTS = 10
NATURAL_RATE = 0.01
DIGITS = 4
# Of each question: right yes, wrong yes, missed.
HIT, FALSE, MISSED = 0, 1, 2


def intervals(
    texts: Sequence[Text],
    predictions: "Sequence[Prediction]",
    taxonomy: Taxonomy,
    tier: "Tier",
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Any]:
    """[low, high] for the figures of `report`, in its shape; None where there are under 10 events."""
    said, true = labels_said(predictions, tier), labels_true(texts, taxonomy)
    counts = _counts(texts, said, true, taxonomy)
    events, weights = _drawn(texts, draws, seed)
    found = _figures(_by_event(counts, events), weights, taxonomy)
    by_language = {}
    for language in sorted({text.lang or "und" for text in texts}):
        among = np.array([(text.lang or "und") == language for text in texts])
        by_language[language] = _figures(_by_event(counts * among[:, None], events), weights, taxonomy)
    return found | {"by_language": by_language}


def at_natural_rate(
    texts: Sequence[Text],
    predictions: "Sequence[Prediction]",
    taxonomy: Taxonomy,
    tier: "Tier",
    ordinary: tuple[int, int],
    *,
    rate: float = NATURAL_RATE,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, float]:
    """`precision`, `low` and `high` where one text in a hundred is relevant.

    From recall on the relevant `texts`, and from `ordinary`: how many of how many ordinary texts were flagged.

    The share flagged has the distribution that Jeffreys' prior leaves of it, so that none flagged is not taken for
    never."""
    flagged, total = ordinary
    said, true = labels_said(predictions, tier), labels_true(texts, taxonomy)
    sums = np.array([(bool(t) and bool(s), bool(t)) for s, t in zip(said, true, strict=True)], np.float64)
    events, weights = _drawn(texts, draws, seed)
    hits = weights @ _by_event(sums, events)
    false = np.random.default_rng(seed).beta(flagged + 0.5, total - flagged + 0.5, draws)
    precisions = _precision(hits[:, 0] / hits[:, 1], false, rate)
    low, high = np.percentile(precisions, COVERED)
    whole = sums.sum(axis=0)
    best = _precision(whole[0] / whole[1], flagged / total, rate)
    return {
        "precision": round(float(best), DIGITS),
        "low": round(float(low), DIGITS),
        "high": round(float(high), DIGITS),
    }


def _precision(recall: Any, false: Any, rate: float) -> Any:
    with np.errstate(invalid="ignore"):
        return rate * recall / (rate * recall + (1 - rate) * false)


def _drawn(texts: Sequence[Text], draws: int, seed: int) -> tuple[NDArray[np.int64], Floats]:
    """The number of each text's event, and (draws, events) how often each is drawn. A text without an event is one."""
    names = [f"event {text.event}" if text.event else f"text {place}" for place, text in enumerate(texts)]
    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    size = len(number)
    weights = np.random.default_rng(seed).multinomial(size, np.full(max(size, 1), 1 / max(size, 1)), size=draws)
    return np.array([number[name] for name in names], np.int64), weights[:, :size].astype(np.float64)


def _by_event(counts: Floats, events: NDArray[np.int64]) -> Floats:
    """(events, columns): the sums over the texts of each."""
    sums = np.zeros((int(events.max(initial=-1)) + 1, counts.shape[1]))
    np.add.at(sums, events, counts)
    return sums


def _counts(texts: Sequence[Text], said: Sequence[Labels], true: Sequence[Labels], taxonomy: Taxonomy) -> Floats:
    """(texts, 3 of relevance, 3 of each label, 3 of the fallback, look-alikes flagged, look-alikes)."""
    counts = np.zeros((len(texts), 3 * len(taxonomy.names) + 8))
    for row, text, s, t in zip(counts, texts, said, true, strict=True):
        outcomes = [_outcome(bool(t), bool(s)), *(_outcome(name in t, name in s) for name in taxonomy.names)]
        outcomes.append(_outcome(not t, not s) if taxonomy.fallback else (False, False, False))
        row[:-2] = np.ravel(outcomes)
        row[-2:] = bool(text.hard and not t and s), bool(text.hard and not t)
    return counts


def _outcome(true: bool, said: bool) -> tuple[bool, bool, bool]:
    return true and said, said and not true, true and not said


def _figures(counts: Floats, weights: Floats, taxonomy: Taxonomy) -> dict[str, Any]:
    """Intervals from (events, columns) of counts; a draw in which a figure is undefined does not count for it."""
    bearing = int(counts.any(axis=1).sum())
    sums = weights @ counts
    labels = {name: sums[:, 3 * place : 3 * place + 3] for place, name in enumerate(taxonomy.names, 1)}
    f1 = {
        name: _share(2 * own[:, HIT], 2 * own[:, HIT] + own[:, FALSE] + own[:, MISSED]) for name, own in labels.items()
    }
    told: dict[str, Floats | dict[str, Any]] = {
        "relevance": _ratios(sums[:, :3]),
        "labels": {name: _ratios(own) for name, own in labels.items()},
        "macro_f1": _mean([f1[name] for name in taxonomy.names]),
        "micro_f1": _ratios(sums[:, 3:-2].reshape(len(sums), -1, 3).sum(axis=1))["f1"],
        "core_macro_f1": _mean([f1[name] for name in taxonomy.core]),
        "hard_negative_fpr": _share(sums[:, -2], sums[:, -1]),
    }
    return {name: _covered(values, enough=bearing >= LEAST_EVENTS) for name, values in told.items()}


def _ratios(sums: Floats) -> dict[str, Floats]:
    hit, false, missed = sums[:, HIT], sums[:, FALSE], sums[:, MISSED]
    return {
        "precision": _share(hit, hit + false),
        "recall": _share(hit, hit + missed),
        "f1": _share(2 * hit, 2 * hit + false + missed),
    }


def _share(part: Floats, whole: Floats) -> Floats:
    share: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return share


def _mean(values: Sequence[Floats]) -> Floats:
    if not values:
        return np.array([np.nan])
    known = np.array(values)
    defined = ~np.isnan(known)
    return _share(np.where(defined, known, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))


def _covered(values: Floats | dict[str, Any], *, enough: bool) -> Any:
    if isinstance(values, dict):
        return {name: _covered(one, enough=enough) for name, one in values.items()}
    known = values[~np.isnan(values)]
    if not enough or not len(known):
        return None
    return [round(float(bound), DIGITS) for bound in np.percentile(known, COVERED)]
