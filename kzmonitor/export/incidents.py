"""The export of incidents: who told of each, what was done to whom, and what other catalogues call it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Uuid

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.export import reports
from kzmonitor.export.crosswalk import SCHEMES, crosswalk
from kzmonitor.export.reports import Named, Report
from kzmonitor.export.selection import chosen
from kzmonitor.export.tables import Column, Row, Table, Wanted
from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.store.tables import Alert, Campaign, Incident

BATCH = 500
PARTIES = ("targets", "actors")

COLUMNS = (
    Column("id", "id", "The incident; its own in every export, so that tables can be joined."),
    Column("merged_ids", "ids", "Incidents that turned out to be this one; earlier exports may have them as rows."),
    Column(
        "title", "text", "The headline of the report that stands for it: the earliest of the surest.", "names replaced"
    ),
    Column("labels", "texts", "What kinds of pressure: as a person confirmed or corrected them, else the model's."),
    Column("core", "flag", "Whether a label is one of the three core kinds."),
    Column("turn", "text", "`eased` if every report tells only that pressure ended, else `pressure`."),
    Column("severity", "count", "1 (hindered) to 4 (grave, told by several)."),
    Column("severity_parts", "texts", "What that is made of: `kind detention: 3`, `sources 2: 0.5`."),
    Column("status", "text", "open, confirmed, rejected or duplicate; empty without an alert."),
    Column("tier", "text", "mail (sure enough for the digest) or queue (for a reviewer); empty without an alert."),
    Column("score", "number", "The model's probability that it is pressure, of the surest report."),
    Column("opened_at", "moment", "When its alert was opened."),
    Column("decided_at", "moment", "When a person last decided on it; empty if nobody did."),
    Column("first_seen", "moment", "When its first report was published. `--since` and `--until` ask for this."),
    Column("last_seen", "moment", "When its latest report was published."),
    Column("event_date", "text", "When it happened: a day, month or year, as the earliest report that says so has it."),
    Column("place", "text", "The town or region by name."),
    Column("region", "text", "The region by ISO 3166-2."),
    Column("target_kinds", "texts", "NGO, defender, activist, journalist, outlet, observer, lawyer, union."),
    Column("targets", "texts", "Whom it befell, by name; organisations among them.", "persons replaced"),
    Column("actor_kinds", "texts", "police, court, revenue and so on; see docs/labels.md."),
    Column("actors", "texts", "Who did it, by name.", "persons replaced"),
    Column("people", "count", "How many people it befell, the largest number in a report."),
    Column("sums", "texts", "Sums of money in the reports: `120000 KZT`; MCI are monthly calculation indices."),
    Column("articles_of_law", "texts", "Cited articles: cc is the Criminal Code, cao that of Administrative Offences."),
    Column("transnational", "flag", "Whether it crosses the border: exiles, extradition, a passport refused."),
    Column("reports", "count", "How many articles tell of it, copies among them."),
    Column("round_ups", "count", "How many more list it among other incidents."),
    Column("sources", "texts", "The outlets in order of publication, each once."),
    Column("first_source", "text", "The outlet that told of it first."),
    Column("languages", "texts", "The languages of its reports."),
    Column("addresses", "texts", "The addresses of its reports in order of publication.", "cut to the host"),
    Column("campaigns", "texts", "The campaigns it belongs to, by title.", "names replaced"),
    Column("campaign_ids", "ids", "The same by id."),
    Column("mlp", "texts", "Event types of Machine Learning for Peace; `none` where none fits."),
    Column("civicus", "texts", "Tags of the CIVICUS Monitor; `none` where none fits."),
    Column("acled", "texts", "Event and sub-event types of ACLED; `none` where none fits."),
    Column("hrdsattack", "texts", "Types of violation of HRDsAttack; `none` where none fits."),
    Column("hrdsattack_victims", "texts", "Kinds of victims of HRDsAttack."),
    Column("hrdsattack_perpetrators", "texts", "Kinds of perpetrators of HRDsAttack."),
)


def _rows(session: Session, wanted: Wanted) -> Iterator[Sequence[Row]]:
    query = (
        select(
            Incident.id, Incident.title, Incident.first_seen, Incident.last_seen, Incident.labels, Incident.severity,
            Incident.place, Incident.region, Incident.actors, Incident.event_date, Incident.sums, Incident.law,
            Incident.people, Incident.severity_parts, Alert.tier, Alert.score, Alert.opened_at,
            alert_standing.c.status, alert_standing.c.labels.label("standing_labels"), alert_standing.c.decided_at,
        )
        .outerjoin(Alert, Alert.incident_id == Incident.id)
        .outerjoin(alert_standing, alert_standing.c.alert == Alert.id)
        .where(Incident.redirect_to.is_(None))
        .order_by(Incident.first_seen, Incident.id)
    )  # fmt: skip
    wished = chosen(query, wanted, Incident.first_seen, alert_standing.c.status, Incident.id)
    found = session.execute(wished, execution_options={"yield_per": BATCH})
    for batch in found.partitions():
        ids = [row.id for row in batch]
        around = _around(session, ids, contexts=reports.contexts(session, ids) if wanted.with_context else {})
        yield [_row(row, around[row.id]) for row in batch]


@dataclass(frozen=True)
class _Around:
    """What stands around an incident in other tables. campaigns: id and title."""

    reports: Sequence[Report]
    parties: Sequence[Named]
    campaigns: Sequence[tuple[UUID, str]]
    merged: Sequence[UUID]
    context: str


def _around(session: Session, incidents: Sequence[UUID], contexts: Mapping[UUID, str]) -> dict[UUID, _Around]:
    linked, named = reports.reports(session, incidents), reports.parties(session, incidents)
    campaigns, merged = _campaigns(session, incidents), _merged(session, incidents)
    return {
        id: _Around(linked[id], named.get(id, []), campaigns.get(id, []), merged.get(id, []), contexts.get(id, ""))
        for id in incidents
    }


def _campaigns(session: Session, incidents: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """The campaigns of each incident, the earliest first."""
    overlap = Campaign.incidents.op("&&")(literal(list(incidents), ARRAY(Uuid)))
    stands = Campaign.gone_at.is_(None) & Campaign.merged_into.is_(None)
    query = select(Campaign.id, Campaign.title, Campaign.incidents).where(overlap, stands)
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for id, title, members in session.execute(query.order_by(Campaign.first_seen, Campaign.id)):
        for member in members:
            found.setdefault(member, []).append((id, title))
    return found


def _merged(session: Session, incidents: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The incidents that were merged into each."""
    found: dict[UUID, list[UUID]] = {}
    query = select(Incident.redirect_to, Incident.id).where(Incident.redirect_to.in_(incidents)).order_by(Incident.id)
    for into, id in session.execute(query):
        assert into is not None, "asked for"
        found.setdefault(into, []).append(id)
    return found


