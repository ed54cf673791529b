"""The order of work: which alerts pass the filters of a list, in which order, and what stands before and after one.

All of it reads `alert_rank`, a narrow row an alert that the database keeps itself, so that a list of a hundred
thousand alerts is an index scan of as many rows as are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Alert, AlertRank, Proceeding

STATUSES = ("open", "confirmed", "rejected", "duplicate")
_LAST = (AlertRank.opened_at, AlertRank.alert_id)
# The first is the order of work: the gravest first; of equally grave ones those that the model is least sure of, since
# they reach nobody without a person (docs/decisions/019-queue-at-scale.md); of these what has waited longest.
ORDERS: dict[str, tuple[Any, ...]] = {
    "grave": (-AlertRank.severity, AlertRank.certainty, *_LAST),
    "doubtful": (AlertRank.certainty, -AlertRank.severity, *_LAST),
    "sure": (-AlertRank.score, *_LAST),
    "old": _LAST,
    "new": _LAST,
}
REVERSED = ("new",)


class Filters(TypedDict, total=False):
    """Which alerts: opened since, standing so, with this label, told in this language or by this source, set in this
    region, given to this account (or to `somebody`, or `nobody`), with one of these parties, passed on by somebody."""

    since: datetime | None
    status: str | None
    label: str | None
    language: str | None
    source: str | None
    region: str | None
    assigned: UUID | Literal["nobody", "somebody"] | None
    parties: Sequence[UUID] | None
    escalated: bool


@dataclass(frozen=True)
class Spot:
    """Where in an order an alert stands; it stays there when the alert leaves the list."""

    order: str
    values: tuple[Any, ...]


def ranked(
    session: Session, *, order: str = "grave", limit: int = 200, offset: int = 0, **filters: Unpack[Filters]
) -> list[UUID]:
    """The alerts that pass all filters, in the order of work or another one."""
    query = select(AlertRank.alert_id).where(*_passing(filters)).order_by(*_directed(order))
    return list(session.scalars(query.limit(limit).offset(offset)))


def number(session: Session, **filters: Unpack[Filters]) -> int:
    """How many alerts pass all filters."""
    return session.scalar(select(func.count()).select_from(AlertRank).where(*_passing(filters))) or 0


def counts(session: Session) -> dict[str, int]:
    """How many alerts stand at each status, all statuses named."""
    query = select(AlertRank.status, func.count().label("number")).group_by(AlertRank.status)
    return dict.fromkeys(STATUSES, 0) | {row.status: row.number for row in session.execute(query)}


def spot(session: Session, alert_id: UUID, order: str = "grave") -> Spot | None:
    """Where an alert stands in an order; None for one that is unknown or was merged into another."""
    own = session.execute(select(*ORDERS[order]).where(AlertRank.alert_id == alert_id)).one_or_none()
    return Spot(order, tuple(own)) if own else None


def before(session: Session, here: Spot, **filters: Unpack[Filters]) -> UUID | None:
    """The alert before a spot, among those that pass all filters."""
    return _next(session, here, filters, backwards=True)


def after(session: Session, here: Spot, **filters: Unpack[Filters]) -> UUID | None:
    """The alert after a spot, among those that pass all filters."""
    return _next(session, here, filters, backwards=False)


def _next(session: Session, here: Spot, filters: Filters, *, backwards: bool) -> UUID | None:
    columns, values = tuple_(*ORDERS[here.order]), tuple_(*here.values)
    up = backwards == (here.order in REVERSED)
    query = select(AlertRank.alert_id).where(*_passing(filters), columns > values if up else columns < values)
    order = ORDERS[here.order]
    return session.scalar(query.order_by(*(order if up else (part.desc() for part in order))).limit(1))


def _directed(order: str) -> Sequence[Any]:
    return [part.desc() for part in ORDERS[order]] if order in REVERSED else ORDERS[order]


def _passing(filters: Filters) -> list[ColumnElement[bool]]:
    passing = [
        *_equal(AlertRank.status, filters.get("status")),
        *_equal(AlertRank.region, filters.get("region")),
        *_holding(AlertRank.labels, filters.get("label")),
        *_holding(AlertRank.languages, filters.get("language")),
        *_holding(AlertRank.sources, filters.get("source")),
    ]
    if since := filters.get("since"):
        passing.append(AlertRank.opened_at >= since)
    match filters.get("assigned"):
        case UUID() as account:
            passing.append(AlertRank.assigned_to == account)
        case "nobody":
            passing.append(AlertRank.assigned_to.is_(None))
        case "somebody":
            passing.append(AlertRank.assigned_to.is_not(None))
    if filters.get("escalated"):
        passing.append(AlertRank.escalated.is_(True))
    if (parties := filters.get("parties")) is not None:
        passing.append(AlertRank.alert_id.in_(_of_parties(parties)))
    return passing


def _equal(column: Any, word: str | None) -> list[ColumnElement[bool]]:
    return [column == word] if word else []


def _holding(column: Any, word: str | None) -> list[ColumnElement[bool]]:
    return [column.contains([word])] if word else []


def _of_parties(parties: Sequence[UUID]) -> Select[UUID]:
    """The alerts of incidents in which one of these parties stands."""
    return (
        select(Alert.id)
        .join(Proceeding, Proceeding.incident_id == Alert.incident_id)
        .where(Proceeding.party_id.in_(parties))
    )
