"""The corpora keep their format, their balance, and the wall between training and measuring."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.incidents.duplicates import containment, word_pairs

ROOT = Path(__file__).parent.parent
KEYS = [
    *("id", "lang", "script", "title", "text", "labels", "hard", "event", "turn", "role", "target_kind", "actor_kind"),
    *("targets", "actors", "place", "region", "event_date", "outlet", "date", "found", "invented"),
]
LANGUAGES = ("ru", "kk", "en")
LABELS = {spec.name for spec in read_taxonomy(models_folder() / "taxonomy.yaml").labels}
CORE = {"tax_inspection", "detention", "smear_campaign"}
LEAST_TEXTS = 60


@cache
def corpus(folder: str, language: str) -> list[dict[str, Any]]:
    file = models_folder() / folder / f"{language}.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def words(record: dict[str, Any]) -> int:
    return len(f"{record['title']} {record['text']}".split())


@pytest.mark.parametrize("folder", ["seed", "heldout"])
@pytest.mark.parametrize("language", LANGUAGES)
class TestEachCorpus:
    def test_every_record_has_all_keys_and_known_values(self, folder: str, language: str) -> None:
        for record in corpus(folder, language):
            assert list(record) == KEYS, record["id"]
            assert record["lang"] == language
            assert set(record["labels"]) <= LABELS, record["id"]
            assert record["turn"] in ("pressure", "eased") if record["labels"] else record["turn"] is None, record["id"]
            assert not (record["labels"] and record["hard"]), record["id"]
            assert record["found"] is None or record["found"]["url"].startswith("http"), record["id"]
            assert record["title"].strip(), record["id"]
            assert record["text"].strip(), record["id"]

    def test_ids_are_unique(self, folder: str, language: str) -> None:
        assert max(Counter(record["id"] for record in corpus(folder, language)).values()) == 1

    def test_both_classes_are_there_and_as_long_as_each_other(self, folder: str, language: str) -> None:
        relevant = [words(record) for record in corpus(folder, language) if record["labels"]]
        others = [words(record) for record in corpus(folder, language) if not record["labels"]]
        assert min(len(relevant), len(others)) >= LEAST_TEXTS
        assert 0.4 <= len(relevant) / (len(relevant) + len(others)) <= 0.55
        assert 0.8 <= median(relevant) / median(others) <= 1.25

    def test_every_label_has_texts(self, folder: str, language: str) -> None:
        counts = Counter(label for record in corpus(folder, language) for label in record["labels"])
        assert set(counts) == LABELS
        assert min(counts[label] for label in CORE) >= 15
        assert min(counts.values()) >= 5

    def test_no_two_texts_are_copies(self, folder: str, language: str) -> None:
        texts = [(record["id"], word_pairs(record["text"])) for record in corpus(folder, language)]
        copies = [
            (one, other)
            for place, (one, pairs) in enumerate(texts)
            for other, others in texts[:place]
            if containment(pairs, others) > 0.5
        ]
        assert copies == []


def test_no_text_is_both_trained_on_and_measured_with() -> None:
    restated = [json.loads(line) for line in (ROOT / "bench/data/restated.jsonl").read_text("utf-8").splitlines()]
    for language in LANGUAGES:
        apart = [*corpus("heldout", language), *(record for record in restated if record["lang"] == language)]
        measured = [word_pairs(record["text"]) for record in apart]
        trained = [(record["id"], word_pairs(record["text"])) for record in corpus("seed", language)]
        assert [one for one, pairs in trained if any(containment(pairs, other) > 0.5 for other in measured)] == []


def test_one_kazakh_text_in_twelve_is_in_latin_script() -> None:
    scripts = Counter(record["script"] for record in corpus("seed", "kk"))
    assert scripts["latin"] / scripts.total() >= 1 / 13


def test_what_was_found_nowhere_is_called_invented() -> None:
    silent = [
        record["id"]
        for language in LANGUAGES
        for record in corpus("seed", language)
        if record["found"] is None and not record["invented"]
    ]
    assert silent == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_news_is_of_one_language_bears_no_label_and_copies_nothing(language: str) -> None:
    plain = corpus("background", language)
    assert len({record["id"] for record in plain}) == len(plain) >= LEAST_TEXTS
    assert all(record["lang"] == language and record["labels"] == [] and record["text"].strip() for record in plain)
    measured = [word_pairs(record["text"]) for record in corpus("heldout", language)]
    pairs = [word_pairs(record["text"]) for record in plain]
    assert all(containment(one, other) <= 0.5 for place, one in enumerate(pairs) for other in pairs[:place] + measured)
