"""Readers whose votes stand against all others: a stolen account, a key pressed the wrong way round, a poisoned batch.

Two tests, both on one reader's votes as a whole and in each calendar week (ISO, UTC), and both blind to how strict a
reader is, since a good reader corrects the model:

- against the seed model, which no review has touched: do the texts that the reader calls relevant have *lower*
  probabilities than those called irrelevant (Mann-Whitney U, one-sided)? The same for each label among the texts called
  relevant. An honest reader of a queue may reject most of it, and still rejects the unlikelier part;
- against the majority of at least two other readers of the same texts: is relevance called the other way round
  (Fisher's exact test, one-sided)?

Either is far beyond chance at p < 0.0001. Random answers pass: they are noise, and the gate measures what they do.

Slips of honest readers are caught one by one: where the seed model is fairly sure and a single review says otherwise,
the text waits for a second reading. Slips flatten the probabilities and push the threshold for mail, which hangs on the
few highest scores among irrelevant texts: with 500 reviews of which 38 were slips, recall at mail on frozen events was
0.67 with all of them, 0.76 when 47 waited (28 of them slips), 0.78 without slips."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from scipy.stats import fisher_exact, mannwhitneyu

from kzmonitor.classify.model import Prediction
from kzmonitor.learn.votes import FAIRLY_SURE, Vote, by_text, opinions, settle

FAR_BEYOND_CHANCE = 1e-4
# With fewer on a side no reader can be told from chance.
LEAST_A_SIDE = 5
OTHERS = 2


@dataclass(frozen=True)
class Doubt:
    """A batch of votes that is left out. week: such as 2026-W47, None for all votes of the reader.

    against: "the seed model" or "other readers", and over what: relevance or a label. p: of as much by chance."""

    reader: str
    week: str | None
    votes: int
    against: str
    over: str
    p: float


def doubts(votes: Sequence[Vote], seed_model: Mapping[UUID, Prediction]) -> list[Doubt]:
    """The batches to leave out, by reader. `seed_model`: what it says of each text that was voted on."""
    majority = _majority(votes)
    found = []
    for (reader, week), batch in sorted(_batches(votes).items(), key=lambda item: (item[0][0], item[0][1] or "")):
        against = [
            *_against_model(batch, seed_model),
            ("other readers", "relevance", _opposed_to(batch, lambda vote: majority.get((vote.reader, vote.text)))),
        ]
        who, over, p = min(against, key=lambda one: one[2])
        if p < FAR_BEYOND_CHANCE:
            found.append(Doubt(reader, week, len(batch), who, over, p))
    return found


def trusted(votes: Iterable[Vote], doubts: Iterable[Doubt]) -> list[Vote]:
    """The votes that stand in no doubtful batch."""
    batches = {(doubt.reader, doubt.week) for doubt in doubts}
    return [vote for vote in votes if batches.isdisjoint({(vote.reader, None), (vote.reader, _week(vote))})]


def unconfirmed(votes: Iterable[Vote], seed_model: Mapping[UUID, Prediction]) -> set[UUID]:
    """The texts that a single review calls relevant, or irrelevant, where the seed model is fairly sure they are not. A
    second one settles it, by whomever, even if the same reader only says the same again; so does an adjudication."""
    waiting: set[UUID] = set()
    for text, cast in by_text(votes).items():
        labels, relevance = settle(cast).labels, seed_model[text].relevance
        once = sum(vote.labels is not None for vote in cast) == 1 and not any(vote.adjudicates for vote in cast)
        if once and labels is not None:
            against = relevance <= 1 - FAIRLY_SURE if labels else relevance >= FAIRLY_SURE
            waiting.update({text} if against else ())
    return waiting


def _week(vote: Vote) -> str:
    year, week, _day = vote.at.isocalendar()
    return f"{year}-W{week:02}"


def _batches(votes: Iterable[Vote]) -> dict[tuple[str, str | None], list[Vote]]:
    """The votes that say something, by reader, and by reader and week."""
    batches: dict[tuple[str, str | None], list[Vote]] = defaultdict(list)
    for vote in votes:
        if vote.labels is not None:
            batches[vote.reader, None].append(vote)
            batches[vote.reader, _week(vote)].append(vote)
    return batches


def _majority(votes: Iterable[Vote]) -> dict[tuple[str, UUID], bool]:
    """By reader and text: whether most of at least two others call it relevant; nothing where they are at odds."""
    majority = {}
    for text, cast in by_text(votes).items():
        said = {reader: bool(vote.labels) for reader, vote in opinions(cast).items()}
        for reader in said:
            others = [relevant for other, relevant in said.items() if other != reader]
            if len(others) >= OTHERS and 2 * sum(others) != len(others):
                majority[reader, text] = 2 * sum(others) > len(others)
    return majority


def _against_model(batch: Sequence[Vote], said: Mapping[UUID, Prediction]) -> list[tuple[str, str, float]]:
    relevant = [vote for vote in batch if vote.labels]
    names = sorted(frozenset().union(*(vote.labels or frozenset() for vote in batch)))
    tests = [("relevance", _inverted([(bool(vote.labels), said[vote.text].relevance) for vote in batch]))]
    for name in names:
        pairs = [(name in (vote.labels or ()), said[vote.text].probabilities.get(name, 0.0)) for vote in relevant]
        tests.append((name, _inverted(pairs)))
    return [("the seed model", over, p) for over, p in tests]


def _inverted(pairs: Sequence[tuple[bool, float]]) -> float:
    """How likely chance alone ranks the yeses at least so far below the noes; 1 where there are too few."""
    yes, no = ([score for said, score in pairs if said is answer] for answer in (True, False))
    if min(len(yes), len(no)) < LEAST_A_SIDE:
        return 1.0
    return float(mannwhitneyu(yes, no, alternative="less").pvalue)


def _opposed_to(batch: Sequence[Vote], others: Callable[[Vote], bool | None]) -> float:
    """How likely chance alone sets these answers at least so far against those of the others."""
    table = [[0, 0], [0, 0]]
    for vote in batch:
        theirs = others(vote)
        if theirs is not None:
            table[bool(vote.labels)][theirs] += 1
    return float(fisher_exact(table, alternative="less").pvalue)
