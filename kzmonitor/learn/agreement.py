"""How far readers agree: Cohen's kappa for relevance and each label, for each pair of readers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from kzmonitor.learn.votes import Labels, Vote, by_text, opinions

RELEVANCE = "relevance"


@dataclass(frozen=True)
class Agreement:
    """Two readers on one label. texts: that both labelled; blind: of these, where the later of them saw no label.

    kappa: 1 full agreement, 0 as by chance; None where both always gave the same one answer, so that nothing was
    there to agree on (Cohen, Educational and Psychological Measurement 20, 1960)."""

    label: str
    readers: tuple[str, str]
    texts: int
    blind: int
    agreed: float
    kappa: float | None


def agreement(votes: Iterable[Vote], names: Sequence[str]) -> list[Agreement]:
    """Relevance and all labels of `names`, for all pairs of readers with a text in common; no adjudications."""
    shared: dict[tuple[str, str], list[tuple[Vote, Vote]]] = {}
    for cast in by_text(votes).values():
        said = opinions(cast)
        for first, second in combinations(sorted(said), 2):
            shared.setdefault((first, second), []).append((said[first], said[second]))
    return [
        _agreement(label, pair, both)
        for pair, both in sorted(shared.items())
        for label in (RELEVANCE, *names)
    ]  # fmt: skip


def _agreement(label: str, readers: tuple[str, str], both: Sequence[tuple[Vote, Vote]]) -> Agreement:
    answers = [(_says(a.labels, label), _says(b.labels, label)) for a, b in both]
    return Agreement(
        label=label,
        readers=readers,
        texts=len(both),
        blind=sum(max(pair, key=lambda vote: vote.review).blind for pair in both),
        agreed=sum(a == b for a, b in answers) / len(answers),
        kappa=kappa(answers),
    )


def _says(labels: Labels | None, label: str) -> bool:
    return bool(labels) if label == RELEVANCE else label in (labels or ())


def kappa(answers: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa of paired answers; None where both readers gave one and the same answer throughout."""
    from sklearn.metrics import cohen_kappa_score

    first, second = zip(*answers, strict=True)
    if len({*first, *second}) < 2:
        return None
    return float(cohen_kappa_score(first, second))
