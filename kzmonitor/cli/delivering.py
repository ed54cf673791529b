"""Commands: digest, and the group subscriber."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from kzmonitor import config
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, SourcesDir
from kzmonitor.cli.understanding import day_start
from kzmonitor.digest.daily import digest_of
from kzmonitor.digest.mail import checked_address
from kzmonitor.digest.period import digest_day
from kzmonitor.errors import InputError
from kzmonitor.i18n import LANGUAGES, _, ngettext
from kzmonitor.store.tables import Delivery, DeliveryItem, Subscriber, new_id

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


@subscriber.command(
    "add",
    help=_("Send the daily digest to a mail address; adding it again changes what it is sent."),
    epilog=_("Example: kzmonitor subscriber add desk@example.org --language ru"),
)
def add(
    address: str,
    language: Annotated[str, typer.Option(help=_("en, ru or kk."))] = "ru",
    label: Annotated[list[str] | None, typer.Option(help=_("Only this label; may be repeated."))] = None,
    min_severity: Annotated[int, typer.Option(min=1, max=4, help=_("Only from this severity on."))] = 1,
) -> None:
    if language not in LANGUAGES:
        raise InputError(_("--language {language}: must be en, ru or kk").format(language=language))
    known = [spec.name for spec in read_taxonomy(config.models_folder() / "taxonomy.yaml").labels]
    for name in label or []:
        if name not in known:
            raise InputError(_("--label {label}: must be one of {known}").format(label=name, known=", ".join(known)))
    wishes = {"language": language, "labels": label or [], "min_severity": min_severity}
    row = insert(Subscriber).values(
        id=new_id(), address=checked_address(address.lower()), channel="mail", mode="daily", **wishes
    )
    with shell.database() as database, database.session() as session:
        session.execute(row.on_conflict_do_update(index_elements=["address", "channel", "mode"], set_=wishes))
    shell.say(_("{address}: daily digest in {language}").format(address=address, language=language))


@subscriber.command(
    "remove",
    help=_("Send nothing more to a mail address, and forget it and what it was sent."),
    epilog=_("Example: kzmonitor subscriber remove desk@example.org"),
)
def remove(address: str) -> None:
    with shell.database() as database, database.session() as session:
        found = session.scalars(select(Subscriber.id).where(Subscriber.address == address.lower())).all()
        if not found:
            raise InputError(_("{address}: no such subscriber; see: kzmonitor subscriber list").format(address=address))
        deliveries = select(Delivery.id).where(Delivery.subscriber_id.in_(found))
        session.execute(delete(DeliveryItem).where(DeliveryItem.delivery_id.in_(deliveries)))
        session.execute(delete(Delivery).where(Delivery.subscriber_id.in_(found)))
        session.execute(delete(Subscriber).where(Subscriber.id.in_(found)))
    shell.say(_("{address}: removed").format(address=address))


@subscriber.command("list", help=_("Who receives what."), epilog=_("Example: kzmonitor subscriber list --json"))
def list_subscribers(json: Json = False) -> None:
    with shell.database() as database, database.session() as session:
        people = session.scalars(select(Subscriber).order_by(Subscriber.address)).all()
    rows = [
        {
            "address": one.address,
            "mode": one.mode,
            "language": one.language,
            "labels": one.labels,
            "min_severity": one.min_severity,
        }
        for one in people
    ]
    if json:
        shell.show_json(rows)
        return
    shell.show(
        [_("address"), _("mode"), _("language"), _("labels"), _("severity from")],
        [
            [*list(row.values())[:3], " ".join(one.labels) or _("all"), one.min_severity]
            for row, one in zip(rows, people, strict=True)
        ],
    )
