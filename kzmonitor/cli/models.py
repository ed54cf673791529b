"""Commands: the group model, the registry of versions."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import read_jsonl
from kzmonitor.cli import shell
from kzmonitor.cli.classifying import chosen
from kzmonitor.cli.collecting import Json, moment
from kzmonitor.cli.learning import show_report
from kzmonitor.i18n import _
from kzmonitor.store.tables import Model

# What `show` tells of the articles of so many days.
SHOWN = timedelta(days=30)

app = typer.Typer(no_args_is_help=True, help=_("The registry of models."))


def register(whole: typer.Typer) -> None:
    """Add these commands."""
    whole.add_typer(app, name="model")


@app.command("list", help=_("All versions, newest first."), epilog=_("Example: kzmonitor model list"))
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


@app.command(
    "show",
    help=_("One version with its figures, as JSON; of the champion also what it missed, and drift."),
    epilog=_("Example: kzmonitor model show 20261122"),
)
def show_model(
    version: Annotated[str | None, typer.Argument(help=_("The champion when not given."), show_default=False)] = None,
) -> None:
    with shell.database() as database, database.session() as session:
        found = registry.champion(session, shell.now()) if version is None else registry.find(session, version)
        told: dict[str, Any] = {
            "version": found.version,
            "state": found.state,
            "trained_at": found.trained_at,
            "sha256": found.sha256.hex(),
            "data_sha256": found.data_sha256.hex(),
            "metrics": found.metrics,
            "taxonomy": found.taxonomy,
        }
        if found.state == "champion":
            told |= _in_use(session, found)
    shell.show_json(told)


def _in_use(session: Session, champion: Model) -> dict[str, Any]:
    """What the last 30 days tell of the version in use."""
    from kzmonitor.learn import drift, missed, novelty

    now = shell.now()
    known = novelty.known_words(registry.seed_texts())
    return {
        "missed": asdict(missed.missed(session, champion, now - SHOWN, now)),
        "drift": asdict(drift.drift(session, champion, now, known)),
    }


@app.command(
    "compare",
    help=_("Two versions (or model files) on the held-out events, or on labelled texts, with intervals."),
    epilog=_("Example: kzmonitor model compare OLD NEW"),
)
def compare(
    first: str,
    second: str,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE.jsonl]", help=_("Labelled JSONL."))] = None,
    json: Json = False,
) -> None:
    from kzmonitor.learn import gate, retrain

    models = [chosen(name)[1] for name in (first, second)]
    if file is not None:
        report = gate.compare(models[0], models[1], {file.name: read_jsonl(file)}, models[1].taxonomy)
    else:
        with shell.database() as database:
            report = retrain.compare(database, models[0], models[1], retrain.shipped())
    if json:
        shell.show_json({"first": first, "second": second, **report.as_json()})
        return
    show_report(report, first, second)


@app.command(
    "promote",
    help=_("Make a version the champion; the one before is retired and can be rolled back to."),
    epilog=_("Example: kzmonitor model promote 20261122-0800"),
)
def promote(version: str) -> None:
    with shell.database() as database, database.session() as session:
        found = registry.find(session, version)
        registry.promote(session, found)
        shell.say(_("{version} is the champion").format(version=found.version))


@app.command(
    "rollback", help=_("Go back to the version before the champion."), epilog=_("Example: kzmonitor model rollback")
)
def rollback() -> None:
    with shell.database() as database, database.session() as session:
        shell.say(_("{version} is the champion").format(version=registry.rollback(session).version))
