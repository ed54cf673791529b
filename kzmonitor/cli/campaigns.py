"""The command that lists campaigns."""

from typing import Annotated, Any

import typer

from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, moment
from kzmonitor.i18n import _
from kzmonitor.incidents.campaign_keeping import CampaignView, all_campaigns
from kzmonitor.incidents.campaign_words import reason


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_("List campaigns: one kind of pressure on several targets, or one target in several hostile outlets."),
        epilog=_("Example: kzmonitor campaigns --json"),
    )(campaigns)


def campaigns(
    gone: Annotated[bool, typer.Option("--gone", help=_("Also those that are none any more."))] = False,
    json: Json = False,
) -> None:
    with shell.database() as database, database.session() as session:
        views = all_campaigns(session, gone=gone)
    if json:
        shell.show_json([_as_json(one) for one in views])
        return
    if not views:
        shell.say(_("No campaign is known."))
    for one in views:
        _tell(one)


def _tell(one: CampaignView) -> None:
    shell.say(_("{title} ({first} to {last})").format(
        title=one.title, first=moment(one.first_seen), last=moment(one.last_seen)
    ))  # fmt: skip
    shell.say("  " + reason(one))
    for incident in one.timeline:
        names = ", ".join(incident.targets)
        shell.say(f"  {moment(incident.when)}  {incident.title}" + (f"  [{names}]" if names else ""))


def _as_json(one: CampaignView) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "title": one.title,
        "pattern": one.pattern,
        "labels": one.labels,
        "first_seen": one.first_seen.isoformat(),
        "last_seen": one.last_seen.isoformat(),
        "named_at": one.named_at.isoformat(),
        "targets": one.targets,
        "outlets": one.outlets,
        "seen": one.seen,
        "expected": round(one.expected, 3),
        "window_days": one.window_days,
        "chance": one.chance,
        "recurrence_years": round(one.recurrence_years, 1),
        "gone_at": one.gone_at.isoformat() if one.gone_at else None,
        "timeline": [
            {
                "incident": str(incident.id),
                "when": incident.when.isoformat(),
                "title": incident.title,
                "targets": incident.targets,
            }
            for incident in one.timeline
        ],
    }
