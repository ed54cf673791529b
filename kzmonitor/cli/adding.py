"""Command: add, which reports a missed case."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from kzmonitor import config
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, SourcesDir
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents import reporting
from kzmonitor.incidents.reporting import Pasted, ReportLine, Told
from kzmonitor.sources import health, registry
from kzmonitor.sources.registry import Registry
from kzmonitor.store import Database
from kzmonitor.store.tables import MissedReport

HTML = (".html", ".htm")
TEXT = (".txt", ".md")


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_(
            "Report a missed case: the page, or the text in a file, becomes an article with a confirmed alert, a label "
            "to learn from, and a miss in the estimate. With --waiting fetch what was reported in the review app."
        ),
        epilog=_("Example: kzmonitor add https://vlast.kz/novosti/66096-example.html --label detention"),
    )(add)


def add(
    what: Annotated[
        str | None, typer.Argument(metavar="[URL or FILE]", help=_("An address, or a .txt or .html file."))
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help=_("A label of the taxonomy; once for each."))] = None,
    url: Annotated[str | None, typer.Option(help=_("Where the text of a file stood."))] = None,
    title: Annotated[str | None, typer.Option(help=_("Its title; without it the first line of a .txt file."))] = None,
    source: Annotated[str | None, typer.Option(help=_("Who published it: a slug or a name."))] = None,
    published: Annotated[str | None, typer.Option(help=_("When, for example 2026-11-20."))] = None,
    place: Annotated[str | None, typer.Option(help=_("Where it happened."))] = None,
    note: Annotated[str | None, typer.Option(help=_("What a reviewer should know."))] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help=_("Fetch what waits, and report nothing new."))] = False,
    sources_dir: SourcesDir = None,
    json: Json = False,
) -> None:
    folder, known = _declared(sources_dir)
    if waiting == (what is not None):
        raise InputError(_("name one address or file, or --waiting"))
    if what is None:
        with shell.database() as database:
            outcomes = fetch_reported(database, sources_dir)
        shell.show([_("state"), _("reports")], sorted(outcomes.items()))
        return
    told = Told(label or [], place, note)
    report = _reporter(what, known, told, Pasted(title or "", "", url, source, published))
    with shell.database() as database:
        line = _reported(database, known, folder, report)
    _say(line, as_json=json)
    if line.state == "failed":
        raise typer.Exit(1)


def fetch_reported(database: Database, sources_dir: Path | None) -> Counter[str]:
    """Fetch the pages that people reported in the review app; how many reports ended in each state."""
    folder, known = _declared(sources_dir)
    return reporting.settle_waiting(database, known, folder, shell.now)


def _declared(sources_dir: Path | None) -> tuple[Path | None, Registry]:
    folder = sources_dir or config.settings().sources_dir
    return folder, registry.load(*([folder] if folder else []))


def _reporter(what: str, known: Registry, told: Told, about: Pasted) -> Callable[[Session, datetime], MissedReport]:
    """What writes the report, once there is a session."""
    if what.startswith(("http://", "https://")):
        return lambda session, now: reporting.report_address(session, known, what, told, None, now)
    pasted = _read(Path(what), about)
    return lambda session, now: reporting.report_text(session, known, pasted, told, None, now)


def _read(path: Path, about: Pasted) -> Pasted:
    """The text in a file. Raises InputError when it can't be used."""
    ending = path.suffix.casefold()
    if ending not in (*HTML, *TEXT):
        raise InputError(_("{what}: give an address, or a .txt or .html file").format(what=str(path)[:80]))
    if not path.is_file():
        raise InputError(_("{path}: no such file").format(path=path))
    if ending in HTML and about.url is None:
        raise InputError(_("{path}: say with --url where this page stood").format(path=path))
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(_("{path}:{line}: not UTF-8; save it as UTF-8").format(path=path, line=1)) from error
    except OSError as error:
        raise InputError(_("{path}: can't be read ({reason})").format(path=path, reason=error.strerror)) from error
    first, _break, rest = text.strip().partition("\n")
    takes_first = not about.title and ending in TEXT and bool(rest.strip())
    return Pasted(
        title=first if takes_first else about.title,
        text=rest if takes_first else text,
        url=about.url,
        source=about.source or (None if about.url else path.stem),
        published=about.published,
        html=ending in HTML,
    )


def _reported(
    database: Database, known: Registry, folder: Path | None, report: Callable[[Session, datetime], MissedReport]
) -> ReportLine:
    """The report as it stands once its page was asked for."""
    with database.session() as session:
        made = report(session, shell.now())
        id, waits = made.id, made.state == "waiting"
    if waits:
        with shell.errors.status(_("fetching")):
            reporting.settle_waiting(database, known, folder, shell.now)
    return _line(database, id)


def _line(database: Database, id: UUID) -> ReportLine:
    with database.session() as session:
        line = reporting.report(session, id)
    assert line is not None, "it was written just now"
    return line


def _say(line: ReportLine, *, as_json: bool) -> None:
    if as_json:
        facts = {"report": line.id, "state": line.state, "standing": line.standing, "error": line.error}
        shell.show_json(facts | {"alert": line.alert, "title": line.title})
        return
    if line.state == "failed":
        shell.complain(_("could not be fetched: {why}").format(why=health.advice(line.error or "error")))
    elif line.state == "waiting":
        why = health.advice(line.error) if line.error else _("not asked for yet")
        shell.say(_("it waits: {why}; again later with: kzmonitor add --waiting").format(why=why))
    elif line.standing == reporting.FLAGGED:
        shell.say(_("this case was flagged already: alert {alert}").format(alert=line.alert))
    else:
        shell.say(_("an alert was opened and confirmed: {alert}").format(alert=line.alert))
