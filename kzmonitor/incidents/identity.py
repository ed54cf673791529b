"""Which incident a group of articles is: ids last, whatever is merged, split or told late."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Incident, new_id


def claimed(
    groups: Sequence[Sequence[UUID]], before: Mapping[UUID, UUID], opened: Mapping[UUID, UUID]
) -> list[UUID | None]:
    """The incident of each group, None for a new one.

    groups: articles in order, by their first. before: article -> its incident until now; a group keeps that of the
    earliest article whose incident no earlier group has. opened: incident -> the article that opened it; one that was
    merged comes back where that article stands in a group that has none."""
    taken: set[UUID] = set()
    found: list[UUID | None] = []
    for group in groups:
        free = (before[article] for article in group if article in before and before[article] not in taken)
        found.append(next(free, None))
        taken |= {found[-1]} if found[-1] else set()
    by_article = {article: incident for incident, article in sorted(opened.items()) if incident not in taken}
    for place, group in enumerate(groups):
        if found[place] is None:
            found[place] = next((by_article.pop(article) for article in group if article in by_article), None)
    return found


def settle_ids(session: Session, groups: Sequence[Sequence[UUID]], before: Mapping[UUID, UUID]) -> list[UUID]:
    """The id of each group's incident, new ones among them; incidents that no group is any more are redirected to the
    one that has the article that opened them."""
    home = {article: place for place, group in enumerate(groups) for article in group}
    query = select(Incident).where(or_(Incident.opened_by.in_(home), Incident.id.in_(set(before.values()))))
    known = {incident.id: incident for incident in session.scalars(query.order_by(Incident.id))}
    earliest = {
        before[article]: article for group in reversed(groups) for article in reversed(group) if article in before
    }
    opened = {id: incident.opened_by or earliest[id] for id, incident in known.items()}
    opened = {id: article if article in home else earliest[id] for id, article in opened.items()}
    ids = [id or new_id() for id in claimed(groups, before, opened)]
    for id, incident in known.items():
        incident.redirect_to = None if id in ids else ids[home[opened[id]]]
    session.flush()
    return ids
