"""What more training texts bring: figures on development events for an eighth, a quarter, a half and all of the seed.

    python bench/learning_curve.py

Cross-validates by event on the seed, never on held-out texts; of the events of each training part only a share, chosen
by a hash, is trained on. Rewrites docs/pictures/learning-curve.svg and the table "learning curve" of the model card;
some minutes on one core."""

import hashlib
from collections.abc import Sequence
from unittest.mock import patch

import numpy as np

from bench import card, development
from bench.development import Development, Figures
from bench.line_chart import Line, chart
from kzmonitor.classify import train
from kzmonitor.classify.calibrate import Bools, Floats
from kzmonitor.classify.thresholds import best_f

SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
FOLDS = 4
DRAWS = 1000


def main() -> None:
    """Measure each share, draw and rewrite."""
    on = development.development()
    sizes, scores = [], []
    for share in SHARES:
        size, said = held_out(on, share)
        sizes.append(size)
        scores.append(said)
        print(share, round(size), development.figures(said, on), flush=True)
    told = [development.figures(said, on) for said in scores]
    card.picture("learning-curve.svg", picture(sizes, told))
    card.rewrite({"learning curve": page(sizes, told, gain(scores[-2], scores[-1], on))})


def held_out(on: Development, share: float) -> tuple[float, Floats]:
    """The mean number of texts trained on, and the score of every text by a model that never saw its event."""
    some = {id(reading) for reading, event in zip(on.readings, on.events, strict=True) if _place(event) < share}
    sizes: list[int] = []
    with patch.multiple(train, _fit=development.fit_on(some, sizes), FOLDS=FOLDS):
        scores = development.held_out(on, on.events)
    return float(np.mean(sizes)), scores


def _place(event: str) -> float:
    return int.from_bytes(hashlib.sha256(event.encode()).digest()[:6], "big") / 2**48


def gain(before: Floats, after: Floats, on: Development) -> tuple[float, float, float]:
    """F1 of relevance after less before, with its 95 % interval over events; each at its own best threshold."""
    relevant = on.answers[:, train.RELEVANCE]
    parts = [_parts(said[:, train.RELEVANCE], relevant) for said in (before, after)]
    names = {event: number for number, event in enumerate(dict.fromkeys(on.events))}
    events = np.array([names[event] for event in on.events])
    sums = [np.zeros((len(names), 2)) for _ in parts]
    for total, part in zip(sums, parts, strict=True):
        np.add.at(total, events, part)
    random = np.random.default_rng(0)
    weights = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    first, second = (_ratio(weights @ total) for total in sums)
    low, high = np.percentile(second - first, [2.5, 97.5])
    whole = [float(_ratio(total.sum(axis=0)[None])[0]) for total in sums]
    return whole[1] - whole[0], float(low), float(high)


def _parts(said: Floats, relevant: Bools) -> Floats:
    """(texts, 2): numerator and denominator of F1."""
    flagged = said >= best_f(said, relevant)[1]
    return np.column_stack([2.0 * (flagged & relevant), flagged.astype(float) + relevant])


def _ratio(sums: Floats) -> Floats:
    ratio: Floats = sums[:, 0] / sums[:, 1]
    return ratio


def picture(sizes: Sequence[float], told: Sequence[Figures]) -> str:
    """Both figures over the number of texts."""
    marks = [True] * len(sizes)
    lines = [
        Line("relevance, best F1", [(size, one.f1) for size, one in zip(sizes, told, strict=True)], marks),
        Line("labels, macro F1", [(size, one.macro) for size, one in zip(sizes, told, strict=True)], marks),
    ]
    return chart("What more training texts bring", "training texts", "F1 on development events", lines, [])


def page(sizes: Sequence[float], told: Sequence[Figures], last: tuple[float, float, float]) -> str:
    """The table, and what the last doubling added."""
    head = ["training texts", "average precision", "best F1", "look-alikes at recall 0.95", "macro F1 of labels"]
    rows = [[round(size), *vars(one).values()] for size, one in zip(sizes, told, strict=True)]
    added, low, high = (100 * value for value in last)
    labels = 100 * (told[-1].macro - told[-2].macro)
    note = (
        f"The last doubling adds {added:+.1f} points of F1 ({low:+.1f} to {high:+.1f}) to relevance and {labels:+.1f} "
        "to the mean of the labels."
    )
    return f"{card.table(head, rows)}\n\n{note}"


if __name__ == "__main__":
    main()
