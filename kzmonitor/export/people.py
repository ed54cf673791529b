"""The export of cases: one row for what happens to one person or organisation in one incident."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.export.reports import Named, contexts, persons
from kzmonitor.export.selection import chosen
from kzmonitor.export.tables import Column, Row, Table, Wanted
from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.store.tables import Alert, Incident, Party, Proceeding

BATCH = 1000

COLUMNS = (
    Column("incident", "id", "The incident."),
    Column("party", "id", "The person or organisation."),
    Column("kind", "text", "person, or what kind of organisation."),
    Column("name", "text", "The name.", "persons replaced"),
    Column("names", "texts", "All names that the reports use.", "left out"),
    Column("gazetteer", "text", "The id in the gazetteer, where it has one.", "left out"),
    Column("status", "text", "How the case stands now."),
    Column("since", "moment", "Since when. `--since` and `--until` ask for this."),
    Column("history", "texts", "The turns in order, each as `2026-11-20 detained`; `unknown` where no day is told."),
    Column("title", "text", "The headline of the incident.", "names replaced"),
    Column("labels", "texts", "The kinds of pressure of the incident."),
    Column("place", "text", "Where the incident is set."),
    Column("region", "text", "The region by ISO 3166-2."),
    Column("alert_status", "text", "How the alert of the incident stands: open, confirmed, rejected or duplicate."),
)


def _rows(session: Session, wanted: Wanted) -> Iterator[Sequence[Row]]:
    query = (
        select(
            Proceeding.incident_id, Proceeding.party_id, Party.kind, Party.names, Party.gazetteer, Proceeding.status,
            Proceeding.since, Proceeding.history, Incident.title, Incident.labels, Incident.place, Incident.region,
            alert_standing.c.status.label("alert_status"), alert_standing.c.labels.label("standing_labels"),
        )
        .join(Party, Party.id == Proceeding.party_id)
        .join(Incident, Incident.id == Proceeding.incident_id)
        .outerjoin(Alert, Alert.incident_id == Incident.id)
        .outerjoin(alert_standing, alert_standing.c.alert == Alert.id)
        .where(Incident.redirect_to.is_(None))
        .order_by(Proceeding.since, Proceeding.incident_id, Proceeding.party_id)
    )  # fmt: skip
    wished = chosen(query, wanted, Proceeding.since, alert_standing.c.status, Incident.id)
    found = session.execute(wished, execution_options={"yield_per": BATCH})
    for batch in found.partitions():
        context = contexts(session, {row.incident_id for row in batch}) if wanted.with_context else {}
        yield [_row(row, context.get(row.incident_id, "")) for row in batch]


def _row(row: Any, context: str) -> Row:
    cells = dict(row._mapping)
    standing = cells.pop("standing_labels")
    cells |= {
        "incident": cells.pop("incident_id"),
        "party": cells.pop("party_id"),
        "history": [f"{turn.get('day') or 'unknown'} {turn['status']}" for turn in row.history],
        "name": row.names[0] if row.names else None,
        "labels": list(row.labels if standing is None else standing),
    }
    return Row(cells, persons([Named(row.kind, tuple(row.names))]), context)


PEOPLE = Table(
    "people",
    "One row for each proceeding: what happens to one person or organisation in one incident.",
    "since, then incident, then party",
    COLUMNS,
    _rows,
    {"week": "since", "region": "region", "label": "labels", "status": "status"},
)
