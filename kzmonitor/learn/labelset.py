"""Label sets: what a model learns from, and what it is judged by, from the seed corpus and all reviews."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from kzmonitor.classify.labelled import Text, read_jsonl
from kzmonitor.config import models_folder
from kzmonitor.learn.votes import Vote, by_text, settle
from kzmonitor.store.tables import Capture, IncidentArticle, Review, Revision

# One reviewed event in so many is never trained on; it judges instead.
ONE_HELD_OUT_IN = 5


@dataclass(frozen=True)
class Reviewed:
    """A text that was reviewed. event: its incident, or the article itself where it has none.

    judges: it is held out. That hangs on what the first review of the text was about, which no later merge of
    incidents and no undo changes: a text never changes sides."""

    text: UUID
    language: str
    title: str
    body: str
    date: str | None
    event: str
    judges: bool


@dataclass(frozen=True)
class Dispute:
    """A text whose readers are at odds, so that it is learned from by nobody. over: labels, or "relevance"."""

    text: UUID
    title: str
    over: tuple[str, ...]


@dataclass(frozen=True)
class LabelSet:
    """What to learn from and what to be judged by. reviewed: how many of `training` come from reviews.

    frozen, held_out: events that no text of `training` tells of; files of the project, and reviewed texts.
    unconfirmed: reviewed texts that wait for a second reading; they stand nowhere."""

    training: tuple[Text, ...]
    reviewed: int
    frozen: tuple[Text, ...]
    held_out: tuple[Text, ...]
    disputes: tuple[Dispute, ...]
    unconfirmed: tuple[UUID, ...]

    @property
    def judging(self) -> dict[str, tuple[Text, ...]]:
        """The texts that judge, by the name of their set."""
        return {"frozen": self.frozen, "reviewed": self.held_out}

    @property
    def sha256(self) -> str:
        """Of all that is learned from and judged by, in an order of its own."""
        kinds = (("training", self.training), ("frozen", self.frozen), ("held out", self.held_out))
        lines = [
            json.dumps([kind, one.id, one.lang, one.title, one.text, sorted(one.labels), one.event])
            for kind, texts in kinds
            for one in texts
        ]
        return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogatepass")).hexdigest()


def frozen_texts() -> list[Text]:
    """The project's own held-out events in all languages, which no model is ever trained on."""
    return [text for file in sorted((models_folder() / "heldout").glob("*.jsonl")) for text in read_jsonl(file)]


def reviewed(session: Session) -> dict[UUID, Reviewed]:
    """All texts that any review was shown and that were not erased since, by revision."""
    first = (
        select(Review.revision_id, Review.subject, Review.subject_id)
        .where(Review.revision_id.is_not(None))
        .ext(distinct_on(Review.revision_id))
        .order_by(Review.revision_id, Review.id)
        .subquery()
    )
    query = (
        select(Revision, first.c.subject, first.c.subject_id)
        .join(first, first.c.revision_id == Revision.id)
        .join(Capture, Capture.id == Revision.capture_id)
        .where(Capture.erased_at.is_(None))
    )
    rows = session.execute(query).all()
    incidents = _incidents(session)
    return {
        revision.id: Reviewed(
            text=revision.id,
            language=revision.language,
            title=revision.title,
            body=revision.text,
            date=revision.published_at.date().isoformat() if revision.published_at else None,
            event=f"incident {incidents.get(revision.article_id, revision.article_id)}",
            judges=_judges(subject, subject_id),
        )
        for revision, subject, subject_id in rows
    }


def _incidents(session: Session) -> dict[UUID, UUID]:
    """The incident of each article that was reviewed, the earliest where there are several."""
    shown = select(Revision.article_id).join(Review, Review.revision_id == Revision.id)
    query = select(IncidentArticle.article_id, IncidentArticle.incident_id).where(IncidentArticle.article_id.in_(shown))
    return dict(sorted(session.execute(query), reverse=True))


def _judges(subject: str, subject_id: UUID) -> bool:
    digest = hashlib.sha256(f"{subject} {subject_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % ONE_HELD_OUT_IN == 0


def build(
    votes: Iterable[Vote],
    texts: Collection[Reviewed],
    seed: Sequence[Text],
    frozen: Sequence[Text],
    unconfirmed: Collection[UUID] = (),
) -> LabelSet:
    """The label set of these votes on these texts, beside the seed. `unconfirmed`: texts to leave out for now.

    A reviewed text is not trained on if it judges, if another text of its event judges, or if the same words stand
    among the texts that judge. A frozen event that stands in the seed, too, judges nothing."""
    told = {one.event for one in seed if one.event}
    frozen = [one for one in frozen if one.event is None or one.event not in told]
    known = {one.text: one for one in texts}
    labelled, disputes = _labelled((vote for vote in votes if vote.text not in unconfirmed), known)
    held_out = [text for text, judges in labelled if judges]
    # An event judges even if its own label is not settled.
    judging = {one.event for one in texts if one.judges}
    words = {(one.title, one.text) for one in (*frozen, *held_out)}
    training = [
        text
        for text, judges in labelled
        if not judges and text.event not in judging and (text.title, text.text) not in words
    ]
    return LabelSet(
        training=(*seed, *training),
        reviewed=len(training),
        frozen=tuple(frozen),
        held_out=tuple(held_out),
        disputes=tuple(disputes),
        unconfirmed=tuple(sorted(unconfirmed)),
    )


def _labelled(votes: Iterable[Vote], texts: dict[UUID, Reviewed]) -> tuple[list[tuple[Text, bool]], list[Dispute]]:
    """The texts whose labels are settled, with whether they judge, and those whose readers are at odds."""
    labelled, disputes = [], []
    for id, cast in sorted(by_text(votes).items()):
        text, settled = texts[id], settle(cast)
        if settled.labels is not None:
            labelled.append((_text(text, settled.labels), text.judges))
        elif settled.disputed:
            disputes.append(Dispute(id, text.title, settled.disputed))
    return labelled, disputes


def _text(one: Reviewed, labels: frozenset[str]) -> Text:
    return Text(
        id=f"review:{one.text}",
        lang=one.language,
        title=one.title,
        text=one.body,
        labels=labels,
        event=one.event,
        date=one.date,
    )
