"""The gate: a candidate is promoted only if no language and no core label gets worse beyond noise.

Both models predict the same held-out events. A figure is a ratio of sums over events; the difference of the two ratios
is drawn again 2,000 times with whole events drawn with replacement (paired bootstrap, Efron and Tibshirani 1993,
chapter 16), since texts of one event stand and fall together. Worse beyond noise means that the whole 95 % interval of
candidate minus champion lies below zero.

Frozen events and reviewed ones are judged apart: labels of a poisoned batch stand in the second set, too, where they
would speak for the candidate that learned them; of the first no review changes a word."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kzmonitor.classify.calibrate import Floats
from kzmonitor.classify.labelled import Taxonomy, Text
from kzmonitor.classify.model import Classifier, Prediction

DRAWS = 2000
SEED = 0
COVERED = (2.5, 97.5)
# Of fewer events an interval says nothing.
LEAST_EVENTS = 10
DIGITS = 4
EVERYTHING = "all"


@dataclass(frozen=True)
class Comparison:
    """One figure of both models on one set ("frozen" or "reviewed"); more is better for each.

    figure: `f1_queue` (of relevance or the label), `recall_mail` (relevant texts that reach mail), `spared_mail`
    (irrelevant texts that don't). of: a language, a label, or "all". events: that bear on the figure.
    low, high: 95 % interval of the difference; None with under 10 events. worse: beyond noise."""

    on: str
    figure: str
    of: str
    events: int
    champion: float | None
    candidate: float | None
    difference: float | None
    low: float | None
    high: float | None
    worse: bool
    decides: bool


@dataclass(frozen=True)
class Report:
    """All comparisons, and whether they let the candidate pass."""

    comparisons: tuple[Comparison, ...]

    @property
    def worse(self) -> tuple[Comparison, ...]:
        """Those that keep the candidate out."""
        return tuple(one for one in self.comparisons if one.worse and one.decides)

    @property
    def passed(self) -> bool:
        return not self.worse

    def as_json(self) -> dict[str, Any]:
        """The report as it is kept with a version."""
        return {"passed": self.passed, "comparisons": [asdict(one) for one in self.comparisons]}


@dataclass(frozen=True)
class Question:
    """What a comparison is over. label: None for relevance; among: 1 for the texts that it is over, else 0."""

    figure: str
    of: str
    label: str | None
    among: Floats
    decides: bool


def compare(
    champion: Classifier, candidate: Classifier, sets: Mapping[str, Sequence[Text]], taxonomy: Taxonomy
) -> Report:
    """Candidate against champion on each named set of labelled texts that neither was trained on."""
    return Report(
        tuple(
            comparison
            for on, texts in sets.items()
            if texts
            for comparison in _on_one(on, texts, _said(champion, texts), _said(candidate, texts), taxonomy)
        )
    )


def _said(model: Classifier, texts: Sequence[Text]) -> list[Prediction]:
    return model.predict([(text.title, text.text) for text in texts], reasons=False)


def _on_one(
    on: str, texts: Sequence[Text], old: Sequence[Prediction], new: Sequence[Prediction], taxonomy: Taxonomy
) -> Iterator[Comparison]:
    true = [text.labels & frozenset(taxonomy.names) for text in texts]
    for asked in _questions(texts, true, taxonomy):
        sums = (_sums(asked, true, said) * asked.among[:, None] for said in (old, new))
        yield _comparison(on, asked, *(_by_event(one, texts) for one in sums))


def _questions(texts: Sequence[Text], true: Sequence[frozenset[str]], taxonomy: Taxonomy) -> Iterator[Question]:
    everything = np.ones(len(texts))
    languages = sorted({text.lang for text in texts if text.lang})
    spoken = {language: np.array([float(text.lang == language) for text in texts]) for language in languages}
    for language, among in {EVERYTHING: everything, **spoken}.items():
        for figure in ("f1_queue", "recall_mail", "spared_mail"):
            yield Question(figure, language, None, among, True)
    for name in taxonomy.names:
        bears = np.array([float(name in labels) for labels in true])
        yield Question("f1_queue", name, name, everything, name in taxonomy.core)
        yield Question("recall_mail", name, None, bears, name in taxonomy.core)


def _sums(asked: Question, true: Sequence[frozenset[str]], said: Sequence[Prediction]) -> Floats:
    """(texts, 2): numerator and denominator of the figure."""
    rows = []
    for labels, prediction in zip(true, said, strict=True):
        flagged = frozenset(prediction.labels) if prediction.relevant else frozenset[str]()
        mailed = prediction.tier == "mail"
        if asked.figure == "recall_mail":
            rows.append((float(bool(labels) and mailed), float(bool(labels))))
        elif asked.figure == "spared_mail":
            rows.append((float(not labels and not mailed), float(not labels)))
        else:
            yes, hit = (bool(one) if asked.label is None else asked.label in one for one in (labels, flagged))
            rows.append((2.0 * (yes and hit), float(yes) + float(hit)))
    return np.array(rows)


def _comparison(on: str, asked: Question, old: Floats, new: Floats) -> Comparison:
    """`old`, `new`: (events, 2), the sums of champion and candidate."""
    bearing = (old[:, 1] > 0) | (new[:, 1] > 0)
    old, new = old[bearing], new[bearing]
    events = len(old)
    champion, candidate = (_ratio(one.sum(axis=0)[None])[0] if events else np.nan for one in (old, new))
    low = high = np.nan
    if events >= LEAST_EVENTS:
        draws = np.random.default_rng(SEED).multinomial(events, np.full(events, 1 / events), size=DRAWS).astype(float)
        differences = _ratio(draws @ new) - _ratio(draws @ old)
        low, high = np.nanpercentile(differences, COVERED)
    return Comparison(
        on=on,
        figure=asked.figure,
        of=asked.of,
        events=events,
        champion=_number(champion),
        candidate=_number(candidate),
        difference=_number(candidate - champion),
        low=_number(low),
        high=_number(high),
        worse=bool(high < 0),
        decides=asked.decides,
    )


def _by_event(sums: Floats, texts: Sequence[Text]) -> Floats:
    """(events, 2): a text without an event stands for itself."""
    names = [f"event {text.event}" if text.event else f"text {number}" for number, text in enumerate(texts)]
    _, where = np.unique(names, return_inverse=True)
    summed = np.zeros((where.max() + 1, 2))
    np.add.at(summed, where, sums)
    return summed


def _ratio(sums: Floats) -> Floats:
    """Of (n, 2) sums; where nothing is to be found and nothing was said, all is well: 1."""
    return np.divide(sums[:, 0], sums[:, 1], out=np.ones(len(sums)), where=sums[:, 1] > 0)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS)
