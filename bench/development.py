"""The seed corpus as development data: read once, scored by cross-validation, judged without any threshold chosen."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from kzmonitor.classify import registry, train
from kzmonitor.classify.calibrate import Bools, Floats
from kzmonitor.classify.labelled import Taxonomy, Text, read_taxonomy
from kzmonitor.classify.passages import PASSAGE_WEIGHT
from kzmonitor.classify.reading import Reader, Reading
from kzmonitor.classify.thresholds import best_f
from kzmonitor.config import models_folder
from kzmonitor.language.concepts import read_lexicon

RECALL = 0.95
# How the ids of plain news begin.
PLAIN = "bg-"


@dataclass(frozen=True)
class Development:
    """answers: (texts, 1 + labels), relevance first; events: the event of each text."""

    taxonomy: Taxonomy
    texts: list[Text]
    readings: list[Reading]
    answers: Bools
    events: list[str]


@dataclass(frozen=True)
class Figures:
    """Each at its best threshold, so that rankings are compared, not cuts.

    alike: share of look-alikes flagged where 95 % of the relevant texts are; macro: mean of the labels' best F1 over
    relevant texts."""

    average_precision: float
    f1: float
    alike: float
    macro: float


def development() -> Development:
    """The whole seed, and plain news."""
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    texts = sorted(registry.seed_texts(), key=lambda text: text.id)
    lexicon = "\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon())
    readings = Reader(lexicon).transform([(text.title, text.text) for text in texts])
    wanted = np.array([[name in text.labels for name in taxonomy.names] for text in texts])
    answers = np.column_stack([wanted.any(axis=1), wanted])
    return Development(taxonomy, texts, readings, answers, train._groups(texts))


def held_out(
    on: Development,
    groups: Sequence[str],
    readings: Sequence[Reading] | None = None,
    passage_weight: float = PASSAGE_WEIGHT,
) -> Floats:
    """(texts, questions): the score of each text by a model that saw nothing of its group, whole text and best passage
    together. readings: in place of those of `on`."""
    whole, best = train._held_out_scores(readings or on.readings, on.answers, groups, on.taxonomy, 0)
    scores: Floats = whole + passage_weight * best
    return scores


def figures(scores: Floats, on: Development) -> Figures:
    """From held-out scores of every text and question."""
    relevant, said = on.answers[:, train.RELEVANCE], scores[:, train.RELEVANCE]
    alike = np.array([bool(text.hard) for text in on.texts])
    cut = np.quantile(said[relevant], 1 - RECALL, method="lower")
    return Figures(
        float(average_precision_score(relevant, said)),
        best_f(said, relevant)[0],
        float((said[alike] >= cut).mean()),
        macro(scores, on),
    )


def macro(scores: Floats, on: Development) -> float:
    """Mean of the labels' best F1 over relevant texts."""
    relevant = on.answers[:, train.RELEVANCE]
    columns = range(1, on.answers.shape[1])
    return float(np.mean([best_f(scores[relevant, one], on.answers[relevant, one])[0] for one in columns]))


def authors(texts: Sequence[Text]) -> list[str]:
    """Who wrote each text, told by the thousand of its number: one author in each language bears the same name here.

    Plain news, which bears no such number, is dealt out to all of them."""
    numbers = [int(text.id.rsplit("-", 1)[1]) for text in texts]
    plain = [text.id.startswith(PLAIN) for text in texts]
    count = 1 + max(number // 1000 for number in numbers)
    return [f"author {number % count if one else number // 1000}" for number, one in zip(numbers, plain, strict=True)]


def fit_on(keep: Collection[int], sizes: list[int]) -> Callable[..., Any]:
    """In place of the training's `_fit`: one that learns only from the readings whose id() is in `keep`. How many it
    learned from is added to `sizes`."""
    fit = train._fit

    def fit_on_some(readings: Sequence[Reading], answers: Bools, taxonomy: Taxonomy, seed: int) -> Any:
        some = [number for number, reading in enumerate(readings) if id(reading) in keep]
        sizes.append(len(some))
        return fit([readings[number] for number in some], answers[some], taxonomy, seed)

    return fit_on_some
