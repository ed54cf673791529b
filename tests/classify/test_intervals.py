"""Intervals: of the shape of the figures, around them, wider where there is less to go by."""

import numpy as np
import pytest

from kzmonitor.classify.evaluate import report
from kzmonitor.classify.intervals import at_natural_rate, intervals
from kzmonitor.classify.labelled import LabelSpec, Taxonomy, Text
from kzmonitor.classify.model import Prediction

TWO = Taxonomy((LabelSpec("a", core=True), LabelSpec("b")))


def sample(size, *, seed=0, texts_an_event=1):
    """Texts of which a half bear a label, and predictions of which a fifth are wrong."""
    random = np.random.default_rng(seed)
    texts, predictions = [], []
    for number in range(size):
        true = frozenset(random.choice(["a", "b"], 1)) if random.random() < 0.5 else frozenset()
        wrong = random.random() < 0.2
        said = (frozenset() if true else frozenset("a")) if wrong else true
        event = f"e{number // texts_an_event}"
        for twin in range(texts_an_event):
            texts.append(Text(f"{number}-{twin}", ["ru", "en"][number % 2], "", "", true, not true, event))
            predictions.append(Prediction(0.5, bool(said), "queue" if said else None, tuple(said), {}, []))
    return texts, predictions


def width(interval):
    return interval[1] - interval[0]


@pytest.mark.parametrize("taxonomy", [TWO, Taxonomy((*TWO.labels, LabelSpec("none")), fallback="none")])
def test_every_figure_lies_within_its_interval(taxonomy):
    texts, predictions = sample(200)
    figures = report(texts, predictions, taxonomy, "queue")
    told = intervals(texts, predictions, taxonomy, "queue")
    for part, doubt in [
        (figures, told),
        *((figures["by_language"][one], told["by_language"][one]) for one in ("ru", "en")),
    ]:
        for key in ("macro_f1", "micro_f1", "core_macro_f1", "hard_negative_fpr"):
            assert doubt[key][0] < part[key] < doubt[key][1], key
        for name in ("relevance", "labels"):
            for one, other in zip(pairs(part[name]), pairs(doubt[name]), strict=True):
                assert other[0] <= one <= other[1], name


def pairs(figures):
    nested = figures.values() if "a" in figures else [figures]
    return [one[key] for one in nested for key in ("precision", "recall", "f1")]


def test_more_texts_give_narrower_intervals():
    few, many = (intervals(*sample(size), TWO, "queue")["relevance"]["f1"] for size in (60, 600))
    assert width(many) < width(few) / 2


def test_copies_of_one_event_add_no_certainty():
    texts, predictions = sample(80)
    alone = intervals(texts, predictions, TWO, "queue")["relevance"]["f1"]
    twins = [(text, one) for text, one in zip(texts, predictions, strict=True) for _ in range(5)]
    doubled = intervals([text for text, _ in twins], [one for _, one in twins], TWO, "queue")["relevance"]["f1"]
    assert width(doubled) == pytest.approx(width(alone), abs=0.01)


def test_the_same_seed_draws_the_same():
    assert intervals(*sample(50), TWO, "queue") == intervals(*sample(50), TWO, "queue")


@pytest.mark.parametrize("size", [0, 5])
def test_a_handful_of_events_gives_no_interval(size):
    assert intervals(*sample(size), TWO, "queue")["relevance"] == {"precision": None, "recall": None, "f1": None}


def test_a_label_that_is_never_there_has_no_interval():
    texts, predictions = sample(50)
    told = intervals(texts, predictions, Taxonomy((*TWO.labels, LabelSpec("c"))), "queue")
    assert told["labels"]["c"] == {"precision": None, "recall": None, "f1": None}


def test_a_taxonomy_without_core_labels_has_no_core_figure():
    told = intervals(*sample(50), Taxonomy((LabelSpec("a"), LabelSpec("b"))), "queue")
    assert told["core_macro_f1"] is None


def test_at_one_in_a_hundred_one_false_flag_in_a_hundred_halves_precision():
    texts, predictions = sample(400)
    recall = report(texts, predictions, TWO, "queue")["relevance"]["recall"]
    told = at_natural_rate(texts, predictions, TWO, "queue", (20, 2000))
    assert told["precision"] == pytest.approx(recall / (recall + 0.99), abs=0.001)
    assert told["low"] < told["precision"] < told["high"]


def test_no_false_flag_seen_is_not_taken_for_never():
    told = at_natural_rate(*sample(400), TWO, "queue", (0, 500))
    assert told["precision"] == 1.0
    assert told["low"] < 0.9
