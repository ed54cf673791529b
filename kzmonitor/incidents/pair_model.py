"""The chance that two tellings are of one event: a logistic regression over the features of their clues.

Kept as JSON that anyone can read (models/same_event.json), since it is a weight for each feature and how many texts
hold each word. Trained on pairs that share a clue, at the rate at which they come, so that its chances are chances."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Self

from kzmonitor.config import models_folder
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.incidents.clues import RECIPE, Clues
from kzmonitor.incidents.pairs import Rarities, Rarity, features, reasons

FILE = "same_event.json"
C = 0.01
# Words of fewer texts than this are not kept: all of them count as never seen.
LEAST_TEXTS = 2
DIGITS = 4
# The chance is at most this where each telling has targets, neither names one of the other's, and no person is in
# both, however alike they are: a court's formula and a day's rally make reports of different people alike. A sum of
# weights does not stop at what it was trained on.
STRANGERS = 0.2


@dataclass(frozen=True)
class Judged:
    """The chance that two tellings are of one event, and what speaks for it."""

    chance: float
    reasons: list[str]


@dataclass(frozen=True)
class PairModel:
    """Weights of features around their means, a constant, and the rarity of words. `recipe`: of the clues."""

    recipe: int
    means: Mapping[str, float]
    weights: Mapping[str, float]
    constant: float
    rarities: Rarities

    def judge(self, one: Clues, other: Clues) -> Judged:
        """The same both ways round."""
        found = features(one, other, self.rarities)
        score = self.constant + sum(weight * (found[name] - self.means[name]) for name, weight in self.weights.items())
        chance = 1 / (1 + math.exp(-max(min(score, 50.0), -50.0)))
        if found["targets not even named"] and not found["rarest person"]:
            chance = min(chance, STRANGERS)
        return Judged(chance, reasons(one, other, self.rarities.names))

    def to_json(self) -> str:
        """The model as text, always the same for the same model."""
        plain = asdict(self)
        for rarity in plain["rarities"].values():
            rarity["holding"] = {word: n for word, n in sorted(rarity["holding"].items()) if n >= LEAST_TEXTS}
        for part in ("means", "weights"):
            plain[part] = {name: round(number, DIGITS) for name, number in sorted(plain[part].items())}
        plain["constant"] = round(self.constant, DIGITS)
        return json.dumps(plain, ensure_ascii=False, indent=0) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        plain: dict[str, Any] = json.loads(text)
        words = {name: Rarity(**rarity) for name, rarity in plain["rarities"].items()}
        return cls(**plain | {"rarities": Rarities(**words)})


@cache
def shipped() -> PairModel:
    """The model that comes with the product. SetupError when it is not there or not for these clues."""
    path = models_folder() / FILE
    try:
        model = PairModel.from_json(path.read_text("utf-8"))
    except (OSError, KeyError, TypeError, ValueError) as error:
        message = _("{path}: not a model of pairs; install kzmonitor again, or run: python bench/same_event.py --write")
        raise SetupError(message.format(path=path)) from error
    if model.recipe != RECIPE:
        message = _("{path}: made for other clues; run: python bench/same_event.py --write")
        raise SetupError(message.format(path=path))
    return model


def rarities_of(told: Sequence[Clues]) -> Rarities:
    """How many of some texts hold each word."""

    def held(words: Iterable[Iterable[str]]) -> Rarity:
        return Rarity(len(told), dict(Counter(word for line in words for word in set(line))))

    return Rarities(
        held((*one.names, *one.targets, *one.people) for one in told),
        held(one.topics for one in told),
        held(one.numbers for one in told),
    )


def train(pairs: Sequence[tuple[Clues, Clues, bool]], rarities: Rarities) -> PairModel:
    """A model from pairs whose answer is known: both kinds of answer must be there."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rows = [features(one, other, rarities) for one, other, _same in pairs]
    names = sorted(rows[0])
    matrix = np.array([[row[name] for name in names] for row in rows])
    means, spread = matrix.mean(axis=0), matrix.std(axis=0)
    spread[spread == 0] = 1.0
    fitted = LogisticRegression(C=C, max_iter=5000).fit((matrix - means) / spread, [same for *_, same in pairs])
    weights = fitted.coef_[0] / spread
    return PairModel(
        RECIPE,
        dict(zip(names, map(float, means), strict=True)),
        dict(zip(names, map(float, weights), strict=True)),
        float(fitted.intercept_[0]),
        rarities,
    )
