"""Reliability: bins counted by hand, and the errors of honest and of boastful probabilities."""

import numpy as np
import pytest

from kzmonitor.classify.labelled import LabelSpec, Taxonomy, Text
from kzmonitor.classify.model import Prediction
from kzmonitor.classify.reliability import Bin, bins, reliability

ONE = Taxonomy((LabelSpec("a"), LabelSpec("b")))


def test_bins_are_those_counted_by_hand():
    found = bins(np.array([0.02, 0.04, 0.95, 1.0]), np.array([False, True, True, True]))
    assert [(one.texts, one.said, one.seen) for one in found] == [(2, 0.03, 0.5), (2, 0.975, 1.0)]
    assert found[0] == Bin(2, 0.03, 0.5, 0.0945, 0.9055)
    assert all(one.low <= one.seen <= one.high for one in found)


def sample(boast):
    """Ten thousand texts whose labels come as often as said, but for a boast that moves what is said outwards."""
    random = np.random.default_rng(0)
    chances = random.random(10_000)
    said = np.clip(0.5 + (chances - 0.5) * boast, 0, 1)
    true = random.random(10_000) < chances
    texts = [Text("t", "ru", "", "", frozenset("a" if yes else "")) for yes in true]
    return texts, [Prediction(one, True, "queue", ("a",), {"a": 0.9, "b": 0.1}, []) for one in said.tolist()]


def test_honest_probabilities_have_no_error_to_speak_of():
    assert reliability(*sample(1.0), ONE)["relevance"]["error"] < 0.02


def test_boastful_probabilities_have_one():
    assert reliability(*sample(3.0), ONE)["relevance"]["error"] > 0.1


def test_labels_are_judged_on_relevant_texts():
    told = reliability(*sample(1.0), ONE)["labels"]
    assert told["a"]["error"] == pytest.approx(0.1, abs=1e-6)
    assert sum(one["texts"] for one in told["a"]["bins"]) == pytest.approx(5000, abs=200)
    assert [one["seen"] for one in told["b"]["bins"]] == [0.0]


def test_without_texts_there_is_nothing_to_say():
    assert reliability([], [], ONE) == {"relevance": None, "labels": {"a": None, "b": None}}
