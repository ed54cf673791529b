"""Incidents that a person opens: what no model flagged, and somebody found all the same.

The person's word is a review of the article, which learning reads; the labels of it stand for those of the model in
grouping, so that the article joins the incident that it tells of, or opens one. The alert is of tier `mail`. A new one
is confirmed by a decision of the same person that names no text: one word is not counted twice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.classify import registry, scoring
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents import alerts, candidates, duplicates, grouping, reviews
from kzmonitor.store.tables import Alert, Article, IncidentArticle, Prediction, Review, Revision, new_id

MISSED = "missed"
BY_HAND = "by hand"


@dataclass(frozen=True)
class Opened:
    """The alert that tells of an article. new: it was opened for it just now. review: the word on the article that was
    written; None where the article stood in an incident already, and nothing was written."""

    alert_id: UUID
    new: bool
    review: UUID | None


def open_by_hand(
    session: Session,
    article_id: UUID,
    labels: Collection[str],
    account_id: UUID | None,
    now: datetime,
    *,
    why: str = MISSED,
    note: str | None = None,
) -> Opened:
    """Write that a person finds this article relevant, and make its alert.

    labels: at least one of the taxonomy. why: `missed` (somebody reported it) or `audit`, as learn/missed.py counts.
    Raises InputError when the article has no text, or the labels make no sense; a model is loaded where the champion
    has not scored the text yet."""
    grouping.lock(session)
    article = session.scalar(select(Article).where(Article.id == article_id).with_for_update())
    if article is None or article.current_revision is None:
        raise InputError(_("the text of this article is not known yet"))
    known = taxonomy_labels(labels)
    alert = alert_of(session, article_id)
    if alert is not None:
        return Opened(alert, new=False, review=None)
    review = word(session, article, known, account_id, now, fields={"why": why}, note=note)
    return _open(session, article, known, account_id, now, review.id)


def taxonomy_labels(labels: Collection[str]) -> list[str]:
    """These labels in the order of the taxonomy. InputError when there are none, or others among them."""
    names = [label.name for label in read_taxonomy(models_folder() / "taxonomy.yaml").labels]
    if not labels:
        raise InputError(_("choose at least one label"))
    unknown = sorted(set(labels) - set(names))
    if unknown:
        raise InputError(_("{label} is not a label of the taxonomy").format(label=repr(unknown[0][:40])))
    return [name for name in names if name in labels]


def word(
    session: Session,
    article: Article,
    labels: Sequence[str] | None,
    account_id: UUID | None,
    now: datetime,
    *,
    fields: Mapping[str, Any],
    note: str | None = None,
    revision_id: UUID | None = None,
) -> Review:
    """A person's word on a text of an article, the current one unless it is named, written: its labels, none for what
    is not relevant, None for unsure."""
    if note and (len(note) > reviews.LONGEST_NOTE or "\0" in note):
        raise InputError(_("a note is text of up to {number} characters").format(number=reviews.LONGEST_NOTE))
    review = Review(
        id=new_id(), account_id=account_id, subject="article", subject_id=article.id,
        revision_id=revision_id or article.current_revision,
        decision="unsure" if labels is None else "correct" if labels else "reject", labels=list(labels or ()) or None,
        fields=dict(fields), note=note or None, created_at=now,
    )  # fmt: skip
    session.add(review)
    session.flush()
    return review


def follow(session: Session, article: Article, labels: Sequence[str], account_id: UUID | None, now: datetime) -> None:
    """Bring an alert that was opened by hand to what people say of its article now: opened where there is none,
    relabelled, or rejected. An alert that stands for other reasons is left alone. The caller holds grouping's lock."""
    alert = alert_of(session, article.id)
    if alert is None:
        if labels:
            _open(session, article, labels, account_id, now, None)
        return
    stands, version = alerts.standing(session, alert), alerts.version(session, alert)
    latest = session.get(Review, version) if version else None
    if stands is None or latest is None or latest.fields.get("why") != BY_HAND:
        return
    if labels != stands.labels or stands.status != "confirmed":
        _decide(session, alert, labels, account_id, now, version)


def take_back(session: Session, review: Review, account_id: UUID | None, now: datetime) -> None:
    """Undo a word on an article; an alert that was opened by hand follows what was said before, or is rejected. The
    caller holds grouping's lock. Raises Conflict when the word was taken back already."""
    if session.scalar(select(Review.id).where(Review.undoes == review.id)) is not None:
        raise reviews.Conflict(_("this reading was taken back or settled already"))
    session.add(
        Review(
            id=new_id(), account_id=account_id, subject="article", subject_id=review.subject_id, decision="undo",
            undoes=review.id, fields={}, created_at=now,
        )
    )  # fmt: skip
    session.flush()
    article = session.get_one(Article, review.subject_id, with_for_update=True)
    left = candidates.labelled_by_people(session, [article.id]).get(article.id, [])
    follow(session, article, left, account_id, now)


def alert_of(session: Session, article_id: UUID) -> UUID | None:
    """The alert of the incident that an article tells of, or that it lists if it tells of none."""
    query = (
        select(Alert.id)
        .join(IncidentArticle, IncidentArticle.incident_id == Alert.incident_id)
        .where(IncidentArticle.article_id == article_id)
        .order_by(IncidentArticle.why == grouping.ROUND_UP, IncidentArticle.score.desc(), Alert.id)
    )
    return session.scalar(query.limit(1))


def _open(
    session: Session, article: Article, labels: Sequence[str], account_id: UUID | None, now: datetime,
    review: UUID | None,
) -> Opened:  # fmt: skip
    """All that the pipeline does for a flagged article, for this one."""
    model = registry.champion(session, now)
    text = session.get_one(Revision, article.current_revision)
    if session.get(Prediction, (text.id, model.id)) is None:
        scoring.score(session, model, registry.classifier(model), [text])
    duplicates.index(session, [article.id])
    candidates.note_labelled(session, article.id, model.id)
    candidates.judge_pairs(session, only=article.id)
    new = "opened" in grouping.group_again(session, [article.id], now)
    alert = alert_of(session, article.id)
    assert alert is not None, "it was grouped just now"
    if new:
        _decide(session, alert, labels, account_id, now, None)
    return Opened(alert, new, review)


def _decide(
    session: Session, alert: UUID, labels: Sequence[str], account_id: UUID | None, now: datetime, seen: UUID | None
) -> None:
    reviews.decide(
        session,
        alert,
        "correct" if labels else "reject",
        labels=labels,
        known_labels=labels,
        fields={"why": BY_HAND},
        seen_version=seen,
        account_id=account_id,
        now=now,
    )
