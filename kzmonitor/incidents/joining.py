"""What a merge or a split says of pairs of articles: kept for good, as constraints of grouping and to train by."""

from collections.abc import Collection, Iterable
from itertools import product
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents.grouping import ROUND_UP
from kzmonitor.store.tables import Alert, Incident, IncidentArticle, PairLabel, Review

Pair = tuple[UUID, UUID, bool]


def joined(session: Session, alert: Alert, into: UUID | None) -> list[Pair]:
    """That all articles of two alerts tell of one event. InputError when the other alert is none or the same."""
    other = session.get(Alert, into) if into else None
    if other is None or other.id == alert.id:
        raise InputError(_("choose another alert to merge this one into"))
    if session.get_one(Incident, other.incident_id).redirect_to is not None:
        raise InputError(_("the alert to merge into was itself merged into another one meanwhile; choose that one"))
    first, *rest = [*_articles(session, other), *_articles(session, alert)]
    return [(first, article, True) for article in rest]


def parted(session: Session, alert: Alert, articles: Collection[UUID]) -> list[Pair]:
    """That some articles of an alert tell of one event, and the others of another. InputError when there are no such
    articles, or no others."""
    told = _articles(session, alert)
    chosen = sorted(set(articles))
    left = [article for article in told if article not in chosen]
    if not chosen or not left or not set(chosen) <= set(told):
        raise InputError(_("choose some articles of this alert, not all, to split off"))
    together = [(chosen[0], article, True) for article in chosen[1:]]
    return together + [(one, other, False) for one, other in product(chosen, left)]


def keep(session: Session, review: Review, pairs: Iterable[Pair]) -> None:
    """Write what a review says of pairs."""
    for one, other, same in pairs:
        first, second = sorted((one, other))
        session.add(PairLabel(first=first, second=second, review_id=review.id, same=same))
    session.flush()


def told_of(session: Session, review: Review) -> set[UUID]:
    """The articles of which a merge or split spoke, or the one that a review takes back; empty for all else."""
    spoken = select(PairLabel).where(PairLabel.review_id == (review.undoes or review.id))
    return {article for label in session.scalars(spoken) for article in (label.first, label.second)}


def _articles(session: Session, alert: Alert) -> list[UUID]:
    """The articles that tell of an alert's incident; those that only list it are left where they are."""
    query = select(IncidentArticle.article_id).where(
        IncidentArticle.incident_id == alert.incident_id, IncidentArticle.why != ROUND_UP
    )
    return list(session.scalars(query.order_by(IncidentArticle.article_id)))
