"""Commands: digest, and the group subscriber."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from kzmonitor import config
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, SourcesDir
from kzmonitor.cli.understanding import day_start
from kzmonitor.digest import subscriptions
from kzmonitor.digest.daily import digest_of
from kzmonitor.digest.period import digest_day
from kzmonitor.digest.preview import last_digests
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, ngettext
from kzmonitor.store.tables import Subscriber

subscriber = typer.Typer(no_args_is_help=True, help=_("Who receives the digest."))


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        help=_("Render and deliver the digest of a day. Repeating it sends nobody a second copy."),
        epilog=_("Example: kzmonitor digest --day 2026-11-22 --dry-run --out /tmp/digest"),
    )(digest)
    app.add_typer(subscriber, name="subscriber")


def digest(
    day: Annotated[
        str | None, typer.Option(help=_("The day on which the period ends at 08:00 Almaty; the last one that has."))
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Write the files and send nothing."))] = False,
    out: Annotated[Path | None, typer.Option(help=_("Folder of the files; digests in the data folder."))] = None,
    sources_dir: SourcesDir = None,
    json: Json = False,
) -> None:
    settings = config.settings()
    wanted = day_start(day).date() if day else digest_day(shell.now())
    declared = shell.declarations(sources_dir)
    taxonomy = read_taxonomy(config.models_folder() / "taxonomy.yaml")
    with shell.database() as database:
        done = digest_of(
            database,
            wanted,
            declared,
            taxonomy,
            settings,
            shell.now(),
            out=out or settings.digests,
            dry_run=dry_run,
        )
    if json:
        shell.show_json(
            {
                "day": wanted,
                "alerts": len(done.digest.items),
                "corrections": len(done.digest.corrections),
                "files": done.files,
                "mails": done.mails,
            }
        )
        return
    for path in done.files:
        shell.say(str(path))
    shell.say(
        _("alerts: {n}; mails: {mails}").format(n=len(done.digest.items), mails=_mails(done.mails, dry_run=dry_run))
    )
    if done.later:
        following = wanted + timedelta(days=1)
        line = ngettext(
            "{n} alert came after 08:00: --day {day}", "{n} alerts came after 08:00: --day {day}", done.later
        )
        shell.complain(line.format(n=done.later, day=following))
    for problem in done.problems:
        shell.complain(_("not sent: {problem}; it is tried again at the next run").format(problem=problem))
    if set(done.mails) - {"sent"}:
        raise typer.Exit(1)


def _mails(mails: dict[str, int], *, dry_run: bool) -> str:
    if dry_run:
        return _("none, this is a dry run")
    return ", ".join(f"{state} {count}" for state, count in sorted(mails.items())) or _("none was waiting")


Language = Annotated[str, typer.Option(help=_("en, ru or kk."))]
Labels = Annotated[list[str] | None, typer.Option("--label", help=_("Only this label; may be repeated."))]
Regions = Annotated[list[str] | None, typer.Option("--region", help=_("Only this region (KZ-75); may be repeated."))]
Outlets = Annotated[list[str] | None, typer.Option("--outlet", help=_("Only this outlet (vlast); may be repeated."))]
Severity = Annotated[int, typer.Option(min=1, max=4, help=_("Only from this severity on."))]
AtOnce = Annotated[
    int | None, typer.Option(min=1, max=4, help=_("Tell at once from this severity on."), show_default=False)
]
Mode = Annotated[str, typer.Option(help=_("daily, weekly, or immediate for notices only."))]
Hour = Annotated[int, typer.Option(min=0, max=23, help=_("Of the day in Almaty."))]
Weekday = Annotated[int, typer.Option(min=0, max=6, help=_("Of a weekly digest; 0 is Monday."))]


@subscriber.command(
    "add",
    help=_("Send digests to an address; adding it again changes what it is sent. A feed needs no address."),
    epilog=_("Example: kzmonitor subscriber add desk@example.org --language ru --at-once 4"),
)
def add(
    address: Annotated[str, typer.Argument(help=_("Mail address, webhook, or chat of Telegram."))] = "",
    channel: Annotated[str, typer.Option(help=_("mail, feed, webhook or telegram."))] = "mail",
    mode: Mode = "daily",
    language: Language = "ru",
    label: Labels = None,
    region: Regions = None,
    outlet: Outlets = None,
    min_severity: Severity = 1,
    at_once: AtOnce = None,
    hour: Hour = 8,
    weekday: Weekday = 0,
    openpgp: Annotated[
        Path | None, typer.Option(help=_("File of a public OpenPGP key to encrypt with."), show_default=False)
    ] = None,
) -> None:
    settings, now = config.settings(), shell.now()
    wanted = subscriptions.Wanted(
        channel, address, mode, language, tuple(label or ()), tuple(region or ()), tuple(outlet or ()), min_severity,
        at_once, hour, weekday, openpgp.read_text() if openpgp else None,
    )  # fmt: skip
    wanted = subscriptions.checked(wanted, _label_names(), shell.declarations(None), settings, now)
    with shell.database() as database, database.session() as session:
        made = subscriptions.subscribe(session, wanted, settings, now)
        subscriptions.note(session, None, "add subscriber", made.subscriber, now)
    name = made.subscriber.address
    shell.say(_("{address}: {mode} digest in {language}").format(address=name, mode=mode, language=language))
    if channel == "feed":
        path = f"/feeds/{made.secret}.atom"
        where = settings.desk_url.rstrip("/") + path if settings.desk_url else path
        shell.say(_("its address, shown this once: {address}").format(address=where))
    elif made.secret:
        shell.say(_("the key of its signatures, shown this once: {key}").format(key=made.secret))


def _label_names() -> list[str]:
    return [spec.name for spec in read_taxonomy(config.models_folder() / "taxonomy.yaml").labels]


@subscriber.command(
    "remove",
    help=_("Send nothing more to an address, and forget it and what it was sent."),
    epilog=_("Example: kzmonitor subscriber remove desk@example.org"),
)
def remove(address: str) -> None:
    now = shell.now()
    with shell.database() as database, database.session() as session:
        found = subscriptions.by_address(session, address)
        if not found:
            raise InputError(_("{address}: no such subscriber; see: kzmonitor subscriber list").format(address=address))
        for one in found:
            subscriptions.note(session, None, "remove subscriber", one, now)
        subscriptions.end(session, [one.id for one in found])
    shell.say(_("{address}: removed").format(address=address))


@subscriber.command("list", help=_("Who receives what."), epilog=_("Example: kzmonitor subscriber list --json"))
def list_subscribers(json: Json = False) -> None:
    with shell.database() as database, database.session() as session:
        people = session.scalars(select(Subscriber).order_by(Subscriber.address)).all()
    if json:
        shell.show_json([_as_json(one) for one in people])
        return
    shell.show(
        [_("address"), _("channel"), _("mode"), _("hour"), _("language"), _("labels"), _("severity from"), _("state")],
        [
            [
                one.address, one.channel, one.mode, f"{one.hour:02}:00", one.language,
                " ".join(one.labels) or _("all"), one.min_severity, one.state,
            ]
            for one in people
        ],
    )  # fmt: skip


def _as_json(one: Subscriber) -> dict[str, object]:
    return {
        "address": one.address,
        "channel": one.channel,
        "mode": one.mode,
        "hour": one.hour,
        "weekday": one.weekday,
        "language": one.language,
        "labels": one.labels,
        "regions": one.regions,
        "outlets": one.outlets,
        "min_severity": one.min_severity,
        "at_once": one.notice_severity,
        "state": one.state,
        "encrypted": one.openpgp is not None,
    }


@subscriber.command(
    "preview",
    help=_("What an address, or anybody with these wishes, would have been sent in the last days; sends nothing."),
    epilog=_("Example: kzmonitor subscriber preview desk@example.org --days 30"),
)
def preview(
    address: Annotated[str, typer.Argument(help=_("Of a subscriber; without it, the options count."))] = "",
    mode: Mode = "daily",
    label: Labels = None,
    region: Regions = None,
    outlet: Outlets = None,
    min_severity: Severity = 1,
    hour: Hour = 8,
    days: Annotated[int, typer.Option(min=1, max=366, help=_("How far back."))] = 30,
    json: Json = False,
) -> None:
    settings, now = config.settings(), shell.now()
    wanted = subscriptions.Wanted(
        "feed", "", mode, "ru", tuple(label or ()), tuple(region or ()), tuple(outlet or ()), min_severity, hour=hour
    )
    wanted = subscriptions.checked(wanted, _label_names(), shell.declarations(None), settings, now)
    with shell.database() as database, database.session() as session:
        if address:
            found = subscriptions.by_address(session, address)
            if not found:
                line = _("{address}: no such subscriber; see: kzmonitor subscriber list")
                raise InputError(line.format(address=address))
            wanted = subscriptions.wanted_by(found[0])
        past = last_digests(session, wanted, now, days)
    rows = [
        {"day": one.period.day, "alerts": len(one.chosen.items), "corrections": len(one.chosen.corrections),
         "at_once": one.at_once, "left_out": one.chosen.left_out, "titles": [item.title for item in one.chosen.items]}
        for one in past
    ]  # fmt: skip
    if json:
        shell.show_json(rows)
        return
    lines: list[list[object]] = []
    for one in past:
        lines.append([one.period.day, len(one.chosen.items), one.at_once, one.chosen.left_out, ""])
        lines += [["", "", "", "", item.title] for item in one.chosen.items]
    shell.show([_("day"), _("alerts"), _("at once"), _("not asked for"), _("title")], lines)
