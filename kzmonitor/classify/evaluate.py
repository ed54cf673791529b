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


def evaluate(classifier: "Classifier", texts: Sequence[Text], tier: "Tier" = "queue") -> dict[str, Any]:
    """What `kzmonitor evaluate --json` prints; undefined figures are None.

    `docs_per_second` is in CPU time, without reasons."""
    started = time.process_time()
    predictions = classifier.predict([(text.title, text.text) for text in texts], reasons=False)
    seconds = time.process_time() - started
    figures = report(texts, predictions, classifier.taxonomy, tier)
    per_second = round(len(texts) / seconds, 1) if seconds > 0 else None
    return {"model": classifier.version} | figures | {"docs_per_second": per_second}


def report(
    texts: Sequence[Text], predictions: "Sequence[Prediction]", taxonomy: Taxonomy, tier: "Tier"
) -> dict[str, Any]:
    """The figures for predictions of `texts` at `tier`, whole and by language ("und" where a text names none)."""
    said = [_said(prediction, tier) for prediction in predictions]
    figures = {"tier": tier} | _figures(texts, said, taxonomy)
    languages = sorted({text.lang or "und" for text in texts})
    by_language = {}
    for language in languages:
        rows = [row for row, text in enumerate(texts) if (text.lang or "und") == language]
        by_language[language] = _figures([texts[row] for row in rows], [said[row] for row in rows], taxonomy)
    return figures | {"by_language": by_language}


def _said(prediction: "Prediction", tier: "Tier") -> Labels:
    flagged = prediction.relevant if tier == "queue" else prediction.tier == "mail"
    return frozenset(prediction.labels) if flagged else frozenset()


def _figures(texts: Sequence[Text], said: Sequence[Labels], taxonomy: Taxonomy) -> dict[str, Any]:
    fallback = {taxonomy.fallback} if taxonomy.fallback else set()
    true = [text.labels - fallback for text in texts]
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
