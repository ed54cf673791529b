"""Erasing a capture by rule: what it said goes, that it was there and what it hashed to stays.

Gone are the body, and of every text that was cut from it the title, text, author and search index, the phrases, fields
and clues that were drawn from it, the words its article gave to proceedings, the feed's title of the page, and the
incident's title where it was that title. Kept are address, time, status, headers and hashes: the leaf of the capture
verifies as before. The same text may stand in other captures of the page, of its feed, or of other outlets: they are
erased one by one. Names of parties belong to the incident, and are for a person to judge."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store.tables import (
    ArticleClue,
    ArticlePair,
    AuditLog,
    Capture,
    Entry,
    Incident,
    IncidentArticle,
    Prediction,
    Proceeding,
    Revision,
)

# Stands where a title was; data, so never translated.
ERASED = "[erased by rule]"


def erase(session: Session, capture_id: UUID, why: str, now: datetime) -> bool:
    """Erase a capture and the texts cut from it; `why` names the rule and is told by `kzmonitor verify`.

    False when it was erased before: the first reason stays. Raises InputError for an unknown capture or no reason."""
    reason = " ".join(why.split())
    if not reason:
        raise InputError(_("erasing needs a reason, for example the law or the request it follows"))
    capture = session.scalars(select(Capture).where(Capture.id == capture_id).with_for_update()).one_or_none()
    if capture is None:
        raise InputError(_("{capture}: no such capture").format(capture=capture_id))
    if capture.erased_at is not None:
        return False
    forget(session, [capture], reason, now)
    session.add(
        AuditLog(action="erase", subject="capture", subject_id=capture.id, before={"why": reason}, created_at=now)
    )
    session.flush()
    return True


def forget(session: Session, captures: Sequence[Capture], reason: str, now: datetime) -> None:
    """Erase captures that the caller holds locked, all in some ten statements, without a line in the log of actions."""
    ids = [capture.id for capture in captures]
    addresses = [capture.canonical_url for capture in captures]
    gone = {"body": None, "erased_at": now, "erased_why": reason}
    session.execute(update(Capture).where(Capture.id.in_(ids)).values(gone))
    rows = session.execute(select(Revision.id, Revision.article_id).where(Revision.capture_id.in_(ids))).all()
    revisions, articles = [row.id for row in rows], [row.article_id for row in rows]
    _forget_titles(session, revisions, articles)
    _forget_what_was_drawn(session, revisions, articles)
    session.execute(update(Entry).where(Entry.canonical_url.in_(addresses)).values(title=None))
    session.execute(
        update(Revision).where(Revision.id.in_(revisions)).values(title=ERASED, text="", author=None, search=None)
    )
    session.expire_all()


def _forget_titles(session: Session, revisions: Sequence[UUID], articles: Sequence[UUID]) -> None:
    """Of incidents that one of these texts gave its title."""
    incidents = select(IncidentArticle.incident_id).where(IncidentArticle.article_id.in_(articles))
    its_title = exists().where(
        Revision.id.in_(revisions),
        Revision.title == Incident.title,
        IncidentArticle.article_id == Revision.article_id,
        IncidentArticle.incident_id == Incident.id,
    )
    of_it = update(Incident).where(Incident.id.in_(incidents), its_title)
    session.execute(of_it.values(title=ERASED), execution_options={"synchronize_session": False})


def _forget_what_was_drawn(session: Session, revisions: Sequence[UUID], articles: Sequence[UUID]) -> None:
    session.execute(update(Prediction).where(Prediction.revision_id.in_(revisions)).values(reasons=[], fields={}))
    for clue in session.scalars(select(ArticleClue).where(ArticleClue.revision_id.in_(revisions))):
        clue.clues = {name: [] if isinstance(value, list) else value for name, value in clue.clues.items()}
    either = or_(ArticlePair.first.in_(articles), ArticlePair.second.in_(articles))
    session.execute(update(ArticlePair).where(either).values(reasons=[]))
    session.execute(update(IncidentArticle).where(IncidentArticle.article_id.in_(articles)).values(reasons=[]))
    incidents = select(IncidentArticle.incident_id).where(IncidentArticle.article_id.in_(articles))
    known = {str(article) for article in articles}
    for proceeding in session.scalars(select(Proceeding).where(Proceeding.incident_id.in_(incidents))):
        proceeding.history = [turn | {"words": ""} if turn["article"] in known else turn for turn in proceeding.history]
    session.flush()
