"""The daily digest: files for the desk, mails for the subscribers, and before both the seal of the days that ended."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import func, select

from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.config import Settings
from kzmonitor.digest import outbox
from kzmonitor.digest.period import ending_on
from kzmonitor.digest.rendering import render
from kzmonitor.digest.selection import Digest, select_digest
from kzmonitor.errors import SetupError
from kzmonitor.evidence import manifests, timestamps
from kzmonitor.files import write_whole
from kzmonitor.i18n import LANGUAGES, _
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivered:
    """What one run of the digest did. `mails`: how many ended in each state; `problems`: why some did not go out;
    `later`: alerts that were ready after the period."""

    digest: Digest
    files: list[Path] = field(default_factory=list)
    mails: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    later: int = 0


def digest_of(
    database: Database,
    day: date,
    declarations: Mapping[str, Declaration],
    taxonomy: Taxonomy,
    settings: Settings,
    now: datetime,
    *,
    out: Path,
    dry_run: bool = False,
) -> Delivered:
    """Write the digest that ends at 08:00 (Almaty) on `day` in all languages, and send it.

    All days that have ended are sealed first, so that their roots stand at its foot. dry_run: write the files and send
    nothing, not to a timestamp server either. Raises SetupError when there are subscribers but no mail server."""
    period = ending_on(day)
    _seal_days(database, settings, now, ask=not dry_run)
    with database.session() as session:
        digest = select_digest(session, period, declarations)
        later = session.scalar(select(func.count()).select_from(Alert).where(Alert.opened_at >= period.end)) or 0
    files = [path for language in LANGUAGES for path in write(digest, language, taxonomy, declarations, out)]
    if dry_run:
        return Delivered(digest, files, later=later)
    outbox.fill(database, period, declarations)
    if settings.smtp_url is None or settings.mail_from is None:
        with database.session() as session:
            if outbox.unfinished(session, period):
                raise SetupError(_("there are subscribers, but KZMONITOR_SMTP_URL and KZMONITOR_MAIL_FROM are not set"))
        return Delivered(digest, files, later=later)
    mails = outbox.send_waiting(
        database, period, declarations, taxonomy, settings.smtp_url.get_secret_value(), settings.mail_from, now
    )
    with database.session() as session:
        return Delivered(digest, files, mails, outbox.problems(session, period), later)


def _seal_days(database: Database, settings: Settings, now: datetime, *, ask: bool) -> None:
    """Close the manifests and have them stamped. A server that does not stamp must not hold up the morning's mail."""
    manifests.close(database, now)
    for day, state in timestamps.stamp(database, settings).items() if ask else ():
        if state != timestamps.STAMPED:
            log.warning("manifest of %s: no timestamp (%s); it is asked for again at the next digest", day, state)


def write(
    digest: Digest, language: str, taxonomy: Taxonomy, declarations: Mapping[str, Declaration], out: Path
) -> list[Path]:
    """Both forms of a digest as files of mode 0600, each whole or not at all."""
    rendered = render(digest, language, taxonomy, dict(declarations))
    paths = []
    for ending, text in (("html", rendered.html), ("txt", rendered.text)):
        path = out / f"digest-{digest.period.day}-{language}.{ending}"
        write_whole(path, text.encode())
        paths.append(path)
    return paths
