"""Command: demo. The whole path once on the bundled newsroom, in a data folder and a database of its own."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from kzmonitor import config, newsroom
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.cli import shell
from kzmonitor.cli.supervisor import claimed
from kzmonitor.collect import crawl
from kzmonitor.config import Settings
from kzmonitor.digest.daily import digest_of
from kzmonitor.digest.period import digest_day
from kzmonitor.i18n import _, current
from kzmonitor.incidents import alerts
from kzmonitor.incidents.understand import understand
from kzmonitor.sources import health
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.health import Health
from kzmonitor.store import Database, embedded, partitions, schema


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_(
            "The whole path once on a bundled local newsroom: sources, articles, alerts, a digest. Needs no network."
        ),
        epilog=_("Example: kzmonitor demo --out /tmp/digest"),
    )(demo)


def take_demo_settings() -> None:
    """Put the demo's settings in place of yours, for this process and its children: no database, proxy or mail
    server of yours is touched, and nothing leaves this machine."""
    data = config.settings().data.absolute() / "demo"
    for name in [name for name in os.environ if name.startswith("KZMONITOR_")]:
        del os.environ[name]
    os.environ.update(
        KZMONITOR_DATA=str(data),
        KZMONITOR_ENV_FILE=os.devnull,
        KZMONITOR_SOURCES_DIR=str(data / "sources"),
        KZMONITOR_ALLOW_LOOPBACK="1",
    )


@contextmanager
def emptied() -> Iterator[Database]:
    """The demo's database with empty tables: its outlets have other ports each time, so all they say is new."""
    with shell.database(migrate=False) as database:
        if schema.standing(database.engine) is not None:
            schema.downgrade(database.engine, "base")
        schema.upgrade(database.engine)
        with database.session() as session:
            partitions.ensure(session, shell.now())
        yield database


@contextmanager
def newsroom_of(settings: Settings) -> Iterator[newsroom.Newsroom]:
    """The bundled outlets on free ports, declared in the folder of the settings."""
    assert settings.sources_dir is not None, "take_demo_settings sets it"
    settings.sources_dir.mkdir(parents=True, exist_ok=True)
    for old in settings.sources_dir.glob("*.yml"):
        old.unlink()
    with newsroom.Newsroom(newsroom.outlets_from(newsroom.demo_files(), shell.now())) as running:
        newsroom.declare(running, settings.sources_dir)
        yield running


def demo(
    out: Annotated[
        Path | None,
        typer.Option(help=_("Folder of the digest; in the data folder when not given."), show_default=False),
    ] = None,
) -> None:
    out = out.absolute() if out else None
    take_demo_settings()
    settings = config.settings()
    with (
        embedded.running(settings.data),
        claimed(settings.data),
        emptied() as database,
        newsroom_of(settings),
    ):
        declared = shell.declarations(None)
        shell.say(_("collecting from {n} local outlets").format(n=len(declared)))
        ended = crawl.run(list(declared), settings.sources_dir)
        shell.say(_("understanding what was collected"))
        understand(database, declared, settings, shell.now)
        missing = [
            _("{slug}: the crawl ended with: {state}").format(slug=one.slug, state=one.finished)
            for one in ended
            if not one.well
        ]
        missing += summary(database, declared, settings, out or settings.digests)
    for line in missing:
        shell.complain(line)
    if missing:
        raise typer.Exit(1)


def summary(database: Database, declared: dict[str, Declaration], settings: Settings, out: Path) -> list[str]:
    """Show what came of it, write the digest; a line for each thing that is missing."""
    now = shell.now()
    with database.session() as session:
        healths = [health.health(session, declaration, now) for declaration in declared.values()]
        opened = alerts.alerts(session, limit=10_000)
    show_sources(healths)
    labels = Counter(label for alert in opened for label in alert.labels)
    shell.show([_("label"), _("alerts")], [*sorted(labels.items()), [_("all alerts"), len(opened)]])
    taxonomy = read_taxonomy(config.models_folder() / "taxonomy.yaml")
    done = digest_of(database, next_digest_day(now), declared, taxonomy, settings, now, out=out, dry_run=True)
    for path in done.files:
        if path.name.endswith(f"-{current()}.html"):
            shell.say(_("digest: {path} ({n} alerts)").format(path=path, n=len(done.digest.items)))
    missing = [_("{slug}: no article was collected").format(slug=one.slug) for one in healths if not one.articles]
    if not opened:
        missing.append(_("no alert was opened"))
    if not done.digest.items:
        missing.append(_("the digest holds no alert"))
    return missing


def show_sources(healths: list[Health]) -> None:
    """A line a source: state, entries seen, articles stored."""
    rows = [[one.slug, one.state, one.entries, one.articles] for one in healths]
    total = [_("all sources"), "", sum(one.entries for one in healths), sum(one.articles for one in healths)]
    shell.show([_("source"), _("state"), _("entries"), _("articles")], [*rows, total])


def next_digest_day(now: datetime) -> date:
    """The day whose digest covers this moment: today until 08:00 in Almaty, then tomorrow."""
    return digest_day(now) + timedelta(days=1)
