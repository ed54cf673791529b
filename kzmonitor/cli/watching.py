"""Command: watch."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typer

from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, Slugs, SourcesDir
from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import Crawled
from kzmonitor.evidence import watching
from kzmonitor.i18n import _

WATCHED = "watched:"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_("Look again at the pages behind alerts that are due: edited, gone, blocked, or back?"),
        epilog=_("Example: kzmonitor watch"),
    )(watch)


def watch(source: Slugs = None, sources_dir: SourcesDir = None, json: Json = False) -> None:
    ended = looked_at(sources_dir, source or [])
    if json:
        shell.show_json([{"source": one.slug, "finished": one.finished, "looks": outcomes(one)} for one in ended])
    elif not ended:
        shell.say(_("no page is due"))
    else:
        rows = [
            [one.slug, outcome, count]
            for one in ended
            for outcome, count in sorted(outcomes(one).items()) or [("-", 0)]
        ]
        shell.show([_("source"), _("outcome"), _("pages")], rows)
    for one in ended:
        if not one.well:
            shell.complain(_("{slug}: the crawl ended with: {state}").format(slug=one.slug, state=one.finished))
    if any(not one.well for one in ended):
        raise typer.Exit(1)


def looked_at(sources_dir: Path | None, wanted: Sequence[str] = ()) -> list[Crawled]:
    """Look at all pages that are due, of these sources or of all; how the look at each source ended."""
    declared = shell.declarations(sources_dir, wanted)
    with shell.database() as database:
        with database.session() as session:
            slugs = watching.due(session, declared, shell.now())
        return crawl.run(slugs, sources_dir, work="watch") if slugs else []


def outcomes(crawled: Crawled) -> Counter[str]:
    """How many pages ended in each outcome, as `evidence.recording.record` names them."""
    return Counter(
        {key.removeprefix(WATCHED): count for key, count in crawled.counts.items() if key.startswith(WATCHED)}
    )
