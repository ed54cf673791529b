"""Commands: understand, and alerts."""

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from kzmonitor import config
from kzmonitor.cli import adding, shell
from kzmonitor.cli.collecting import Json, SourcesDir, moment
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents import alerts as incident_alerts
from kzmonitor.incidents.understand import Understood
from kzmonitor.incidents.understand import understand as understand_all

FIRST_YEAR, LAST_YEAR = 1990, 2100
UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        help=_("Cut captured pages into articles, score them, group copies, open alerts, until nothing is left."),
        epilog=_("Example: kzmonitor understand"),
    )(understand)
    app.command(help=_("List alerts, gravest first."), epilog=_("Example: kzmonitor alerts --since 7d --json"))(alerts)


def understand(sources_dir: SourcesDir = None, json: Json = False) -> None:
    declared = shell.declarations(sources_dir)
    with shell.database() as database:
        done = understand_all(database, declared, config.settings(), shell.now)
        report(done, as_json=json)
        adding.fetch_reported(database, sources_dir)


def report(done: Understood, *, as_json: bool) -> None:
    """What was done, a line a step."""
    steps = {"cut": done.cut, "scored": done.scored, "grouped": done.grouped}
    if as_json:
        shell.show_json({step: dict(outcomes) for step, outcomes in steps.items()})
        return
    names = {"cut": _("cut"), "scored": _("scored"), "grouped": _("grouped")}
    rows = [
        [names[step], outcome, count] for step, outcomes in steps.items() for outcome, count in sorted(outcomes.items())
    ]
    shell.show([_("step"), _("outcome"), _("articles")], rows or [[_("nothing to do"), "", ""]])


def alerts(
    since: Annotated[
        str | None, typer.Option(help=_("A day (2026-11-20) or an age (12h, 7d, 2w)."), show_default=False)
    ] = None,
    status: Annotated[
        str | None, typer.Option(help=_("open, confirmed, rejected or duplicate."), show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=_("At most so many."))] = 200,
    json: Json = False,
) -> None:
    start = parse_since(since, shell.now()) if since else None
    with shell.database() as database, database.session() as session:
        if status is not None and status not in incident_alerts.STATUSES:
            known = ", ".join(incident_alerts.STATUSES)
            raise InputError(_("--status {status}: must be one of {known}").format(status=status, known=known))
        lines = incident_alerts.alerts(session, since=start, status=status, limit=limit)
    if json:
        shell.show_json([_as_json(line) for line in lines])
        return
    if not lines:
        shell.complain(_("no alerts yet: first collect, then understand (the demo keeps its own in var/demo)"))
    shell.show(
        [_("opened (UTC)"), _("status"), _("severity"), _("labels"), _("score"), _("sources"), _("title")],
        [
            [
                moment(line.opened_at),
                line.status,
                line.severity,
                " ".join(line.labels),
                f"{line.score:.2f}",
                " ".join(line.sources),
                line.title,
            ]
            for line in lines
        ],
    )


def _as_json(line: incident_alerts.AlertLine) -> dict[str, Any]:
    """The fields of an alert and of its record, side by side; the first mover by name."""
    fields: dict[str, Any] = asdict(line)
    record: dict[str, Any] = fields.pop("record")
    return fields | {"first_source": line.sources[0] if line.sources else None} | record


def parse_since(text: str, now: datetime) -> datetime:
    """A day (midnight in Almaty) or an age before `now`. Raises InputError."""
    age = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if age:
        return now - timedelta(**{UNITS[age[2]]: int(age[1])})
    return day_start(text)


def day_start(text: str) -> datetime:
    """Midnight in Almaty of a day given as 2026-11-20. Raises InputError."""
    from kzmonitor.digest.period import ALMATY

    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=ALMATY)
    except ValueError:
        raise InputError(_("{text}: not a day like 2026-11-20").format(text=text)) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InputError(_("{text}: not a day like 2026-11-20").format(text=text))
    return day