@cache
def _core() -> frozenset[str]:
    return frozenset(read_taxonomy(models_folder() / "taxonomy.yaml").core)


def _row(row: Any, around: _Around) -> Row:
    told = [report for report in around.reports if not report.lists]
    labels = list(row.labels if row.standing_labels is None else row.standing_labels)
    targets, actors = (reports.united(told, kind) for kind in ("target_kind", "actor_kind"))
    eased = bool(told) and all(report.fields.get("turn") == "eased" for report in told)
    by_model, by = ([one for report in told for one in reports.read(report.fields, field)] for field in PARTIES)
    counted = [report.fields.get("people") or 0 for report in told]
    said = [one for report in told for one in report.fields.get("sums") or ()]
    cells = {
        name: getattr(row, name)
        for name in (
            "id", "title", "severity", "status", "tier", "score", "opened_at", "decided_at", "first_seen", "last_seen",
        )
    } | {
        "merged_ids": list(around.merged),
        "labels": labels,
        "core": bool(_core() & set(labels)),
        "turn": "eased" if eased else "pressure",
        "severity_parts": [f"{part['what']} {part['which']}: {part['points']:g}" for part in row.severity_parts],
        "event_date": row.event_date or reports.first(told, "event_date"),
        "place": row.place or reports.first(told, "place"),
        "region": row.region or reports.first(told, "region"),
        "target_kinds": targets,
        "targets": _names(around.parties or by_model),
        "actor_kinds": actors,
        "actors": list(row.actors) or _names(by),
        "people": row.people or max(counted, default=0) or None,
        "sums": reports.sums(row.sums or said),
        "articles_of_law": list(row.law) or reports.united(told, "articles"),
        "transnational": any(report.fields.get("transnational") for report in told),
        "reports": len(told),
        "round_ups": len(around.reports) - len(told),
        "sources": list(dict.fromkeys(report.source for report in told)),
        "first_source": told[0].source if told else None,
        "languages": list(dict.fromkeys(report.language for report in told)),
        "addresses": [report.url for report in told],
        "campaigns": [title for _id, title in around.campaigns],
        "campaign_ids": [id for id, _title in around.campaigns],
    }  # fmt: skip
    codes = {scheme: crosswalk().codes(scheme, labels, targets, actors, eased=eased) for scheme in SCHEMES}
    kinds = {column: crosswalk().kinds(column, cells[f"{field}s"]) for column, (field, _) in crosswalk().fields.items()}
    return Row(cells | codes | kinds, reports.persons([*around.parties, *by_model, *by]), around.context)


def _names(parties: Sequence[Named]) -> list[str]:
    return list(dict.fromkeys(party.names[0] for party in parties if party.names))


INCIDENTS = Table(
    "incidents",
    "One row for each incident: an event, told by one or more articles.",
    "first_seen, then id",
    COLUMNS,
    _rows,
    {"week": "first_seen", "region": "region", "label": "labels", "language": "languages"},
)
