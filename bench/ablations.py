"""What each part of the recipe is worth: the training function with one part taken out, or one put in.

    python bench/ablations.py [--only WORD]

Cross-validates on the seed, never on held-out texts, twice: in three parts by event, and with one author in each
language left out (bench/development.py), which tells whether a part carries over to somebody else's prose. Ten to
fifteen minutes on one core; rewrites the table "ablations" of the model card unless --only is given."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self
from unittest.mock import patch

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

from bench import card, development
from bench.development import Development
from kzmonitor.classify import train
from kzmonitor.classify.calibrate import Bools, Floats
from kzmonitor.classify.counterfactual import SILENCE
from kzmonitor.classify.features import WordGrams
from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.classify.passages import PASSAGE_WEIGHT
from kzmonitor.classify.reading import Reading

FOLDS = 3
# Weight of the added character n-grams, and how many of the commonest.
CHARACTERS_WEIGHT, CHARACTERS = 2.0, 30_000
Patches = dict[str, Any]

features = train._features


class AllWords(WordGrams):
    """Words that are only known with a capital letter are kept, too."""

    def fit(self, readings: Sequence[Reading], y: object = None) -> Self:
        with patch("kzmonitor.classify.features._seen_in_lower_case", _everything):
            return super().fit(readings)


class _Everything(frozenset[str]):
    def __contains__(self, word: object) -> bool:
        return True


def _everything(_readings: Sequence[Reading]) -> frozenset[str]:
    return _Everything()


@dataclass(frozen=True)
class Row:
    """One variant: what replaces which names of the training module, and whether numerals are read.

    passage_weight: of a label's score for the best passage. plain: whether plain news is learned from."""

    name: str
    patches: Patches
    numerals: bool = False
    passage_weight: float = PASSAGE_WEIGHT
    plain: bool = True


def rows() -> Iterator[Row]:
    """All variants, the whole recipe first."""
    yield Row("everything", {})
    for part in ("words", "concepts", "shared", "pairs"):
        yield Row(f"without {part}", {"_features": partial(_without, part)})
    yield Row("without texts that nobody wrote", {"_counterfactuals": _silence_alone})
    yield Row("without plain news", {}, plain=False)
    yield Row("linear instead of the committee", {"Committee": _linear})
    yield Row("without passages", {"fit_with_passages": _whole_alone}, passage_weight=0.0)
    yield Row("names not masked", {"_features": _named})
    yield Row("numerals and dates kept", {}, numerals=True)
    yield Row("character n-grams added", {"_features": _with_characters})


def _without(part: str, taxonomy: Taxonomy, texts: int) -> FeatureUnion:
    return _union([one for one in features(taxonomy, texts).transformer_list if one[0] != part])


def _named(taxonomy: Taxonomy, texts: int) -> FeatureUnion:
    parts = dict(features(taxonomy, texts).transformer_list)
    parts["words"] = make_pipeline(AllWords(**parts["words"][0].get_params()), parts["words"][1])
    return _union(list(parts.items()))


def _with_characters(taxonomy: Taxonomy, texts: int) -> FeatureUnion:
    grams = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), preprocessor=_folded, min_df=3, max_features=CHARACTERS,
        sublinear_tf=True, lowercase=False,
    )  # fmt: skip
    return _union([*features(taxonomy, texts).transformer_list, ("characters", make_pipeline(grams))])


def _folded(reading: Reading) -> str:
    return " ".join(reading.tokens.fold)


def _union(parts: list[tuple[str, Any]]) -> FeatureUnion:
    weights = train.WEIGHTS | {"characters": CHARACTERS_WEIGHT}
    return FeatureUnion(parts, transformer_weights={name: weights[name] for name, _ in parts})


def _silence_alone(
    _readings: Sequence[Reading], _relevant: Bools, _taxonomy: Taxonomy, _seed: int
) -> tuple[list[Reading], Floats]:
    return [SILENCE], np.array([train.SILENCE_WEIGHT])


def _whole_alone(make: Callable[[], LogisticRegression], rows: csr_matrix, answers: Bools, _parts: Any) -> Any:
    return make().fit(rows, answers)


def _linear(random_state: int) -> LogisticRegression:
    return LogisticRegression(C=train.C, solver="liblinear", class_weight="balanced", random_state=random_state)


def main() -> None:
    """Measure every variant and rewrite the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default="", help="variants with this word in the name; nothing is written")
    given = arguments.parse_args()
    on = development.development()
    by_event, by_author = on.events, development.authors(on.texts)
    lines = []
    for row in rows():
        if given.only in row.name:
            started = time.process_time()
            told = [development.figures(_scores(row, on, groups), on) for groups in (by_event, by_author)]
            lines.append([row.name, *(value for one in told for value in vars(one).values())])
            print(lines[-1][0], *(f"{value:.3f}" for value in lines[-1][1:]), flush=True)
            print(f"  {time.process_time() - started:.0f} CPU s", flush=True)
    if not given.only:
        card.rewrite({"ablations": _table(lines, on, len(set(by_author)))})


def _scores(row: Row, on: Development, groups: Sequence[str]) -> Floats:
    readings = [replace(one, numerals=frozenset()) for one in on.readings] if row.numerals else on.readings
    patches = row.patches | {"FOLDS": FOLDS}
    if not row.plain:
        told = zip(on.texts, on.readings, strict=True)
        some = {id(reading) for text, reading in told if not text.id.startswith(development.PLAIN)}
        patches["_fit"] = development.fit_on(some, [])
    with patch.multiple(train, **patches):
        return development.held_out(on, groups, readings, row.passage_weight)


def _table(lines: Sequence[Sequence[object]], on: Development, authors: int) -> str:
    figures = ("average precision", "best F1", "look-alikes at recall 0.95", "macro F1 of labels")
    head = ["recipe", *(f"{name}, by {scheme}" for scheme in ("event", "author") for name in figures)]
    note = (
        f"{len(on.texts)} texts of seed and plain news; {FOLDS} parts by event; {authors} groups of authors, one of "
        "each language."
    )
    return f"{card.table(head, lines)}\n\n{note}"


if __name__ == "__main__":
    main()
