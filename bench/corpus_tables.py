"""What the corpora hold, and how far two passes of labelling agree: tables of the model card."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.card import table
from bench.splits import publisher, records
from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.learn.agreement import kappa

# One object a line: id, first, second (labels of each pass).
PASSES = Path(__file__).parent / "data" / "label_passes.jsonl"
LANGUAGES = ("ru", "kk", "en")
RELEVANCE = "relevance"
CORPORA = {"seed": "seed", "heldout": "held out"}
PLAIN = {"background": "plain news"}


def all_tables(taxonomy: Taxonomy) -> dict[str, str]:
    """`data`, `data by label` and `agreement`."""
    return {
        "data": _sizes(),
        "data by label": _by_label(taxonomy),
        "agreement": _agreement(taxonomy),
    }


def _sizes() -> str:
    head = [
        *("corpus", "language", "texts", "relevant", "look-alikes", "other", "Latin script", "events", "publishers"),
        *("found", "words, median"),
    ]
    rows = [
        _size(name, language, [one for one in records(folder) if one["lang"] == language])
        for folder, name in (CORPORA | PLAIN).items()
        for language in LANGUAGES
    ]
    return table(head, rows)


def _size(name: str, language: str, some: Sequence[dict[str, Any]]) -> list[object]:
    relevant, alike = sum(bool(one["labels"]) for one in some), sum(one["hard"] for one in some)
    found = [one for one in some if one.get("found")]
    words = sorted(len(one["text"].split()) for one in some)
    return [
        *(name, language, len(some), relevant, alike, len(some) - relevant - alike),
        sum(one.get("script") == "latin" for one in some) if language != "en" else "-",
        len({one["event"] for one in found if one["labels"]}),
        len({publisher(one["outlet"]) for one in found if one["outlet"]}),
        len(found),
        words[len(words) // 2],
    ]


def _by_label(taxonomy: Taxonomy) -> str:
    head = ["label", *(f"{name}, {language}" for name in CORPORA.values() for language in LANGUAGES)]
    columns = []
    for folder in CORPORA:
        for language in LANGUAGES:
            some = [one for one in records(folder) if one["lang"] == language]
            columns.append(Counter(label for one in some for label in one["labels"]))
    events = [
        len({one["event"] for folder in CORPORA for one in records(folder) if name in one["labels"] and one["event"]})
        for name in taxonomy.names
    ]
    rows = [
        [name, *(column[name] for column in columns), number]
        for name, number in zip(taxonomy.names, events, strict=True)
    ]
    return table([*head, "events in all"], rows)


def _agreement(taxonomy: Taxonomy) -> str:
    """Cohen's kappa between the two passes, by corpus and language."""
    passes = {one["id"]: one for one in map(json.loads, PASSES.read_text("utf-8").splitlines())}
    columns = {
        f"{name}, {language}": [
            passes[one["id"]] for one in records(folder) if one["lang"] == language and one["id"] in passes
        ]
        for folder, name in CORPORA.items()
        for language in LANGUAGES
    }
    rows: list[list[object]] = [["texts labelled twice", *map(len, columns.values())]]
    for label in (RELEVANCE, *taxonomy.names):
        rows.append([label, *(_kappa(label, some) for some in columns.values())])
    return table(["Cohen's kappa", *columns], rows)


def _kappa(label: str, some: Sequence[dict[str, Any]]) -> float | None:
    answers = [(_says(one["first"], label), _says(one["second"], label)) for one in some]
    return kappa(answers) if answers else None


def _says(labels: Sequence[str], label: str) -> bool:
    return bool(labels) if label == RELEVANCE else label in labels
