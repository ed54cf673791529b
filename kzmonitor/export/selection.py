"""The filters that the tables of an export share."""

from typing import Any

from sqlalchemy import Select, SQLColumnExpression

from kzmonitor.export.tables import Wanted


def chosen(
    query: Select[*tuple[Any, ...]],
    wanted: Wanted,
    moment: SQLColumnExpression[Any],
    status: SQLColumnExpression[Any],
    incident: SQLColumnExpression[Any],
) -> Select[*tuple[Any, ...]]:
    """The query with what is wanted of it: by this moment, this status of an alert, this incident."""
    if wanted.since:
        query = query.where(moment >= wanted.since)
    if wanted.until:
        query = query.where(moment < wanted.until)
    if wanted.statuses:
        query = query.where(status.in_(wanted.statuses))
    if wanted.incidents:
        query = query.where(incident.in_(wanted.incidents))
    return query
