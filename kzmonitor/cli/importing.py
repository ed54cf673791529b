"""Command: import."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kzmonitor import config
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, SourcesDir
from kzmonitor.collect.import_texts import records_of
from kzmonitor.collect.importing import Brought, Skipped, bring_all
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, ngettext
from kzmonitor.sources import registry

MOST_SHOWN = 20
UNREADABLE = ("unreadable", "broken-off")


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        "import",
        help=_(
            "Bring in reports of JSONL, CSV and WARC(.gz) files. What is known is passed over: run it again at will."
        ),
        epilog=_("Example: kzmonitor import archive.warc.gz cases.csv --column text=Body --column url=Link"),
    )(import_files)


def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help=_("Files to bring in, told by their endings."))
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COLUMN", help=_("Where a CSV keeps url, title, text, published, source, author.")),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help=_("Slug or name of the source of texts that name none and have no address."))
    ] = None,
    sources_dir: SourcesDir = None,
    tell: Annotated[
        bool, typer.Option("--tell", help=_("Let alerts of old reports into the digests as news, too."))
    ] = False,
    json: Json = False,
) -> None:
    columns = dict(_column(said) for said in column or [])
    for path in files:
        if not path.is_file():
            raise InputError(_("{path}: no such file").format(path=path))
    folder = sources_dir or config.settings().sources_dir
    known = registry.load(*([folder] if folder else []))
    notices = Notices()
    with shell.database() as database, shell.errors.status(_("reading")) as status:
        totals = bring_all(
            database,
            known,
            _from(records_of(files, columns), source),
            shell.now,
            tell=tell,
            said=notices,
            progress=lambda outcomes: status.update(_("{n} records").format(n=outcomes.total())),
        )
    notices.end()
    if not any(count for outcome, count in totals.items() if outcome not in UNREADABLE):
        raise InputError(_("nothing could be read in: {files}").format(files=", ".join(map(str, files))))
    if json:
        shell.show_json(dict(sorted(totals.items())))
    else:
        shell.show([_("outcome"), _("records")], sorted(totals.items()))
        if totals["new"]:
            shell.say(_("next: kzmonitor understand"))


class Notices:
    """Says what was passed over and why, the first twenty in full."""

    def __init__(self) -> None:
        self.said = 0

    def __call__(self, skipped: Skipped) -> None:
        if skipped.why:
            self.said += 1
            if self.said <= MOST_SHOWN:
                shell.complain(skipped.why)

    def end(self) -> None:
        """How many more there were."""
        more = self.said - MOST_SHOWN
        if more > 0:
            shell.complain(ngettext("and {n} more", "and {n} more", more).format(n=more))


def _column(said: str) -> tuple[str, str]:
    name, equals, theirs = said.partition("=")
    if not equals or not name or not theirs:
        raise InputError(_("--column {said}: write it NAME=COLUMN, for example text=Body").format(said=said[:60]))
    return name, theirs


def _from(records: Iterator[Brought | Skipped], source: str | None) -> Iterator[Brought | Skipped]:
    for record in records:
        if isinstance(record, Brought) and source is not None and record.source is None:
            yield replace(record, source=source)
        else:
            yield record
