"""Command: backfill."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, SourcesDir, failures
from kzmonitor.collect import backfill as reading
from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import FINISHED, Crawled
from kzmonitor.errors import InputError
from kzmonitor.i18n import _

ARCHIVE = "archive:"


@dataclass(frozen=True)
class ReadBack:
    """What one run did, and how many readings (sitemaps, listings, unfetched pages) are not at their end."""

    crawled: Crawled
    left: int

    @property
    def troubles(self) -> str:
        """The named states of addresses of the archive that did not answer as they should."""
        states = [key.removeprefix(ARCHIVE) for key in self.crawled.counts if key.startswith(ARCHIVE)]
        return ", ".join(sorted(set(states) - {"ok"}))


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        "backfill",
        help=_("Read back in an outlet's own archive, by its declared sitemaps and listings. Run again, it goes on."),
        epilog=_("Example: kzmonitor backfill vlast --from 2021-01-01 --to 2021-02-28"),
    )(backfill)


def backfill(
    source: Annotated[str, typer.Argument(help=_("Slug of the source."))],
    first: Annotated[str, typer.Option("--from", metavar="DAY", help=_("First day, as 2021-01-31."))],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help=_("Last day, as 2021-02-28."))],
    again: Annotated[bool, typer.Option("--again", help=_("Read once more what was read before."))] = False,
    tell: Annotated[
        bool, typer.Option("--tell", help=_("Let alerts of old reports into the digests as news, too."))
    ] = False,
    sources_dir: SourcesDir = None,
    json: Json = False,
) -> None:
    done = read_back(source, day(first), day(last), sources_dir, tell=tell, again=again)
    counts = done.crawled.counts
    if json:
        shell.show_json({"source": source, "finished": done.crawled.finished, "counts": counts, "left": done.left})
    else:
        shell.show(
            [_("source"), _("state"), _("new"), _("fetched"), _("failed"), _("left")],
            [[source, done.troubles or done.crawled.finished, counts.get("new", 0), counts.get("fetched", 0),
              failures(done.crawled), done.left]],
        )  # fmt: skip
    if done.left:
        shell.complain(_("not at its end; run it again to go on"))
        raise typer.Exit(1)


def read_back(
    source: str, first: date, last: date, sources_dir: Path | None, *, tell: bool = False, again: bool = False
) -> ReadBack:
    """Read the archive of a source as far as it goes. Raises InputError when there is none, or for senseless days."""
    declaration = shell.declarations(sources_dir, [source])[source]
    with shell.database() as database:
        with database.session() as session:
            reading.plan(session, declaration, first, last, shell.now(), tell=tell, again=again)
            idle = not reading.left(session, declaration) and not reading.waiting(session, source)
        if idle:
            return ReadBack(Crawled(source, FINISHED), 0)
        [crawled] = crawl.run([source], sources_dir, work="backfill")
        with database.session() as session:
            left = len(reading.left(session, declaration)) + reading.waiting(session, source)
    return ReadBack(crawled, left)


def day(said: str) -> date:
    """A day given as 2021-01-31. Raises InputError."""
    try:
        return datetime.strptime(said, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise InputError(_("{text}: not a day like 2026-11-20").format(text=said[:40])) from None
