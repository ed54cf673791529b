"""Figures, by hand."""

from kzmonitor.classify.evaluate import constant_guess, evaluate, report
from kzmonitor.classify.labelled import LabelSpec, Taxonomy, Text
from kzmonitor.classify.model import Prediction

TWO = Taxonomy((LabelSpec("a", core=True), LabelSpec("b"), LabelSpec("c")))


def text(labels, hard=None, lang="ru"):
    return Text("t", lang, "", "", frozenset(labels), hard)


def said(*labels, tier="queue"):
    return Prediction(0.5, bool(labels), tier if labels else None, labels, {}, [])


def test_the_figures_are_those_counted_by_hand():
    texts = [text("a"), text("ab"), text("b"), text(""), text("", hard=True)]
    figures = report(texts, [said("a"), said("a"), said(), said(), said("a")], TWO, "queue")
    assert figures["relevance"] == {
        "precision": 0.6667,
        "recall": 0.6667,
        "f1": 0.6667,
        "tp": 2,
        "fp": 1,
        "fn": 1,
        "tn": 1,
    }
    assert figures["labels"]["a"] == {"precision": 0.6667, "recall": 1.0, "f1": 0.8, "support": 2}
    assert figures["labels"]["b"] == {"precision": None, "recall": 0.0, "f1": 0.0, "support": 2}
    assert figures["labels"]["c"] == {"precision": None, "recall": None, "f1": None, "support": 0}
    assert (figures["macro_f1"], figures["core_macro_f1"]) == (0.4, 0.8)
    assert figures["micro_f1"] == 0.5714
    assert figures["hard_negative_fpr"] == 1.0


def test_an_empty_set_of_labels_counts_as_the_fallback():
    taxonomy = Taxonomy((LabelSpec("a"), LabelSpec("unknown")), fallback="unknown")
    texts = [text(["unknown"]), text("a"), text("a")]
    figures = report(texts, [said(), said("a"), said()], taxonomy, "queue")
    assert figures["micro"] == {"precision": 0.6667, "recall": 0.6667, "f1": 0.6667}
    assert figures["relevance"]["fn"] == 1
    assert "unknown" not in figures["labels"]


def test_at_tier_mail_only_mail_counts():
    figures = report([text("a"), text("a")], [said("a"), said("a", tier="mail")], TWO, "mail")
    assert figures["relevance"]["recall"] == 0.5


def test_no_text_gives_null_figures_and_languages_stand_apart():
    empty = report([], [], TWO, "queue")
    assert empty["relevance"]["f1"] is None
    assert empty["hard_negative_fpr"] is None
    both = report([text("a"), text("a", lang=None)], [said("a"), said()], TWO, "queue")
    assert {lang: part["relevance"]["recall"] for lang, part in both["by_language"].items()} == {"ru": 1.0, "und": 0.0}


def test_evaluate_prints_what_the_command_promises(classifier, texts):
    printed = evaluate(classifier, texts)
    assert set(printed) >= {
        "model", "tier", "n", "relevance", "labels", "macro_f1", "micro_f1", "core_macro_f1", "hard_negative_fpr",
        "by_language", "docs_per_second",
    }  # fmt: skip
    assert printed["n"] == len(texts)
    assert printed["docs_per_second"] > 0


def test_intervals_come_beside_the_figures_and_change_none(classifier, texts):
    plain, more = evaluate(classifier, texts), evaluate(classifier, texts, intervals=True)
    assert set(more) - set(plain) == {"intervals", "constant_guess", "calibration"}
    assert {key: more[key] for key in plain if key != "docs_per_second"} == {
        key: plain[key] for key in plain if key != "docs_per_second"
    }
    assert more["intervals"]["relevance"]["f1"][0] <= more["relevance"]["f1"] <= more["intervals"]["relevance"]["f1"][1]


def test_the_floor_is_the_best_that_one_answer_for_all_can_reach():
    texts = [text("a")] * 4 + [text("b")] * 1 + [text("")] * 5
    floor = constant_guess(texts, TWO)
    assert floor["relevance"] | {"tp": 5, "fn": 0} == floor["relevance"]
    assert floor["relevance"]["precision"] == 0.5
    assert floor["labels"]["a"]["f1"] == 0.5714
    assert (floor["always"], floor["micro_f1"]) == (["a"], 0.5333)
    assert floor["core_macro_f1"] == 0.5714


def test_the_floor_of_nothing_is_nothing():
    assert constant_guess([], TWO)["relevance"]["f1"] is None
