"""Evidence as a WARC 1.1 file that other tools read."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from kzmonitor import VERSION
from kzmonitor.collect import captures
from kzmonitor.collect.dates import ALMATY
from kzmonitor.errors import InputError, PageError
from kzmonitor.evidence import leaves, manifests, warc_records
from kzmonitor.evidence.proofs import Proofs
from kzmonitor.evidence.warc_records import Earlier, Writer
from kzmonitor.files import whole_file
from kzmonitor.i18n import _
from kzmonitor.store.tables import Alert, Article, Capture, Incident, IncidentArticle, ManifestLeaf, Revision

log = logging.getLogger(__name__)

# Bodies come with their rows: so many are in memory at once.
BATCH = 20
STANDARD = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"


def write(
    session: Session,
    path: Path,
    *,
    incidents: Sequence[UUID] | None = None,
    day: date | None = None,
    since: date | None = None,
) -> int:
    """Write a WARC 1.1 file, whole or not at all; the number of its records.

    One of: all captures behind the articles of these incidents, or of those they were merged into; all of a UTC day
    (fetched on it, or covered by its manifest); all behind alerts opened since a day (midnight in Almaty; a datetime is
    taken as it is). None of them: behind all alerts. Records are compressed one by one unless the name of the file ends
    in `.warc`. A body that was erased, or that does not match its hash, is left out, and a metadata record says why.
    Raises InputError."""
    chosen, told = _chosen(session, incidents, day, since)
    with whole_file(path) as file:
        return _write_records(session, Writer(file, gzip=path.suffix != ".warc"), chosen, told)


def _chosen(
    session: Session, incidents: Sequence[UUID] | None, day: date | None, since: date | None
) -> tuple[ColumnElement[bool], str]:
    """The condition on captures, and the selection in words for the head of the file."""
    if sum(one is not None for one in (incidents, day, since)) > 1:
        raise InputError(_("a WARC file is of incidents, or of a day, or since a day: name one of them"))
    if day is not None:
        start, end = manifests.end_of(day - timedelta(days=1)), manifests.end_of(day)
        return (
            (Capture.fetched_at >= start) & (Capture.fetched_at < end) | (ManifestLeaf.day == day),
            f"captures of {day.isoformat()} (UTC)",
        )
    if incidents is not None:
        known = set(session.scalars(select(Incident.id).where(Incident.id.in_(incidents))))
        for one in incidents:
            if one not in known:
                raise InputError(_("{incident}: no such incident").format(incident=one))
        standing = select(func.coalesce(Incident.redirect_to, Incident.id)).where(Incident.id.in_(incidents))
        return (
            _behind(IncidentArticle.incident_id.in_(standing)),
            "captures behind incidents " + ", ".join(map(str, incidents)),
        )
    alerts = select(Alert.incident_id)
    if since is None:
        return _behind(IncidentArticle.incident_id.in_(alerts)), "captures behind all alerts"
    moment = since if isinstance(since, datetime) else datetime.combine(since, time(), ALMATY)
    return (
        _behind(IncidentArticle.incident_id.in_(alerts.where(Alert.opened_at >= moment))),
        f"captures behind alerts opened since {leaves.moment(moment)}",
    )


def _behind(of_incidents: ColumnElement[bool]) -> ColumnElement[bool]:
    """Captures that an article's texts were cut from, and all others of its address: unchanged, gone, blocked."""
    articles = select(IncidentArticle.article_id).where(of_incidents)
    return or_(
        Capture.id.in_(select(Revision.capture_id).where(Revision.article_id.in_(articles))),
        Capture.canonical_url.in_(select(Article.canonical_url).where(Article.id.in_(articles))),
    )


def _write_records(session: Session, writer: Writer, chosen: ColumnElement[bool], told: str) -> int:
    now = session.scalars(select(func.now())).one()
    fields = {"software": f"kzmonitor/{VERSION}", "format": "WARC File Format 1.1", "conformsTo": STANDARD}
    writer.write_record(warc_records.warcinfo(writer, now, fields | {"description": told}))
    count, proofs = 1, Proofs(session)
    earlier: dict[bytes, Earlier] = {}
    query = (
        select(Capture, ManifestLeaf.day)
        .outerjoin(ManifestLeaf, ManifestLeaf.capture_id == Capture.id)
        .where(chosen)
        .order_by(Capture.id)
    )
    for capture, day in session.execute(query, execution_options={"yield_per": BATCH}):
        body, left_out = _body(capture)
        if body is not None:
            writer.write_record(_response(writer, capture, body, earlier))
        proof = proofs.of(capture.id, day) if day else None
        writer.write_record(warc_records.metadata(writer, capture, proof, left_out))
        for position in range(len(capture.hops)):
            writer.write_record(warc_records.hop(writer, capture, position, answered=body is not None))
        count += (body is not None) + 1 + len(capture.hops)
    return count


def _body(capture: Capture) -> tuple[bytes | None, str | None]:
    """The bytes as received; or why there are none."""
    try:
        return captures.body(capture), None
    except PageError as error:
        if error.state == "erased" and capture.erased_at is not None:
            return None, f"erased by rule on {leaves.moment(capture.erased_at)}: {capture.erased_why or ''}"
        log.warning("capture %s: its body is left out (%s); see: kzmonitor verify", capture.id, error.state)
        return None, "what is stored does not match the hash"


def _response(writer: Writer, capture: Capture, body: bytes, earlier: dict[bytes, Earlier]) -> Any:
    known = earlier.get(capture.sha256)
    if known is not None and body:
        return warc_records.revisit(writer, capture, len(body), known)
    record = warc_records.response(writer, capture, body)
    earlier[capture.sha256] = Earlier(
        warc_records.record_id(capture.id), warc_records.address(capture.url), leaves.moment(capture.fetched_at)
    )
    return record
