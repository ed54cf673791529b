"""How well a classifier does on labelled texts."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kzmonitor.classify.labelled import Taxonomy, Text

if TYPE_CHECKING:
    from kzmonitor.classify.model import Classifier, Prediction, Tier

Labels = frozenset[str]
DIGITS = 4


def evaluate(
    classifier: "Classifier", texts: Sequence[Text], tier: "Tier" = "queue", *, intervals: bool = False
) -> dict[str, Any]:
    """What `kzmonitor evaluate --json` prints; undefined figures are None.

    `docs_per_second` is in CPU time, without reasons. With `intervals` also: the 95 % intervals of the figures, what
    constant guessing reaches, and how far probabilities can be trusted."""
    started = time.process_time()
    predictions = classifier.predict([(text.title, text.text) for text in texts], reasons=False)
    seconds = time.process_time() - started
    figures = report(texts, predictions, classifier.taxonomy, tier)
    per_second = round(len(texts) / seconds, 1) if seconds > 0 else None
    told = {"model": classifier.version} | figures | {"docs_per_second": per_second}
    return told | _with_doubt(texts, predictions, classifier.taxonomy, tier) if intervals else told


def _with_doubt(
    texts: Sequence[Text], predictions: "Sequence[Prediction]", taxonomy: Taxonomy, tier: "Tier"
) -> dict[str, Any]:
    # Both build on this module.
    from kzmonitor.classify.intervals import intervals
    from kzmonitor.classify.reliability import reliability

    return {
        "intervals": intervals(texts, predictions, taxonomy, tier),
        "constant_guess": constant_guess(texts, taxonomy),
        "calibration": reliability(texts, predictions, taxonomy),
    }


def report(
    texts: Sequence[Text], predictions: "Sequence[Prediction]", taxonomy: Taxonomy, tier: "Tier"
) -> dict[str, Any]:
    """The figures for predictions of `texts` at `tier`, whole and by language ("und" where a text names none)."""
    said = labels_said(predictions, tier)
    figures = {"tier": tier} | _figures(texts, said, taxonomy)
    languages = sorted({text.lang or "und" for text in texts})
    by_language = {}
    for language in languages:
        rows = [row for row, text in enumerate(texts) if (text.lang or "und") == language]
        by_language[language] = _figures([texts[row] for row in rows], [said[row] for row in rows], taxonomy)
    return figures | {"by_language": by_language}


def labels_said(predictions: "Sequence[Prediction]", tier: "Tier") -> list[Labels]:
    """What was said of each text at `tier`; no label: not flagged."""
    flagged = [one.relevant if tier == "queue" else one.tier == "mail" for one in predictions]
    return [frozenset(one.labels if yes else ()) for one, yes in zip(predictions, flagged, strict=True)]


def labels_true(texts: Sequence[Text], taxonomy: Taxonomy) -> list[Labels]:
    """The labels of each text without the fallback; no label: not relevant."""
    return [text.labels - {taxonomy.fallback} for text in texts]


def constant_guess(texts: Sequence[Text], taxonomy: Taxonomy) -> dict[str, Any]:
    """The floor that any model must beat: the same answer for every text, chosen with the labels of `texts` in sight.

    relevance: every text is relevant. labels, macro_f1, core_macro_f1: each label is said of every text. micro_f1: as
    many of the commonest labels, `always`, as bring the most."""
    everything = [frozenset(taxonomy.names)] * len(texts)
    floor = _figures(texts, everything, taxonomy)
    counts = Counter(label for labels in labels_true(texts, taxonomy) for label in labels)
    commonest = [name for name, _ in counts.most_common()]
    tries = [commonest[:number] for number in range(1, len(commonest) + 1)] or [[]]
    micros = [_micro_of(texts, frozenset(one), taxonomy) for one in tries]
    best = max(range(len(tries)), key=lambda number: micros[number] or 0.0)
    kept = ("relevance", "labels", "macro_f1", "core_macro_f1")
    return {key: floor[key] for key in kept} | {"micro_f1": micros[best], "always": tries[best]}


def _micro_of(texts: Sequence[Text], said: Labels, taxonomy: Taxonomy) -> float | None:
    figure: float | None = _figures(texts, [said] * len(texts), taxonomy)["micro_f1"]
    return figure


def _figures(texts: Sequence[Text], said: Sequence[Labels], taxonomy: Taxonomy) -> dict[str, Any]:
    fallback = {taxonomy.fallback} if taxonomy.fallback else set()
    true = labels_true(texts, taxonomy)
    labels = {
        name: _ratios(Counter((name in t, name in s) for t, s in zip(true, said, strict=True)))
        for name in taxonomy.names
    }
    for name, figures in labels.items():
        figures["support"] = sum(name in t for t in true)
    relevance = Counter((bool(t), bool(s)) for t, s in zip(true, said, strict=True))
    hard = [bool(s) for text, t, s in zip(texts, true, said, strict=True) if text.hard and not t]
    micro = _micro(true, said, fallback)
    return {
        "n": len(texts),
        "relevance": _ratios(relevance) | _counts(relevance),
        "labels": labels,
        "macro_f1": _mean([labels[name]["f1"] for name in taxonomy.names]),
        "micro_f1": micro["f1"],
        "micro": micro,
        "core_macro_f1": _mean([labels[name]["f1"] for name in taxonomy.core]),
        "hard_negative_fpr": _share(sum(hard), len(hard)),
    }


def _counts(pairs: Counter[tuple[bool, bool]]) -> dict[str, int]:
    """`pairs`: how often (true, said)."""
    return {
        "tp": pairs[True, True],
        "fp": pairs[False, True],
        "fn": pairs[True, False],
        "tn": pairs[False, False],
    }


def _ratios(pairs: Counter[tuple[bool, bool]]) -> dict[str, Any]:
    hit, false, missed = pairs[True, True], pairs[False, True], pairs[True, False]
    return {
        "precision": _share(hit, hit + false),
        "recall": _share(hit, hit + missed),
        "f1": _share(2 * hit, 2 * hit + false + missed),
    }


def _micro(true: Sequence[Labels], said: Sequence[Labels], fallback: set[str]) -> dict[str, Any]:
    """Over all labels of all texts; where a taxonomy has a fallback, an empty set of labels counts as the fallback."""
    pairs: Counter[tuple[bool, bool]] = Counter()
    for t, s in zip(true, said, strict=True):
        t, s = t or frozenset(fallback), s or frozenset(fallback)
        pairs[True, True] += len(t & s)
        pairs[False, True] += len(s - t)
        pairs[True, False] += len(t - s)
    return _ratios(pairs)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, DIGITS) if whole else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), DIGITS) if known else None
