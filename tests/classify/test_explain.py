"""Reasons: where they stand, what they add up to, and that they are true."""

from itertools import pairwise

import numpy as np
import pytest

from kzmonitor.classify.explain import Scored, contributions
from kzmonitor.classify.persist import load, save

REPORT = (
    "Активистку задержали в Алматы",
    "Погода в городе была ясной.\nПолиция задержала активистку у площади. Суд арестовал её на десять суток.",
)


def test_reasons_stand_where_they_say(classifier):
    (prediction,) = classifier.predict([REPORT])
    whole = "\n".join(REPORT)
    assert {reason.label for reason in prediction.reasons} == {"relevance", *prediction.labels}
    for reason in prediction.reasons:
        assert whole[reason.start : reason.end] == reason.phrase
        assert reason.side == ("for" if reason.weight > 0 else "against")


def test_reasons_of_one_label_do_not_overlap(classifier):
    (prediction,) = classifier.predict([REPORT])
    spans = sorted((r.start, r.end) for r in prediction.reasons if r.label == "relevance")
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize("label", ["relevance", "detention"])
def test_removing_the_top_reasons_lowers_the_score(classifier, label):
    def score(title, text):
        (said,) = classifier.predict([(title, text)])
        return said.relevance if label == "relevance" else said.probabilities[label], said

    before, said = score(*REPORT)
    whole = "\n".join(REPORT)
    reasons = [reason for reason in said.reasons if reason.label == label and reason.side == "for"]
    for reason in sorted(reasons[:3], key=lambda reason: -reason.start):
        whole = whole[: reason.start] + whole[reason.end :]
    title, _, text = whole.partition("\n")
    after, _ = score(title, text)
    assert after < before - 0.1


def test_all_weights_with_the_constant_make_the_log_odds(classifier):
    readings = classifier.reader.transform([REPORT])
    rows = classifier.features.transform(readings).tocsr()
    head = classifier.relevance
    question = Scored("relevance", head.linear.coef_[0], head.sigmoid.slope)
    by_token = contributions(readings[0], rows[0], classifier.features, question)
    constant = head.sigmoid.slope * head.linear.intercept_[0] + head.sigmoid.offset
    (prediction,) = classifier.predict([REPORT], reasons=False)
    shown = np.log(prediction.relevance / (1 - prediction.relevance))
    assert by_token.sum() + constant == pytest.approx(shown, abs=1e-3)


def test_a_concept_is_named(classifier):
    (prediction,) = classifier.predict([REPORT])
    assert {"act.detain", "who.activist"} & {reason.concept for reason in prediction.reasons}


def test_reasons_survive_saving(classifier):
    assert load(save(classifier)).predict([REPORT]) == classifier.predict([REPORT])
