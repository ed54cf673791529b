"""Grouping of flagged reports beside the plain way: `python -m bench.grouping [--reports 500] [--out FILE.json]`.

Ours reads clues, judges pairs and keeps incidents with parties, severity and alerts, in the database. The peer joins
each report to the nearest earlier one by TF-IDF when that is near enough, in memory, and keeps nothing; how much better
ours groups stands in docs/incidents.md. Both get the same reports, and ours the kinds that the model found."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer

from bench import costs, stored, surroundings
from bench.figures import OURS, Figure, Report
from bench.news_days import news
from kzmonitor import config
from kzmonitor.classify import registry, scoring
from kzmonitor.incidents import candidates, duplicates, grouping
from kzmonitor.newsroom import Record

BENCH = "grouping"
PEER = "TF-IDF, nearest earlier text, in memory"
NEAR = 0.5


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reports", type=int, default=500)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    every = (record for record in news(100 * given.reports) if not record.id.startswith("news"))
    records = list(islice(every, given.reports))
    own = [ours(records) for _run in range(given.runs)]
    plain = [peer(records) for _run in range(given.runs)]
    name = "reports grouped"
    figures = [
        Figure(
            BENCH, name, OURS, "a CPU second", [len(records) / one.all_cpu_s for one in own], peak_mib=costs.peak_mib()
        ),
        Figure(BENCH, name, PEER, "a CPU second", [len(records) / one.all_cpu_s for one in plain]),
        Figure(BENCH, "a report grouped", OURS, "ms", [one.wall_s * 1000 / len(records) for one in own], "less"),
    ]
    for one in figures:
        print(f"{one.name} ({one.tool}): {one.value:.4g} {one.unit}", flush=True)
    if given.out:
        Report(figures=figures).write(given.out)


def ours(records: Sequence[Record]) -> costs.Cost:
    """All steps from what the model said to open alerts."""
    with surroundings.database(surroundings.baseline()) as database:
        stored.articles(database, records)
        moment = datetime.now(UTC)
        with database.session() as session:
            model = registry.champion(session, moment)
            fitted = registry.classifier(model)
        for prepare in (
            duplicates.index_waiting,
            lambda session: scoring.score_waiting(session, model, fitted, 90, moment),
        ):
            _until_empty(database, prepare)
        with costs.measured(config.settings().data) as cost:
            _until_empty(database, lambda session: candidates.note_clues(session, moment))
            _until_empty(database, candidates.judge_pairs)
            _until_empty(database, lambda session: grouping.group_waiting(session, moment))
    return cost


def _until_empty(database, step) -> None:  # type: ignore[no-untyped-def]
    while True:
        with database.session() as session:
            if not step(session):
                return


def peer(records: Sequence[Record]) -> costs.Cost:
    """The plain way."""
    with costs.measured() as cost:
        vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
        rows = vectors.fit_transform(f"{record.title} {record.text}" for record in records)
        near = (rows @ rows.T).toarray()
        group: list[int] = []
        for number in range(len(records)):
            nearest = int(near[number, :number].argmax()) if number else 0
            group.append(group[nearest] if number and near[number, nearest] >= NEAR else number)
    return cost


if __name__ == "__main__":
    main()
