"""Where a candidate cuts: its relevance thresholds let as many texts pass as those of the seed model.

Reviewed texts are no fair sample (they are what a model flagged), so no threshold is set on them; and a threshold set
by the few highest of some hundred irrelevant scores moves by chance from week to week. Left free, a version that is lax
by chance is promoted, since recall at mail can be told with more power than false alarms, and then no honest one
passes. Cut alike, two versions send the same number of the same texts to queue and mail, and the gate sees which one
chooses better. No label of the texts is looked at."""

import copy
from collections.abc import Sequence
from dataclasses import replace

from kzmonitor.classify.labelled import Text
from kzmonitor.classify.model import Classifier
from kzmonitor.classify.thresholds import NEVER, Pair


def cut_like(candidate: Classifier, reference: Classifier, texts: Sequence[Text]) -> Classifier:
    """The candidate with relevance thresholds that let as many of `texts` pass as those of `reference` do."""
    asked = [(text.title, text.text) for text in texts]
    own, others = (
        sorted((said.relevance for said in model.predict(asked, reasons=False)), reverse=True)
        for model in (candidate, reference)
    )
    mine, theirs = candidate.thresholds.relevance, reference.thresholds.relevance
    queue = _cut(own, mine.queue, _passing(others, theirs.queue))
    mail = _cut(own, mine.mail, _passing(others, theirs.mail))
    made = copy.copy(candidate)
    made.thresholds = replace(candidate.thresholds, relevance=Pair(queue, max(queue, mail)))
    return made


def _passing(ranked: Sequence[float], threshold: float) -> int:
    return sum(chance >= threshold for chance in ranked)


def _cut(ranked: Sequence[float], threshold: float, wanted: int) -> float:
    """A threshold that `wanted` of `ranked` (highest first) pass: this one if it does, else half-way between two."""
    if _passing(ranked, threshold) == wanted:
        return threshold
    above = ranked[wanted - 1] if wanted else NEVER
    below = ranked[wanted] if wanted < len(ranked) else 0.0
    return (above + below) / 2
