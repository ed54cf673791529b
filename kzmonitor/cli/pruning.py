"""Command: prune."""

from typing import Annotated

import typer

from kzmonitor import config
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json
from kzmonitor.evidence import pruning
from kzmonitor.i18n import _


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_("Remove what has been kept long enough, rule by rule; what an alert or a review stands on stays."),
        epilog=_("Example: kzmonitor prune --dry-run"),
    )(prune)


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only count what would be removed."))] = False,
    json: Json = False,
) -> None:
    with shell.database() as database:
        done = list(pruning.prune(database, config.settings(), shell.now(), dry_run=dry_run))
    if json:
        shell.show_json([vars(one) for one in done])
        return
    rows = [[_rule(one.rule), one.days or _("for ever"), one.rows] for one in done if one.rule != pruning.PARTITIONS]
    rows += [[_rule(one.rule), "", one.rows] for one in done if one.rule == pruning.PARTITIONS]
    shell.show([_("rule"), _("kept, days"), _("would be removed") if dry_run else _("removed")], rows)


def _rule(name: str) -> str:
    told = {
        pruning.TEXTS: _("pages that led to nothing: their texts"),
        pruning.SCORES: _("scores that retired models gave to such pages"),
        pruning.PARTITIONS: _("monthly tables without rows"),
        "ended sessions": _("sessions after their end"),
        "ended sign-ons": _("single sign-ons that were not finished"),
        "ended invitations": _("invitations after their end"),
        "failed logins": _("failed logins"),
        "used recovery codes": _("recovery codes that were used"),
        "log of actions": _("the log of actions"),
        "looks at feeds": _("the record of looks at feeds"),
    }
    return told[name]
