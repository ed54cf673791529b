"""Figures as Markdown tables, for the model card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench.card import covered, table
from bench.splits import Split
from kzmonitor.classify.calibrate import calibration_error
from kzmonitor.classify.labelled import Taxonomy, Text
from kzmonitor.classify.model import Prediction, Tier

if TYPE_CHECKING:
    from bench.quality import Measured

Guess = dict[str, Any]
Said = tuple[str, list[Text], list[Prediction]]

# What the texts of ordinary news that came near a flag tell of, in our own words.
NOTES = Path(__file__).parent / "data" / "ordinary_notes.yaml"


def relevance_table(whole: "Measured", restated: "Measured", guess: Guess, languages: Sequence[str]) -> str:
    """Relevance by tier: all held-out texts, each language, the restated reports, always saying yes."""
    head = ["set", "tier", "texts", "precision", "recall", "F1", "F1, 95 %", "look-alikes flagged"]
    rows: list[list[object]] = []
    for tier in whole.figures:
        figures, doubt = whole.figures[tier], whole.doubt[tier]
        rows.append(_relevance("held out", tier, figures, doubt))
        for language in languages:
            of = figures["by_language"][language], doubt["by_language"][language]
            rows.append(_relevance(f"held out, {language}", tier, *of))
        rows.append(_relevance("restated", tier, restated.figures[tier], restated.doubt[tier]))
    one = guess["relevance"]
    always = ["held out, constant guess", "-", len(whole.texts), one["precision"], one["recall"], one["f1"], "-", 1.0]
    return table(head, [*rows, always])


def _relevance(name: str, tier: str, figures: dict[str, Any], doubt: dict[str, Any]) -> list[object]:
    one, interval = figures["relevance"], doubt["relevance"]
    shares = [
        f"{one[key]:.3f} ({covered(interval[key])})" if key != "f1" else f"{one[key]:.3f}"
        for key in ("precision", "recall", "f1")
    ]
    alike = f"{figures['hard_negative_fpr']:.3f} ({covered(doubt['hard_negative_fpr'])})"
    return [name, tier, figures["n"], *shares, covered(interval["f1"]), alike]


def labels_table(whole: "Measured", guess: Guess, trust: dict[str, Any], taxonomy: Taxonomy) -> str:
    """Each label at tier queue, by language too, with calibration and constant guessing; and the means."""
    figures, doubt = whole.figures["queue"], whole.doubt["queue"]
    head = ["label", "texts", "precision", "recall", "F1", "F1, 95 %", "ru", "kk", "en", "constant guess", "ECE"]
    rows: list[list[object]] = []
    for name in taxonomy.names:
        one, mark = figures["labels"][name], " (core)" if name in taxonomy.core else ""
        tongues = [figures["by_language"][language]["labels"][name]["f1"] for language in ("ru", "kk", "en")]
        ratios = [one[key] for key in ("precision", "recall", "f1")]
        doubts = [covered(doubt["labels"][name]["f1"]), *tongues]
        error = trust["labels"][name]["error"]
        rows.append([name + mark, one["support"], *ratios, *doubts, guess["labels"][name]["f1"], error])
    for key, name in (("core_macro_f1", "mean of the core labels"), ("macro_f1", "mean of all"), ("micro_f1", "micro")):
        tongues = [figures["by_language"][language][key] for language in ("ru", "kk", "en")]
        rows.append([name, "", "", "", figures[key], covered(doubt[key]), *tongues, guess[key], ""])
    return table(head, rows)


def splits_table(rows: Sequence[tuple[Split, "Measured"]]) -> str:
    """The three splits side by side."""
    head = [
        *("split", "trained on", "measured on", "of them relevant", "tier", "precision", "recall", "F1", "F1, 95 %"),
        *("core macro F1", "macro F1", "look-alikes flagged"),
    ]
    lines: list[list[object]] = []
    for split, measured in rows:
        for tier, figures in measured.figures.items():
            one, doubt = figures["relevance"], measured.doubt[tier]
            means = [f"{figures[key]:.3f} ({covered(doubt[key])})" for key in ("core_macro_f1", "macro_f1")]
            sizes = [len(split.training), len(split.test), one["tp"] + one["fn"]]
            ratios = [one["precision"], one["recall"], one["f1"], covered(doubt["relevance"]["f1"])]
            lines.append([split.name, *sizes, tier, *ratios, *means, figures["hard_negative_fpr"]])
    notes = "\n".join(f"- **{split.name}**: {split.about}." for split, _ in rows)
    return f"{table(head, lines)}\n\n{notes}"


def calibration_table(whole: "Measured", restated: "Measured", taxonomy: Taxonomy, languages: Sequence[str]) -> str:
    """Expected calibration error of relevance by set, and of all labels together."""
    import numpy as np

    def error(texts: Sequence[Text], predictions: Sequence[Prediction]) -> float:
        said = np.array([one.relevance for one in predictions])
        return calibration_error(said, np.array([bool(text.labels) for text in texts]))

    rows: list[list[object]] = [["relevance, held out", len(whole.texts), error(whole.texts, whole.predictions)]]
    for language in languages:
        own = [(t, p) for t, p in zip(whole.texts, whole.predictions, strict=True) if t.lang == language]
        rows.append([f"relevance, held out, {language}", len(own), error([t for t, _ in own], [p for _, p in own])])
    rows.append(["relevance, restated", len(restated.texts), error(restated.texts, restated.predictions)])
    pairs = [
        (prediction.probabilities[name], name in text.labels)
        for text, prediction in zip(whole.texts, whole.predictions, strict=True)
        for name in taxonomy.names
        if text.labels
    ]
    said, seen = (np.array(values) for values in zip(*pairs, strict=True))
    rows.append(["all labels together, relevant held-out texts", len(pairs), calibration_error(said, seen)])
    return table(["probability of", "answers", "expected calibration error"], rows)


def ordinary_table(said: Sequence[Said]) -> str:
    """How much of each set is flagged at each tier."""
    rows: list[list[object]] = []
    for name, texts, predictions in said:
        queue, mail = sum(one.relevant for one in predictions), sum(one.tier == "mail" for one in predictions)
        rows.append([name, len(texts), queue, f"{queue / len(texts):.2%}", mail, f"{mail / len(texts):.2%}"])
    return table(["set", "texts", "flagged at queue", "share", "flagged at mail", "share"], rows)


def natural_table(
    natural: Mapping[Tier, dict[str, float]], flagged: Mapping[str, int], total: int, whole: "Measured"
) -> str:
    """Precision where one article in a hundred is relevant."""
    rows: list[list[object]] = []
    for tier, one in natural.items():
        recall = whole.figures[tier]["relevance"]["recall"]
        share = f"{flagged[tier]} of {total}"
        rows.append([tier, recall, share, one["precision"], covered([one["low"], one["high"]])])
    return table(["tier", "recall, held out", "ordinary news flagged", "precision at 1 in 100", "95 %"], rows)


def flagged_table(said: Sequence[Said]) -> str:
    """Each flagged text, as described by the person who read it."""
    notes = yaml.safe_load(NOTES.read_text("utf-8"))
    rows: list[list[object]] = []
    for _, texts, predictions in said:
        for text, one in zip(texts, predictions, strict=True):
            if one.tier is not None:
                kind, _, told = notes.get(text.id, "not read yet: ").partition(": ")
                rows.append([text.id, one.tier, one.relevance, ", ".join(one.labels), kind, told])
    rows.sort(key=lambda row: (row[1] != "mail", str(row[4]), str(row[0])))
    return table(["text", "tier", "relevance", "labels said", "kind", "what it tells"], rows)


def other_table(figures: dict[str, Any], doubt: dict[str, Any], guess: Guess) -> str:
    """Another label set by the measure of its makers."""
    micro = figures["micro"]
    always = f"always {', '.join(guess['always'])}"
    rows: list[list[object]] = [
        ["ours", micro["precision"], micro["recall"], micro["f1"], covered(doubt["micro_f1"])],
        [f"constant guess ({always})", "", "", guess["micro_f1"], ""],
    ]
    return table(["", "micro precision", "micro recall", "micro F1", "95 %"], rows)
