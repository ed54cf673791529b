"""Digests when their hour has come: files for the desk, deliveries for the subscribers, and before both the seal of
the days that ended."""

import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import func, select

from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.config import Settings
from kzmonitor.digest import outbox, sending
from kzmonitor.digest.confirming import forget_unconfirmed
from kzmonitor.digest.period import ending_on
from kzmonitor.digest.rendering import PICTURE, render
from kzmonitor.digest.selection import Digest, select_digest
from kzmonitor.errors import SetupError
from kzmonitor.evidence import manifests, timestamps
from kzmonitor.files import write_whole
from kzmonitor.i18n import LANGUAGES, _
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert
from kzmonitor.traces import span

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivered:
    """What one run of the digest did. `mails`: how many deliveries ended in each state; `problems`: why some did not
    go out; `later`: alerts that were ready after the period."""

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
    """Write the digest that ends at 08:00 (Almaty) on `day` in all languages, and send it to those whose hour that is.

    All days that have ended are sealed first, so that their roots stand at its foot. dry_run: write the files and send
    nothing, not to a timestamp server either. Raises SetupError when there are subscribers but no mail server."""
    period = ending_on(day)
    _seal_days(database, settings, now, ask=not dry_run)
    with span("digest") as told, database.session() as session:
        digest = select_digest(session, period, declarations)
        told(alerts=len(digest.items))
        later = session.scalar(select(func.count()).select_from(Alert).where(Alert.opened_at >= period.end)) or 0
    files = [path for language in LANGUAGES for path in write(digest, language, taxonomy, declarations, settings, out)]
    if dry_run:
        return Delivered(digest, files, later=later)
    outbox.fill(database, period.end)
    task = sending.Task(now, end=period.end, patient=False)
    with span("send") as told:
        states = sending.send_waiting(database, declarations, taxonomy, settings, task)
        told(digests=states.total())
    with database.session() as session:
        if (settings.smtp_url is None or settings.mail_from is None) and outbox.unfinished(session, period.end):
            raise SetupError(_("there are subscribers, but KZMONITOR_SMTP_URL and KZMONITOR_MAIL_FROM are not set"))
        return Delivered(digest, files, states, outbox.problems(session, period.end), later)


def deliver_due(
    database: Database,
    declarations: Mapping[str, Declaration],
    taxonomy: Taxonomy,
    settings: Settings,
    now: datetime,
) -> Counter[str]:
    """What each minute brings: digests whose hour has come, notices of severe alerts, and what is to be tried again.
    How many deliveries were `made`, and how many ended in each state."""
    forget_unconfirmed(database, now)
    made = outbox.fill_due(database, now)
    if made:
        _seal_days(database, settings, now, ask=False)
    made += outbox.fill_notices(database, now)
    with span("send") as told:
        states = sending.send_waiting(database, declarations, taxonomy, settings, sending.Task(now), wait=False)
        told(digests=states.total())
    return Counter({"made": made}) + states if made else states


def _seal_days(database: Database, settings: Settings, now: datetime, *, ask: bool) -> None:
    """Close the manifests and have them stamped. A server that does not stamp must not hold up the morning's mail."""
    manifests.close(database, now)
    for day, state in timestamps.stamp(database, settings).items() if ask else ():
        if state != timestamps.STAMPED:
            log.warning("manifest of %s: no timestamp (%s); it is asked for again at the next digest", day, state)


def write(
    digest: Digest,
    language: str,
    taxonomy: Taxonomy,
    declarations: Mapping[str, Declaration],
    settings: Settings,
    out: Path,
) -> list[Path]:
    """Both forms of a digest as files of mode 0600, each whole or not at all; the picture is inside the HTML."""
    rendered = render(digest, language, taxonomy, declarations, desk_url=settings.desk_url)
    html = rendered.html
    if rendered.picture is not None:
        html = html.replace(PICTURE, f"data:image/png;base64,{b64encode(rendered.picture).decode()}")
    paths = []
    for ending, text in (("html", html), ("txt", rendered.text)):
        path = out / f"digest-{digest.period.day}-{language}.{ending}"
        write_whole(path, text.encode())
        paths.append(path)
    return paths
