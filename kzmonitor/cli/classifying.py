"""Commands: train, predict, evaluate."""

import json as json_module
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kzmonitor.classify import registry
from kzmonitor.classify.evaluate import evaluate as evaluate_classifier
from kzmonitor.classify.labelled import read_jsonl, read_taxonomy, taxonomy_of
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json
from kzmonitor.config import models_folder
from kzmonitor.files import write_whole
from kzmonitor.i18n import _
from kzmonitor.store import Database

if TYPE_CHECKING:
    from kzmonitor.classify.model import Classifier

ModelName = Annotated[
    str | None,
    typer.Option(
        help=_("A version, the beginning of one, or a model file; the champion when not given."), show_default=False
    ),
]


class Tier(StrEnum):
    """The two thresholds: recall first, precision first."""

    queue = "queue"
    mail = "mail"


LabelledFile = Annotated[Path, typer.Argument(metavar="FILE.jsonl", help=_("Labelled JSONL, one object a line."))]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        help=_("Train a candidate on any label set."),
        epilog=_("Example: kzmonitor train --data cases.jsonl --out cases.skops"),
    )(train)
    app.command(help=_("Score texts: one JSON object a line."), epilog=_("Example: kzmonitor predict reports.jsonl"))(
        predict
    )
    app.command(
        help=_("Score labelled texts against their labels."),
        epilog=_("Example: kzmonitor evaluate labelled.jsonl --tier mail --json"),
    )(evaluate)


def train(
    data: Annotated[list[Path] | None, typer.Option(help=_("Labelled JSONL; the seed corpus when not given."))] = None,
    taxonomy: Annotated[Path | None, typer.Option(help=_("Label set; with --data the labels of the data."))] = None,
    out: Annotated[Path | None, typer.Option(help=_("Write the model here, not into the registry."))] = None,
) -> None:
    texts = [text for file in data for text in read_jsonl(file)] if data else registry.seed_texts()
    if taxonomy is not None:
        labels = read_taxonomy(taxonomy)
    else:
        labels = taxonomy_of(texts) if data else read_taxonomy(models_folder() / "taxonomy.yaml")
    from kzmonitor.classify import persist
    from kzmonitor.classify.train import train as train_classifier

    fitted = train_classifier(texts, labels)
    if out is not None:
        write_whole(out, persist.save(fitted))
        shell.say(_("{path}: trained on {n} texts").format(path=out, n=len(texts)))
        return
    with shell.database() as database, database.session() as session:
        version = registry.add(session, fitted, "candidate", shell.now()).version
    shell.say(
        _("candidate {version}: trained on {n} texts; to use it: kzmonitor model promote {version}").format(
            version=version, n=len(texts)
        )
    )


def chosen(wanted: str | None) -> "tuple[str, Classifier]":
    """The name and classifier of a model file, a version, or the champion. Raises InputError."""
    from kzmonitor.classify import persist

    if wanted is not None and Path(wanted).is_file():
        return wanted, persist.load(Path(wanted).read_bytes())
    with shell.database() as database:
        return _registered(database, wanted)


def _registered(database: Database, wanted: str | None) -> "tuple[str, Classifier]":
    with database.session() as session:
        found = registry.champion(session, shell.now()) if wanted is None else registry.find(session, wanted)
        return found.version, registry.classifier(found)


def predict(file: LabelledFile, model: ModelName = None, json: Json = False) -> None:
    texts = read_jsonl(file)
    _name, classifier = chosen(model)
    days = [text.known.published if text.known else None for text in texts]
    predictions = classifier.predict([(text.title, text.text) for text in texts], published=days)
    for text, prediction in zip(texts, predictions, strict=True):
        line = {"id": text.id, **asdict(prediction)}
        if json or not shell.console.is_terminal:
            shell.say_raw(json_module.dumps(line, ensure_ascii=False))
        else:
            shell.say(f"{text.id}\t{prediction.relevance:.2f}\t{prediction.tier or '-'}\t{' '.join(prediction.labels)}")


def evaluate(
    file: LabelledFile,
    model: ModelName = None,
    tier: Annotated[Tier, typer.Option(help=_("queue or mail."))] = Tier.queue,
    intervals: Annotated[
        bool, typer.Option("--intervals", help=_("Also 95-percent intervals, constant guessing and calibration."))
    ] = False,
    json: Json = False,
) -> None:
    texts = read_jsonl(file)
    name, classifier = chosen(model)
    result = {**evaluate_classifier(classifier, texts, tier=tier.value, intervals=intervals), "model": name}
    if json:
        shell.show_json(result)
        return
    rows: dict[str, tuple[str, ...]] = {"relevance": ("relevance",)} | {
        label: ("labels", label) for label in result["labels"]
    }
    head = [_("what"), _("precision"), _("recall"), "F1", _("texts")]
    more = [_("F1, 95-percent interval"), _("F1 of constant guessing"), _("calibration error")] if intervals else []
    shell.show(head + more, [_row(what, result, keys, intervals=intervals) for what, keys in rows.items()])


def _row(what: str, result: dict[str, Any], keys: tuple[str, ...], *, intervals: bool) -> list[object]:
    one = _inside(result, keys)
    row = [what, *(figure(one[key]) for key in ("precision", "recall", "f1")), one.get("support", result["n"])]
    if not intervals:
        return row
    covered = _inside(result["intervals"], keys)["f1"]
    calibration = _inside(result["calibration"], keys)
    return [
        *row,
        "-" if covered is None else f"{covered[0]:.3f} - {covered[1]:.3f}",
        figure(_inside(result["constant_guess"], keys)["f1"]),
        figure(calibration and calibration["error"]),
    ]


def _inside(told: dict[str, Any], keys: tuple[str, ...]) -> Any:
    for key in keys:
        told = told[key]
    return told


def figure(value: float | None) -> str:
    """A figure as tables show it."""
    return "-" if value is None else f"{value:.3f}"
