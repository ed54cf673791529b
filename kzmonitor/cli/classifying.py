"""Commands: train, predict, evaluate, and the group model."""

import json as json_module
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kzmonitor.classify import registry
from kzmonitor.classify.evaluate import evaluate as evaluate_classifier
from kzmonitor.classify.labelled import read_jsonl, read_taxonomy, taxonomy_of
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, moment
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

model = typer.Typer(no_args_is_help=True, help=_("The registry of models."))


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
    app.add_typer(model, name="model")


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
    predictions = classifier.predict([(text.title, text.text) for text in texts])
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
    json: Json = False,
) -> None:
    texts = read_jsonl(file)
    name, classifier = chosen(model)
    result = {**evaluate_classifier(classifier, texts, tier=tier.value), "model": name}
    if json:
        shell.show_json(result)
        return
    relevance = result["relevance"]
    shell.show(
        [_("what"), _("precision"), _("recall"), "F1", _("texts")],
        [["relevance", *map(_figure, (relevance["precision"], relevance["recall"], relevance["f1"])), result["n"]]]
        + [
            [label, *map(_figure, (one["precision"], one["recall"], one["f1"])), one["support"]]
            for label, one in result["labels"].items()
        ],
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@model.command("list", help=_("All versions, newest first."), epilog=_("Example: kzmonitor model list"))
def list_models(json: Json = False) -> None:
    with shell.database() as database, database.session() as session:
        rows = [
            {"version": one.version, "state": one.state, "trained_at": one.trained_at, "data": one.data_sha256.hex()}
            for one in registry.versions(session)
        ]
    if json:
        shell.show_json(rows)
        return
    shell.show(
        [_("version"), _("state"), _("trained (UTC)"), _("label set")],
        [[row["version"], row["state"], moment(row["trained_at"]), str(row["data"])[:12]] for row in rows],
    )


@model.command(
    "show", help=_("One version with its figures, as JSON."), epilog=_("Example: kzmonitor model show 20261122")
)
def show_model(version: str) -> None:
    with shell.database() as database, database.session() as session:
        found = registry.find(session, version)
        shell.show_json(
            {
                "version": found.version,
                "state": found.state,
                "trained_at": found.trained_at,
                "sha256": found.sha256.hex(),
                "data_sha256": found.data_sha256.hex(),
                "metrics": found.metrics,
                "taxonomy": found.taxonomy,
            }
        )


@model.command(
    "compare",
    help=_("Two versions (or model files) side by side on labelled texts."),
    epilog=_("Example: kzmonitor model compare OLD NEW labelled.jsonl"),
)
def compare(first: str, second: str, file: LabelledFile) -> None:
    texts = read_jsonl(file)
    results = [evaluate_classifier(chosen(name)[1], texts) for name in (first, second)]
    rows = [["relevance F1", *(_figure(result["relevance"]["f1"]) for result in results)]]
    rows += [["macro F1", *(_figure(result["macro_f1"]) for result in results)]]
    for label in results[0]["labels"]:
        rows.append([label, *(_figure(result["labels"].get(label, {}).get("f1")) for result in results)])
    shell.show([_("figure"), first, second], rows)


@model.command(
    "promote",
    help=_("Make a version the champion; the one before is retired and can be rolled back to."),
    epilog=_("Example: kzmonitor model promote 20261122-0800"),
)
def promote(version: str) -> None:
    with shell.database() as database, database.session() as session:
        found = registry.find(session, version)
        registry.promote(session, found)
        shell.say(_("{version} is the champion").format(version=found.version))


@model.command(
    "rollback", help=_("Go back to the version before the champion."), epilog=_("Example: kzmonitor model rollback")
)
def rollback() -> None:
    with shell.database() as database, database.session() as session:
        shell.say(_("{version} is the champion").format(version=registry.rollback(session).version))
