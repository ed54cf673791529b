"""Linear models over named features that are there or not, alone or beside a line of the classifier's feature matrix.

Plain enough to be saved without pickle, and scored without scikit-learn's checks, which cost more than the sums."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from kzmonitor.classify.calibrate import Floats

# A feature seen in fewer training texts than this teaches nothing.
LEAST = 3


class Names:
    """A vocabulary of named features."""

    def __init__(self, names: Sequence[str]) -> None:
        self.columns = {name: column for column, name in enumerate(names)}

    @classmethod
    def seen_in(cls, rows: Sequence[Sequence[str]]) -> Self:
        """The names that stand in at least `LEAST` rows."""
        seen = Counter(name for row in rows for name in row)
        return cls(sorted(name for name, count in seen.items() if count >= LEAST))

    def places(self, row: Sequence[str]) -> NDArray[np.int64]:
        """The columns of the names of `row` that are known."""
        return np.array([self.columns[name] for name in row if name in self.columns], dtype=np.int64)

    def matrix(self, rows: Sequence[Sequence[str]]) -> csr_matrix:
        """One line a row, 1 where a known name is there."""
        places = [self.places(row) for row in rows]
        starts = np.cumsum([0, *map(len, places)])
        columns = np.concatenate([np.zeros(0, dtype=np.int64), *places])
        return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(rows), max(len(self.columns), 1)))

    def state(self) -> str:
        """The names as one string: skops saves lists item by item."""
        return "\n".join(self.columns)


def _names(state: str) -> Names:
    return Names(state.split("\n") if state else [])


class Choice:
    """How likely each of some candidates, told by named features, is to be wanted. It is learned from candidates whose
    answer is known, one of a few words."""

    def __init__(self, names: Names, answers: Sequence[str], linear: LogisticRegression | None) -> None:
        self.names = names
        self.answers = list(answers)
        self.linear = linear

    @classmethod
    def fit(cls, rows: Sequence[Sequence[str]], answers: Sequence[str], *, c: float) -> Self:
        """Learn from parallel features and answers. Where all answers are the same, nothing is learned."""
        choice = cls(Names.seen_in(rows), sorted(set(answers)), None)
        if len(choice.answers) > 1 and choice.names.columns:
            choice.linear = LogisticRegression(C=c, max_iter=2000).fit(choice.names.matrix(rows), list(answers))
        return choice

    def chances(self, rows: Sequence[Sequence[str]], answer: str) -> Floats:
        """The chance of `answer` for each row; 0 where it was never seen."""
        if answer not in self.answers or self.linear is None:
            return np.full(len(rows), float(self.answers == [answer]))
        weights, constant = self.linear.coef_, self.linear.intercept_
        scores = np.array([weights[:, self.names.places(row)].sum(axis=1) + constant for row in rows])
        return _chances(scores.reshape(len(rows), len(constant)))[:, self.answers.index(answer)]

    def to_state(self) -> dict[str, Any]:
        """Plain types and a scikit-learn estimator."""
        return {"names": self.names.state(), "answers": "\n".join(self.answers), "linear": self.linear}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `to_state` gave."""
        return cls(_names(state["names"]), state["answers"].split("\n"), state["linear"])


def _chances(scores: Floats) -> Floats:
    """Chances of all answers from the scores of a logistic regression: one column for two answers, else one each."""
    if scores.shape[1] == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = powers / powers.sum(axis=1, keepdims=True)
    return found


class Kinds:
    """Questions about a whole text, each a linear model over the classifier's features and named ones.

    columns: the classifier's features that are used. names: the named ones, which follow them and count `weight` each.
    linear: the models."""

    def __init__(
        self, columns: NDArray[np.int64], names: Names, weight: float, linear: Mapping[str, LogisticRegression]
    ) -> None:
        self.columns = columns
        self.names = names
        self.weight = weight
        self.linear = dict(linear)
        # All models side by side: one line is then looked up once.
        models = list(self.linear.values())
        self._weights = np.ascontiguousarray(np.vstack([model.coef_ for model in models]).T) if models else None
        self._constants = np.concatenate([model.intercept_ for model in models]) if models else None
        self._ends = np.cumsum([len(model.intercept_) for model in models])[:-1]

    @classmethod
    def prepare(cls, matrix: csr_matrix, rows: Sequence[Sequence[str]], weight: float) -> Self:
        """Kinds without models, over what is seen often enough in training."""
        often = np.flatnonzero(np.asarray((matrix != 0).sum(axis=0)).ravel() >= LEAST)
        return cls(often.astype(np.int64), Names.seen_in(rows), weight, {})

    def joint(self, matrix: csr_matrix, rows: Sequence[Sequence[str]]) -> csr_matrix:
        """Lines of the classifier's matrix with the named features beside them."""
        return hstack([matrix[:, self.columns], self.weight * self.names.matrix(rows)]).tocsr()

    def with_models(self, linear: Mapping[str, LogisticRegression]) -> "Kinds":
        """The same features with fitted models."""
        return Kinds(self.columns, self.names, self.weight, linear)

    def scores(self, line: csr_matrix, row: Sequence[str]) -> dict[str, Floats]:
        """Question -> the scores of its model for one text: of the second of two answers, or of each of more."""
        if self._weights is None:
            return {}
        places = np.searchsorted(self.columns, line.indices)
        places[places == len(self.columns)] = 0
        known = self.columns[places] == line.indices if len(self.columns) else np.zeros(0, bool)
        values = np.r_[line.data[known], np.full(len(named := self.names.places(row)), self.weight)]
        places = np.r_[places[known], named + len(self.columns)]
        scores = values @ self._weights[places] + self._constants
        return dict(zip(self.linear, np.split(scores, self._ends), strict=True))

    def chances(self, question: str, scores: Mapping[str, Floats]) -> dict[str, float]:
        """Answer -> its chance, from `scores`; empty when nothing was learned of the question."""
        if question not in scores:
            return {}
        chances = _chances(scores[question].reshape(1, -1))[0]
        return {
            str(answer): float(chance) for answer, chance in zip(self.linear[question].classes_, chances, strict=True)
        }

    def to_state(self) -> dict[str, Any]:
        """Plain types, an array and scikit-learn estimators."""
        names = self.names.state()
        return {"columns": self.columns, "names": names, "weight": self.weight, "linear": self.linear}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `to_state` gave."""
        columns = np.asarray(state["columns"], dtype=np.int64)
        return cls(columns, _names(state["names"]), float(state["weight"]), state["linear"])
