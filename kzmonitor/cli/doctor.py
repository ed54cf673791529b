"""Command: doctor. Checks the installation and says what to do about each fault it finds."""

import shutil
import smtplib
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import typer
from sqlalchemy.orm import Session

from kzmonitor import config
from kzmonitor.classify import registry as models
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json, SourcesDir
from kzmonitor.config import Settings
from kzmonitor.digest.mail import server_of
from kzmonitor.errors import KzmonitorError, SetupError
from kzmonitor.i18n import _
from kzmonitor.sources import canary, health, norms, registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.norms import Volume
from kzmonitor.store import Database, schema

LEAST_FREE_BYTES = 1_000_000_000
NETWORK_WAIT_S = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. `fault` is None when it is well, else what is wrong and what to do."""

    what: str
    fault: str | None = None


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_(
            "Check installation, settings, disk, database, sources, model and mail; exit 1 when something is wrong."
        ),
        epilog=_("Example: kzmonitor doctor"),
    )(doctor)


def doctor(sources_dir: SourcesDir = None, json: Json = False) -> None:
    findings = list(examine(sources_dir))
    if json:
        shell.show_json([vars(finding) for finding in findings])
    else:
        rows = [[finding.what, _("ok") if finding.fault is None else finding.fault] for finding in findings]
        shell.show([_("checked"), _("finding")], rows)
    if any(finding.fault for finding in findings):
        raise typer.Exit(1)


def examine(sources_dir: Path | None) -> Iterator[Finding]:
    """All findings in order; a check that cannot run because of an earlier fault is left out."""
    try:
        settings = config.settings()
    except SetupError as error:
        yield Finding(_("settings"), str(error))
        return
    yield Finding(_("settings"))
    yield _data_folder(settings)
    yield _disk(settings)
    yield from _declarations(sources_dir)
    yield _corpus()
    yield _proxy(settings)
    yield _mail(settings)
    try:
        with shell.database(migrate=False) as database:
            yield from _database(database, sources_dir)
    except KzmonitorError as error:
        yield Finding(_("database"), str(error))


def _data_folder(settings: Settings) -> Finding:
    what = _("data folder")
    if not settings.data.exists():
        return Finding(what)
    mode = settings.data.stat().st_mode & 0o777
    if mode & 0o077:
        return Finding(
            what,
            _("{path} has mode {mode:o}, others may look in; run: chmod 700 {path}").format(
                path=settings.data, mode=mode
            ),
        )
    return Finding(what)


def _disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data, *settings.data.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        return Finding(
            _("disk"), _("{mb} MB free at {path}; make room for at least 1 GB").format(mb=free // 10**6, path=folder)
        )
    return Finding(_("disk"))


def _declarations(sources_dir: Path | None) -> Iterator[Finding]:
    known = registry.load(*([sources_dir] if sources_dir else []))
    yield from (Finding(_("declaration"), str(error)) for error in known.errors)
    if not any(declaration.enabled for declaration in known.sources.values()):
        yield Finding(_("declarations"), _("no source is enabled"))
    elif not known.errors:
        yield Finding(_("declarations"))


def _corpus() -> Finding:
    what = _("taxonomy and seed corpus")
    try:
        read_taxonomy(config.models_folder() / "taxonomy.yaml")
        if not models.seed_texts():
            return Finding(what, _("{path} holds no texts").format(path=config.models_folder() / "seed"))
    except KzmonitorError as error:
        return Finding(what, str(error))
    except OSError as error:
        return Finding(what, f"{error.filename}: {error.strerror}")
    return Finding(what)


def _proxy(settings: Settings) -> Finding:
    if settings.proxy is None:
        return Finding(_("proxy"))
    try:
        address = urlsplit(settings.proxy.get_secret_value())
        host, port = address.hostname, address.port or 8080
    except ValueError:
        host, port = None, 0
    if host is None:
        return Finding(_("proxy"), _("KZMONITOR_PROXY is not an address like http://host:port"))
    return _reachable(_("proxy"), host, port)


def _mail(settings: Settings) -> Finding:
    what = _("mail")
    if settings.smtp_url is None:
        return Finding(what)
    if settings.mail_from is None:
        return Finding(what, _("KZMONITOR_MAIL_FROM is not set"))
    try:
        address, host, port = server_of(settings.smtp_url.get_secret_value())
    except SetupError as error:
        return Finding(what, str(error))
    reached = _reachable(what, host, port)
    if reached.fault or address.scheme == "smtps":
        return reached
    try:
        with smtplib.SMTP(host, port, timeout=NETWORK_WAIT_S):
            return Finding(what)
    except (smtplib.SMTPException, OSError) as error:
        return Finding(what, _("{host} does not speak SMTP: {reason}").format(host=host, reason=error))


def _reachable(what: str, host: str, port: int) -> Finding:
    try:
        socket.create_connection((host, port), timeout=NETWORK_WAIT_S).close()
    except OSError as error:
        return Finding(
            what,
            _("{host}:{port} does not answer: {reason}").format(host=host, port=port, reason=error.strerror or error),
        )
    return Finding(what)


def _database(database: Database, sources_dir: Path | None) -> Iterator[Finding]:
    try:
        schema.require_current(database.engine)
    except SetupError as error:
        yield Finding(_("schema"), str(error))
        return
    yield Finding(_("schema"))
    yield _model(database)
    declared = registry.load(*([sources_dir] if sources_dir else [])).sources
    with database.session() as session:
        yield from _sources(session, declared)


def _model(database: Database) -> Finding:
    with database.session() as session:
        try:
            models.classifier(models.champion(session, shell.now()))
        except KzmonitorError as error:
            return Finding(_("model"), str(error))
    return Finding(_("model"))


def _sources(session: Session, declared: Mapping[str, Declaration]) -> Iterator[Finding]:
    """What is wrong with sources: their looks and pages, their canaries, and how much they brought yesterday."""
    enabled = {slug: declaration for slug, declaration in declared.items() if declaration.enabled}
    for slug, stands in health.standings(session, enabled, shell.now()).items():
        if not stands.well and stands.state != "never":
            yield Finding(slug, f"{stands.state}: {health.advice(stands.state)}")
    for slug, one in sorted(canary.canaries(session).items()):
        if slug in enabled and one.state not in (None, "ok"):
            yield Finding(_("{slug}: canary").format(slug=slug), f"{one.state}: {health.advice(one.state)}")
    for volume in norms.unusual(session, enabled, shell.now()):
        if volume.verdict == "low":
            yield Finding(_volume_of(volume), _brought(volume))


def _volume_of(volume: Volume) -> str:
    parts = [part for part in (volume.source, volume.language) if part]
    return _("{what}: articles").format(what=", ".join(parts))


def _brought(volume: Volume) -> str:
    assert volume.usual is not None, "what is low is less than usual"
    return _("{seen} on {day}, at least {low} are usual; see the page Sources").format(
        seen=volume.seen, day=volume.day.isoformat(), low=volume.usual.low
    )
