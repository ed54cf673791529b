"""How good the classifier is on texts by authors who wrote none of its training texts.

    python bench/quality.py [ORDINARY.jsonl...]

Trains on the seed without any record that shares an event or a page with the held-out set, then prints Markdown
tables: held-out events, the restated reports, and how much of ordinary news (files given) is flagged. Intervals are
95 % bootstrap over texts, 1,000 draws."""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kzmonitor.classify import registry
from kzmonitor.classify.evaluate import evaluate
from kzmonitor.classify.labelled import Text, read_jsonl, read_taxonomy
from kzmonitor.classify.model import Classifier
from kzmonitor.classify.train import train
from kzmonitor.config import models_folder

HELD_OUT = models_folder() / "heldout"
RESTATED = Path(__file__).parent / "data" / "restated.jsonl"
DRAWS = 1000


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("ordinary", nargs="*", type=Path, help="JSONL of ordinary news, none of it relevant")
    given = arguments.parse_args()
    taken = {record["id"] for record in overlapping()}
    seed = [text for text in registry.seed_texts() if text.id not in taken]
    classifier = train(seed, read_taxonomy(models_folder() / "taxonomy.yaml"))
    held_out = [text for file in sorted(HELD_OUT.glob("*.jsonl")) for text in read_jsonl(file)]
    print(f"Trained on {len(seed)} texts ({len(taken)} left out for sharing an event or a page with the held-out set);")
    print(f"held out: {len(held_out)} texts, SHA-256 {fingerprint()}.\n")
    print_relevance({"held out": held_out, "restated": read_jsonl(RESTATED)}, classifier)
    print_labels(held_out, classifier)
    for file in given.ordinary:
        print_ordinary(file, classifier)


def records(files: Sequence[Path]) -> list[dict[str, Any]]:
    """All objects of some JSONL files."""
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def overlapping() -> list[dict[str, Any]]:
    """Seed records that share an event slug or a page with a held-out or restated one."""
    apart = records([*sorted(HELD_OUT.glob("*.jsonl")), RESTATED])
    events = {record["event"] for record in apart if record["event"]}
    pages = {record["found"]["url"] for record in apart if record["found"]}
    seed = records(sorted((models_folder() / "seed").glob("*.jsonl")))
    return [one for one in seed if one["event"] in events or (one["found"] and one["found"]["url"] in pages)]


def fingerprint() -> str:
    """The first half of a hash over the held-out files."""
    digest = hashlib.sha256()
    for file in sorted(HELD_OUT.glob("*.jsonl")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def print_relevance(sets: dict[str, list[Text]], classifier: Classifier) -> None:
    """Relevance of each set by tier, and of the first by language."""
    print("| set | tier | texts | precision | recall | F1 (95 %) | look-alikes flagged |")
    print("|---|---|---|---|---|---|---|")
    for name, texts in sets.items():
        for tier in ("queue", "mail"):
            print_row(name, tier, texts, classifier)
    for language in ("ru", "kk", "en"):
        texts = [text for text in sets["held out"] if text.lang == language]
        for tier in ("queue", "mail"):
            print_row(f"held out, {language}", tier, texts, classifier)
    print()


def print_row(name: str, tier: str, texts: list[Text], classifier: Classifier) -> None:
    """One line of the table of relevance."""
    judged = evaluate(classifier, texts, tier="queue" if tier == "queue" else "mail")
    one = judged["relevance"]
    low, high = interval(texts, classifier, tier)
    print(
        f"| {name} | {tier} | {len(texts)} | {one['precision']:.3f} | {one['recall']:.3f} | {one['f1']:.3f} "
        f"({low:.3f} to {high:.3f}) | {judged['hard_negative_fpr']:.3f} |"
    )


def interval(texts: list[Text], classifier: Classifier, tier: str) -> tuple[float, float]:
    """The 95 % bootstrap interval of F1."""
    predictions = classifier.predict([(text.title, text.text) for text in texts], reasons=False)
    said = np.array([one.tier == "mail" if tier == "mail" else one.tier is not None for one in predictions])
    true = np.array([bool(text.labels) for text in texts])
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(texts), (DRAWS, len(texts)))
    hits = (said & true)[drawn].sum(axis=1)
    values = 2 * hits / (said[drawn].sum(axis=1) + true[drawn].sum(axis=1))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def print_labels(texts: list[Text], classifier: Classifier) -> None:
    """Each label at tier queue."""
    judged = evaluate(classifier, texts)
    print("| label | precision | recall | F1 | texts |\n|---|---|---|---|---|")
    for label, one in judged["labels"].items():
        figures = " | ".join("-" if one[key] is None else f"{one[key]:.2f}" for key in ("precision", "recall", "f1"))
        print(f"| {label} | {figures} | {one['support']} |")
    print(f"\nMacro F1: {judged['macro_f1']:.3f}; over the three core labels: {judged['core_macro_f1']:.3f}.\n")


def print_ordinary(file: Path, classifier: Classifier) -> None:
    """How much of ordinary news is flagged."""
    texts = read_jsonl(file)
    tiers = [one.tier for one in classifier.predict([(text.title, text.text) for text in texts], reasons=False)]
    flagged, mailed = sum(tier is not None for tier in tiers), tiers.count("mail")
    print(f"- {file.stem}: of {len(texts)} texts {flagged} ({flagged / len(texts):.1%}) at queue, {mailed} at mail")


if __name__ == "__main__":
    main()
