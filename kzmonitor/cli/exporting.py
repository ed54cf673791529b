"""Commands: the group export."""

import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from kzmonitor.cli import shell
from kzmonitor.cli.understanding import day_start, parse_since
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, ngettext
from kzmonitor.incidents.alerts import STATUSES

if TYPE_CHECKING:
    from kzmonitor.export.tables import Wanted

WARC_ENDINGS = (".warc.gz", ".warc")

app = typer.Typer(
    no_args_is_help=True, help=_("Incidents, articles, cases, labels and evidence as files; see docs/export.md.")
)


class Redaction(StrEnum):
    """How much of persons an export tells."""

    none = "none"
    names = "names"
    counts = "counts"


class Format(StrEnum):
    """What can go to standard output."""

    csv = "csv"
    jsonl = "jsonl"


Out = Annotated[
    Path,
    typer.Option(metavar="FILE", help=_("File to write, .csv, .jsonl or .parquet; - is standard output.")),
]
Since = Annotated[
    str | None, typer.Option(help=_("From a day (2026-11-20) or an age (12h, 7d, 2w) on."), show_default=False)
]
Until = Annotated[str | None, typer.Option(help=_("Until the end of a day, or an age ago."), show_default=False)]
Redact = Annotated[
    Redaction, typer.Option(help=_("none: all; names: no names of persons; counts: only counts, no small ones."))
]
By = Annotated[
    list[str] | None,
    typer.Option(help=_("With --redact counts: what to count by, such as week or week,label."), show_default=False),
]
Status = Annotated[
    list[str] | None,
    typer.Option(help=_("open, confirmed, rejected or duplicate; can be repeated."), show_default=False),
]
Incident = Annotated[
    list[str] | None, typer.Option(metavar="ID", help=_("Only this incident; can be repeated."), show_default=False)
]
As = Annotated[Format | None, typer.Option("--format", help=_("With --out -: csv or jsonl."), show_default=False)]


def register(whole: typer.Typer) -> None:
    """Add these commands."""
    whole.add_typer(app, name="export")


@app.command(
    help=_("One row for each incident, with codes of other catalogues."),
    epilog=_("Example: kzmonitor export incidents --since 2026-01-01 --out incidents.csv"),
)
def incidents(
    out: Out,
    since: Since = None,
    until: Until = None,
    redact: Redact = Redaction.none,
    by: By = None,
    status: Status = None,
    incident: Incident = None,
    format: As = None,
) -> None:
    _export("incidents", out, format, _wanted(since, until, status, incident), redact, by)


@app.command(
    help=_("One row for each article, flagged or not."),
    epilog=_("Example: kzmonitor export articles --since 7d --text --out articles.parquet"),
)
def articles(
    out: Out,
    since: Since = None,
    until: Until = None,
    redact: Redact = Redaction.none,
    by: By = None,
    status: Status = None,
    incident: Incident = None,
    text: Annotated[bool, typer.Option("--text", help=_("With the whole texts."))] = False,
    format: As = None,
) -> None:
    _export("articles", out, format, _wanted(since, until, status, incident, with_text=text), redact, by)


@app.command(
    help=_("One row for what happens to one person or organisation in one incident."),
    epilog=_("Example: kzmonitor export people --redact names --out cases.csv"),
)
def people(
    out: Out,
    since: Since = None,
    until: Until = None,
    redact: Redact = Redaction.none,
    by: By = None,
    status: Status = None,
    incident: Incident = None,
    format: As = None,
) -> None:
    _export("people", out, format, _wanted(since, until, status, incident), redact, by)


@app.command(
    help=_("The reviewed texts with the labels that stand; as JSONL, what train --data reads."),
    epilog=_("Example: kzmonitor export labels --out labels.jsonl"),
)
def labels(
    out: Out,
    since: Since = None,
    until: Until = None,
    redact: Redact = Redaction.none,
    by: By = None,
    format: As = None,
) -> None:
    _export("labels", out, format, _wanted(since, until), redact, by)


@app.command(
    help=_("The stored responses behind incidents as WARC 1.1, byte for byte; names in them stay."),
    epilog=_("Example: kzmonitor export warc --day 2026-11-22 --out evidence.warc.gz"),
)
def warc(
    out: Annotated[Path, typer.Option(metavar="FILE", help=_("File to write: .warc.gz or .warc."))],
    incident: Incident = None,
    day: Annotated[str | None, typer.Option(help=_("Everything received on this UTC day."), show_default=False)] = None,
    since: Since = None,
) -> None:
    if not out.name.endswith(WARC_ENDINGS):
        known = ", ".join(WARC_ENDINGS)
        raise InputError(_("{path}: unknown ending; known are {known}").format(path=out, known=known))
    from kzmonitor.evidence import warc as evidence

    start = parse_since(since, shell.now()) if since else None
    wanted = _ids(incident) or None
    with shell.database() as database, database.session() as session:
        number = evidence.write(session, out, incidents=wanted, day=_day(day), since=start)
    shell.say(ngettext("{path}: {n} record", "{path}: {n} records", number).format(path=out, n=number))


def _export(
    name: str, out: Path, given: Format | None, wanted: "Wanted", redact: Redaction, by: Sequence[str] | None
) -> None:
    # Names and crosswalks take half a second to load, which other commands need not wait for.
    from kzmonitor.export.formats import STANDARD_OUTPUT, format_of
    from kzmonitor.export.run import TABLES, export, export_to

    if given is not None and out != STANDARD_OUTPUT:
        raise InputError(_("--format is for --out -; the ending of a file says its format"))
    if by and redact != Redaction.counts:
        raise InputError(_("--by is for --redact counts; give both"))
    ending, table = format_of(out, given), TABLES[name]
    with shell.database() as database, database.session() as session:
        _as_of_now(session)
        if out == STANDARD_OUTPUT:
            export(session, table, sys.stdout.buffer, ending, wanted, redact.value, by or ())
            return
        rows = export_to(session, table, out, ending, wanted, redact.value, by or ())
    shell.say(ngettext("{path}: {n} row", "{path}: {n} rows", rows).format(path=out, n=rows))


def _as_of_now(session: Session) -> None:
    """All rows of an export are of one moment, however long it takes, and nothing is written."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})


def _wanted(
    since: str | None,
    until: str | None,
    status: Sequence[str] | None = None,
    incident: Sequence[str] | None = None,
    *,
    with_text: bool = False,
) -> "Wanted":
    from kzmonitor.export.tables import Wanted

    now = shell.now()
    for one in status or ():
        if one not in STATUSES:
            known = ", ".join(STATUSES)
            raise InputError(_("--status {status}: must be one of {known}").format(status=one, known=known))
    return Wanted(
        since=parse_since(since, now) if since else None,
        until=_end(until, now) if until else None,
        statuses=tuple(status or ()),
        incidents=_ids(incident),
        with_text=with_text,
    )


def _end(text: str, now: datetime) -> datetime:
    """The end of a day in Almaty, or so long ago."""
    return day_start(text) + timedelta(days=1) if "-" in text else parse_since(text, now)


def _day(text: str | None) -> date | None:
    return day_start(text).date() if text else None


def _ids(given: Sequence[str] | None) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(one) for one in given or ())
    except ValueError:
        raise InputError(_("--incident takes the id of an incident; see: kzmonitor export incidents")) from None
