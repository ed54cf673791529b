"""How good the classifier is on texts by authors who wrote none of its training texts: the tables of the model card.

    python bench/quality.py [ORDINARY.jsonl...] [--other TRAIN.jsonl DEV.jsonl]

Trains once for each of three splits (bench/splits.py) and rewrites the tables of models/MODEL_CARD.md that hang on
them, and the pictures of reliability; a few minutes. Intervals are 95 % bootstrap over events, 1,000 draws. ORDINARY:
ordinary news, none of it relevant; without it those tables stay as they are. --other: another label set, trained on the
one file and measured on the other."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import card, corpus_tables, reliability_chart, splits
from bench.quality_tables import (
    calibration_table,
    flagged_table,
    labels_table,
    natural_table,
    ordinary_table,
    other_table,
    relevance_table,
    splits_table,
)
from kzmonitor.classify.evaluate import constant_guess, report
from kzmonitor.classify.intervals import at_natural_rate, intervals
from kzmonitor.classify.labelled import Taxonomy, Text, read_jsonl, read_taxonomy, taxonomy_of
from kzmonitor.classify.model import Classifier, Prediction, Tier
from kzmonitor.classify.reliability import reliability
from kzmonitor.classify.train import train
from kzmonitor.config import models_folder

TIERS: tuple[Tier, Tier] = ("queue", "mail")
LANGUAGES = ("ru", "kk", "en")


@dataclass(frozen=True)
class Measured:
    """What a model says of one set, and the figures and intervals at both tiers."""

    texts: list[Text]
    predictions: list[Prediction]
    figures: dict[Tier, dict[str, Any]]
    doubt: dict[Tier, dict[str, Any]]


def main() -> None:
    """Rewrite the tables and print them."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("ordinary", nargs="*", type=Path, help="JSONL of ordinary news, none of it relevant")
    arguments.add_argument("--other", nargs=2, type=Path, metavar="FILE", help="another label set: train, develop")
    given = arguments.parse_args()
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    tables = corpus_tables.all_tables(taxonomy)
    classifier, whole, rows = by_split(taxonomy)
    tables["splits"] = splits_table(rows)
    tables |= held_out_tables(classifier, whole, taxonomy)
    if given.ordinary:
        tables |= ordinary_tables(classifier, whole, [(file.stem, read_jsonl(file)) for file in given.ordinary])
    if given.other:
        tables["other label sets"] = other_table(*other(*given.other))
    card.rewrite(tables)
    for name, table in tables.items():
        print(f"\n{name}\n\n{table}", flush=True)


def by_split(taxonomy: Taxonomy) -> tuple[Classifier, Measured, list[tuple[splits.Split, Measured]]]:
    """The model of the split by event, what it says of all held-out texts, and each split measured."""
    rows, models = [], []
    for split in splits.splits():
        models.append(train(split.training, taxonomy))
        rows.append((split, measure(models[-1], split.test)))
    return models[0], rows[0][1], rows


def measure(classifier: Classifier, texts: Sequence[Text]) -> Measured:
    """Figures and intervals of one model on one set."""
    predictions = classifier.predict([(text.title, text.text) for text in texts], reasons=False)
    taxonomy = classifier.taxonomy
    return Measured(
        list(texts),
        predictions,
        {tier: report(texts, predictions, taxonomy, tier) for tier in TIERS},
        {tier: intervals(texts, predictions, taxonomy, tier) for tier in TIERS},
    )


def held_out_tables(classifier: Classifier, whole: Measured, taxonomy: Taxonomy) -> dict[str, str]:
    """Relevance by tier and language, labels, calibration; and the pictures of the latter."""
    guess = constant_guess(whole.texts, taxonomy)
    trust = reliability(whole.texts, whole.predictions, taxonomy)
    card.picture("reliability.svg", reliability_chart.relevance(trust))
    card.picture("reliability-labels.svg", reliability_chart.labels(trust))
    restated = measure(classifier, splits.restated())
    return {
        "relevance": relevance_table(whole, restated, guess, LANGUAGES),
        "labels": labels_table(whole, guess, trust, taxonomy),
        "calibration": calibration_table(whole, restated, taxonomy, LANGUAGES),
    }


def ordinary_tables(classifier: Classifier, whole: Measured, sets: Sequence[tuple[str, list[Text]]]) -> dict[str, str]:
    """How much of ordinary news is flagged, precision at the natural rate, and each flagged text in our words."""
    said = [
        (name, texts, classifier.predict([(text.title, text.text) for text in texts], reasons=False))
        for name, texts in sets
    ]
    together = [one for _, _, predictions in said for one in predictions]
    flagged = {
        "queue": sum(one.relevant for one in together),
        "mail": sum(one.tier == "mail" for one in together),
    }
    natural = {
        tier: at_natural_rate(whole.texts, whole.predictions, classifier.taxonomy, tier, (flagged[tier], len(together)))
        for tier in TIERS
    }
    return {
        "ordinary news": ordinary_table(said),
        "natural rate": natural_table(natural, flagged, len(together), whole),
        "ordinary news that is flagged": flagged_table(said),
    }


def other(training: Path, develop: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Figures, intervals and the constant guess on the second file of a model trained on the first."""
    texts, apart = read_jsonl(training), read_jsonl(develop)
    measured = measure(train(texts, taxonomy_of(texts)), apart)
    return measured.figures["queue"], measured.doubt["queue"], constant_guess(apart, taxonomy_of(texts))


if __name__ == "__main__":
    main()
