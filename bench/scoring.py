"""Scoring beside its peers, on the same documents, one core: `python -m bench.scoring [--texts 400] [--out FILE.json]`.

The documents are those of bench/speed_model.py: 3,000 characters, three languages. Peers: a transformer of XLM-R-base
size, where transformers and a model are installed the real one, else the same matrix products in NumPy
(bench/transformer.py); and the plain way, TF-IDF of words with one logistic regression a label and no reasons, whose
quality stands in docs/quality.md. Then the product's own step, `score_waiting` on stored articles, reasons, fields and
writing among it."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bench import costs, speed_model, splits, stored, surroundings
from bench.figures import OURS, Figure, Report
from bench.news_days import news
from kzmonitor import config
from kzmonitor.classify import registry, scoring

BENCH = "scoring"
TRANSFORMER, PLAIN = "transformer of XLM-R-base size (NumPy)", "TF-IDF and logistic regression"
RATE = "documents of 3,000 characters"


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--texts", type=int, default=400)
    arguments.add_argument("--by-transformer", type=int, default=3, help="as many texts for the slow one")
    arguments.add_argument("--stored", type=int, default=2000, help="articles for the product's own step")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    with threadpool_limits(1):
        figures = beside(given.texts, given.by_transformer, given.runs) + in_the_product(given.stored, given.runs)
    for one in figures:
        print(f"{one.name} ({one.tool}): {one.value:.4g} {one.unit}", flush=True)
    if given.out:
        Report(figures=figures).write(given.out)


def beside(texts: int, by_transformer: int, runs: int) -> list[Figure]:
    """Documents a CPU second of the classifier, with and without reasons, and of both peers."""
    seed = splits.texts("seed")
    pairs = speed_model.documents(seed, texts)
    classifier = surroundings.baseline()
    classifier.predict(pairs[:20])
    off, on = zip(*(speed_model.rates(classifier, pairs) for _run in range(runs)), strict=True)
    peak = costs.peak_mib()
    slow = [speed_model.by_transformer(pairs[:by_transformer]) for _run in range(runs)]
    predict = plain()
    whole = [" ".join(pair) for pair in pairs]
    quick = [len(whole) / speed_model.seconds(lambda: predict(whole)) for _run in range(runs)]
    unit, with_reasons = "a CPU second", f"{RATE}, with reasons"
    return [
        Figure(BENCH, RATE, OURS, unit, list(off), peak_mib=peak),
        Figure(BENCH, RATE, TRANSFORMER, unit, slow),
        Figure(BENCH, RATE, PLAIN, unit, quick),
        Figure(BENCH, with_reasons, OURS, unit, list(on)),
        Figure(BENCH, with_reasons, TRANSFORMER, unit, slow),
    ]


def plain() -> Callable[[list[str]], object]:
    """The plain classifier, trained on the same texts."""
    texts = registry.seed_texts()
    vectors = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2))
    labels = MultiLabelBinarizer().fit_transform([text.labels for text in texts])
    fitted = OneVsRestClassifier(LogisticRegression(max_iter=200)).fit(
        vectors.fit_transform([f"{text.title} {text.text}" for text in texts]), labels
    )
    return lambda given: fitted.predict_proba(vectors.transform(given))


def in_the_product(number: int, runs: int) -> list[Figure]:
    """Articles a second by the clock and CPU, in the product's own batches, written down."""
    rates, spent = [], []
    model = surroundings.baseline()
    records = list(islice(news(number), number))
    for _run in range(runs):
        with surroundings.database(model) as database:
            stored.articles(database, records)
            with database.session() as session:
                champion = registry.champion(session, datetime.now(UTC))
                fitted = registry.classifier(champion)
            with costs.measured(config.settings().data) as cost:
                while True:
                    with database.session() as session:
                        if not scoring.score_waiting(session, champion, fitted, 90, datetime.now(UTC)):
                            break
            rates.append(number / cost.wall_s)
            spent.append(cost.all_cpu_s * 1000 / number)
    return [
        Figure(BENCH, "stored articles scored", OURS, "a second", rates),
        Figure(BENCH, "a stored article scored", OURS, "CPU ms", spent, "less"),
    ]


if __name__ == "__main__":
    main()
