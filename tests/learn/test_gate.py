from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from kzmonitor.classify.labelled import LabelSpec, Taxonomy, Text
from kzmonitor.classify.model import Classifier, Prediction
from kzmonitor.learn.gate import Comparison, Report, compare

TAXONOMY = Taxonomy((LabelSpec("detention", core=True), LabelSpec("raid")))


class Oracle:
    """A model that knows the answers, but for some texts that it gets wrong."""

    def __init__(self, texts: Sequence[Text], wrong: set[str]) -> None:
        self.answers = {text.title: text.labels for text in texts}
        self.wrong = wrong

    def predict(self, texts: Sequence[tuple[str, str]], *, reasons: bool) -> list[Prediction]:
        return [self._one(title) for title, _ in texts]

    def _one(self, title: str) -> Prediction:
        labels = tuple(self.answers[title])
        if title in self.wrong:
            labels = () if labels else ("detention",)
        return Prediction(0.9, bool(labels), "mail" if labels else None, labels, {}, [])


def corpus(events: int, each: int = 1) -> list[Text]:
    """Texts in two languages, half of them detentions."""
    return [
        Text(f"{event}-{n}", "ru" if event % 4 < 2 else "kk", f"{event}-{n}", "", labels, event=f"e{event}")
        for event in range(events)
        for labels in [frozenset({"detention"}) if event % 2 else frozenset[str]()]
        for n in range(each)
    ]


def judged(texts: list[Text], old: set[str], new: set[str], on: str = "frozen") -> Report:
    models = [cast(Classifier, Oracle(texts, wrong)) for wrong in (old, new)]
    return compare(models[0], models[1], {on: texts}, TAXONOMY)


def one(report: Report, figure: str, of: str) -> Comparison:
    return next(one for one in report.comparisons if (one.figure, one.of) == (figure, of))


def test_the_same_model_passes() -> None:
    assert judged(corpus(100), {"3-0"}, {"3-0"}).passed


def test_three_events_are_noise_and_ten_are_not() -> None:
    texts = corpus(200)
    relevant = [text.title for text in texts if text.labels]
    assert judged(texts, set(), set(relevant[:3])).passed
    refused = judged(texts, set(), set(relevant[:10]))
    assert {(one.figure, one.of) for one in refused.worse} >= {("f1_queue", "detention"), ("recall_mail", "all")}


def test_many_texts_of_one_event_are_one_slip() -> None:
    texts = corpus(100, each=10)
    of_one_event = {text.title for text in texts if text.event == "e1"}
    assert len(of_one_event) == 10
    assert judged(texts, set(), of_one_event).passed


def test_one_language_that_gets_worse_keeps_a_better_model_out() -> None:
    texts = corpus(400)
    kazakh = [text.title for text in texts if text.lang == "kk" and text.labels][:12]
    russian = [text.title for text in texts if text.lang == "ru" and text.labels][:40]
    refused = judged(texts, set(russian), set(kazakh))
    assert (one(refused, "f1_queue", "all").difference or 0) > 0
    assert {one.of for one in refused.worse} == {"kk"}


def test_false_alarms_in_mail_keep_a_model_out() -> None:
    texts = corpus(200)
    irrelevant = [text.title for text in texts if not text.labels]
    refused = judged(texts, set(), set(irrelevant[:15]))
    assert ("spared_mail", "all") in {(one.figure, one.of) for one in refused.worse}


def test_a_handful_of_events_decides_nothing() -> None:
    texts = corpus(8)
    report = judged(texts, set(), {text.title for text in texts})
    assert report.passed
    assert one(report, "f1_queue", "all").low is None


def test_a_label_that_is_not_core_is_shown_and_does_not_decide() -> None:
    texts = corpus(40)
    report = judged(texts, set(), set())
    assert not one(report, "f1_queue", "raid").decides
    assert one(report, "f1_queue", "raid").events == 0


def test_frozen_and_reviewed_events_are_judged_apart() -> None:
    """Whoever poisons the reviewed ones can't outvote the frozen ones."""
    texts = corpus(200)
    relevant = {text.title for text in texts if text.labels}
    some = set(sorted(relevant)[:12])
    models = [cast(Classifier, Oracle(texts, wrong)) for wrong in (set(), some)]
    lies = [Text(t.id, t.lang, t.title, t.text, frozenset() if t.title in some else t.labels) for t in texts]
    report = compare(models[0], models[1], {"frozen": texts, "reviewed": lies}, TAXONOMY)
    assert {one.on for one in report.worse} == {"frozen"}


def test_the_interval_covers_the_difference_as_often_as_it_says() -> None:
    """Two models with the same chance of a slip: worse by more than noise about once in forty."""
    pick = np.random.default_rng(1)
    texts = corpus(120)
    refused = 0
    for _ in range(40):
        old, new = ({text.title for text in texts if pick.random() < 0.15} for _ in range(2))
        refused += one(judged(texts, old, new), "f1_queue", "all").worse
    assert refused <= 4


def test_a_report_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    told = judged(corpus(40), set(), {"1-0"}).as_json()
    assert json.loads(json.dumps(told)) == told
    assert told["passed"] is True
