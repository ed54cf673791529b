"""What stands behind a report takes nothing from it."""

import numpy as np
import pytest

from kzmonitor.classify.explain import Question, Source, contributions
from kzmonitor.classify.leads import LEAD_TOKENS, MARGIN, SHORT_TOKENS, lead, with_leads
from tests.classify.conftest import PLACES, TELLINGS

OTHER = "The football club won the match and its fans celebrated with a concert of entrepreneurs. " * 12


@pytest.fixture(scope="module")
def report() -> tuple[str, str]:
    """One that is as long as a lead."""
    _language, title, text = TELLINGS["detention"][2]
    return title, " ".join(text.format(place=place) for place in PLACES)


@pytest.fixture(scope="module")
def page(report) -> tuple[str, str]:
    """The same with other news behind it."""
    return report[0], f"{report[1]} {OTHER}"


def test_the_lead_is_the_headline_and_whole_sentences(classifier, page):
    (reading,) = classifier.reader.transform([page])
    start = lead(reading)
    assert start is not None
    assert start.title == reading.title > 0
    last = start.places.stop
    assert LEAD_TOKENS <= last < len(reading.tokens)
    assert reading.tokens.sentence[last] != reading.tokens.sentence[last - 1]
    assert all(match.last < last for match in (*start.matches, *start.words))


def test_a_short_text_is_read_as_a_whole_only(classifier, report):
    (reading,) = classifier.reader.transform([report])
    assert len(reading.tokens) <= SHORT_TOKENS
    assert lead(reading) is None


def test_other_news_behind_a_report_does_not_hide_it(classifier, report, page):
    alone, followed = classifier.predict([report, page])
    assert alone.relevant
    assert followed.relevant
    (reading,) = classifier.reader.transform([page])
    whole = classifier.relevance.scores(classifier.features.transform([reading]).tocsr())
    assert classifier.relevance.sigmoid.probability(whole)[0] < followed.relevance - 0.01


def test_the_reasons_are_those_of_what_was_scored(classifier, page):
    (reading,) = classifier.reader.transform([page])
    rows, leads = with_leads([reading], classifier.features)
    head = classifier.relevance
    scores, leading = leads.better(head.scores(rows), head.scores)
    assert leading == {0: 0}
    source = Source(leads.found[0], leads.rows[0], 1.0)
    told = contributions(reading, classifier.features, Question("relevance", head.coefficients, 1.0, [source])).sum()
    assert told + head.scores(leads.rows * 0)[0] - MARGIN == pytest.approx(scores[0], abs=1e-3)
    (said,) = classifier.predict([page])
    last = reading.tokens.end[leads.found[0].places.stop - 1]
    assert all(reason.end <= last for reason in said.reasons if reason.label == "relevance")


def test_without_long_texts_nothing_changes(classifier, report):
    (reading,) = classifier.reader.transform([report])
    whole = np.array([0.25])
    _rows, leads = with_leads([reading], classifier.features)
    scores, leading = leads.better(whole, classifier.relevance.scores)
    assert scores is whole
    assert leading == {}
