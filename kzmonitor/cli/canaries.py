"""Command: canary."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typer

from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, Slugs, SourcesDir
from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import Crawled
from kzmonitor.i18n import _
from kzmonitor.sources import canary as canaries
from kzmonitor.sources import health

LOOKED = "canary:"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_("Fetch one known article of each source again, once a night: same title, length and date?"),
        epilog=_("Example: kzmonitor canary vlast"),
    )(canary)


def canary(source: Slugs = None, sources_dir: SourcesDir = None, json: Json = False) -> None:
    ended = looked_at(sources_dir, source or [])
    if json:
        shell.show_json([{"source": one.slug, "finished": one.finished, "states": states(one)} for one in ended])
    elif not ended:
        shell.say(_("no canary is due"))
    else:
        rows = [[one.slug, state, health.advice(state)] for one in ended for state in states(one) or ["-"]]
        shell.show([_("source"), _("state"), _("what to do")], rows)
    for one in ended:
        if not one.well:
            shell.complain(_("{slug}: the crawl ended with: {state}").format(slug=one.slug, state=one.finished))
    if any(not one.well for one in ended):
        raise typer.Exit(1)


def looked_at(sources_dir: Path | None, wanted: Sequence[str] = ()) -> list[Crawled]:
    """Choose the canaries that are missing and look at all that are due, of these sources or of all; how each ended."""
    declared = shell.declarations(sources_dir, wanted)
    with shell.database() as database:
        with database.session() as session:
            canaries.choose(session, declared, shell.now())
            slugs = canaries.due(session, declared, shell.now())
        return crawl.run(slugs, sources_dir, work="canary") if slugs else []


def states(crawled: Crawled) -> Counter[str]:
    """How a look ended, as `sources.canary.record` names it."""
    return Counter({key.removeprefix(LOOKED): count for key, count in crawled.counts.items() if key.startswith(LOOKED)})
