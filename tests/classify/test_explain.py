"""Reasons: where they stand, what they add up to, and that they are true."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from kzmonitor.classify.explain import Question, Source, contributions
from kzmonitor.classify.passages import PASSAGE_WEIGHT, passage_rows
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
    assert log_odds(after) < log_odds(before) - 1


def test_all_weights_with_the_score_of_an_empty_text_make_the_log_odds(classifier):
    (reading,) = classifier.reader.transform([REPORT])
    row = classifier.features.transform([reading]).tocsr()[0]
    head = classifier.relevance
    question = Question("relevance", head.coefficients, head.sigmoid.slope, [Source(reading, row, 1.0)])
    by_token = contributions(reading, classifier.features, question)
    empty = float(head.sigmoid.log_odds(head.scores(csr_matrix(row.shape)))[0])
    (prediction,) = classifier.predict([REPORT], reasons=False)
    assert by_token.sum() + empty == pytest.approx(log_odds(prediction.relevance), abs=1e-3)


def test_the_weights_of_a_label_come_from_the_whole_text_and_its_best_passage(classifier):
    (reading,) = classifier.reader.transform([REPORT])
    row = classifier.features.transform([reading]).tocsr()[0]
    head = classifier.labels["detention"]
    parts = passage_rows([reading], classifier.features)
    best = parts.best(head.scores(parts.rows))[0]
    sources = [Source(reading, row, 1.0), Source(parts.found[best], parts.rows[best], PASSAGE_WEIGHT)]
    question = Question("detention", head.coefficients, head.joint.slope, sources)
    by_token = contributions(reading, classifier.features, question)
    constant = head.joint.slope * head.scorer.intercept_[0] * (1 + PASSAGE_WEIGHT) + head.joint.offset
    (prediction,) = classifier.predict([REPORT], reasons=False)
    assert prediction.relevant
    assert by_token.sum() + constant == pytest.approx(log_odds(prediction.probabilities["detention"]), abs=1e-3)


def log_odds(probability):
    return np.log(probability / (1 - probability))


def test_a_concept_is_named(classifier):
    (prediction,) = classifier.predict([REPORT])
    assert {"act.detain", "who.activist"} & {reason.concept for reason in prediction.reasons}


def test_reasons_survive_saving(classifier):
    assert load(save(classifier)).predict([REPORT]) == classifier.predict([REPORT])
