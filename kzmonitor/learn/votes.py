"""What people said of texts: the reviews that bear labels, and what a text's readers together make of it.

A vote belongs to the text that was shown, whatever other articles its incident has. It comes from a review of an
alert or of an article that was not undone: `confirm` and `correct` say these labels, `reject` says none, `unsure`
takes back what the reader said before. A review without an account is that of one reader who has no name.

An adjudication is a review with `{"adjudicates": true}` in its `fields`, written by who saw the differing ones (so it
is not blind). The latest one of a text wins; without one each reader's latest vote counts once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, aliased

from kzmonitor.store.tables import Account, Review

Labels = frozenset[str]
VOTING = ("confirm", "correct", "reject", "unsure")
NAMELESS = "-"
# A model is fairly sure that a text is relevant from this probability on; that it is not, from one minus this down.
FAIRLY_SURE = 0.8


@dataclass(frozen=True)
class Vote:
    """One reader's word on one text. reader: a pseudonym. labels: None for unsure, empty for irrelevant."""

    review: UUID
    reader: str
    text: UUID
    labels: Labels | None
    adjudicates: bool
    blind: bool
    at: datetime


@dataclass(frozen=True)
class Settled:
    """What the readers of a text make of it. labels: None where they are at odds over `disputed`, or none had a word.

    disputed: the labels, or "relevance", that as many say as deny."""

    labels: Labels | None
    disputed: tuple[str, ...] = ()


def votes(session: Session, texts: Collection[UUID] | None = None) -> list[Vote]:
    """All votes, or those on some texts, oldest first."""
    undo = aliased(Review)
    query = (
        select(
            Review.id, Review.decision, Review.labels, Review.revision_id, Review.fields, Review.blind,
            Review.created_at, Account.pseudonym,
        )
        .outerjoin(Account, Account.id == Review.account_id)
        .where(Review.decision.in_(VOTING), Review.revision_id.is_not(None))
        .where(~select(undo).where(undo.undoes == Review.id).exists())
        .order_by(Review.id)
    )  # fmt: skip
    if texts is not None:
        query = query.where(Review.revision_id.in_(texts))
    found = (_vote(row) for row in session.execute(query))
    return [vote for vote in found if vote is not None]


def _vote(review: Row[Any]) -> Vote | None:
    """None for a review that confirms without saying what: relevant texts bear a label."""
    said = None if review.decision == "unsure" else frozenset(review.labels or ())
    if review.decision == "reject":
        said = frozenset()
    elif said is not None and not said:
        return None
    assert review.revision_id is not None, "asked for"
    return Vote(
        review=review.id,
        reader=review.pseudonym or NAMELESS,
        text=review.revision_id,
        labels=said,
        adjudicates=review.fields.get("adjudicates") is True,
        blind=review.blind,
        at=review.created_at,
    )


def by_text(votes: Iterable[Vote]) -> dict[UUID, list[Vote]]:
    """The votes of each text, oldest first."""
    grouped: dict[UUID, list[Vote]] = {}
    for vote in sorted(votes, key=lambda vote: vote.review):
        grouped.setdefault(vote.text, []).append(vote)
    return grouped


def opinions(votes: Iterable[Vote]) -> dict[str, Vote]:
    """Each reader's latest vote of its own on one text; readers who are unsure at last are left out."""
    latest = {vote.reader: vote for vote in votes if not vote.adjudicates}
    return {reader: vote for reader, vote in latest.items() if vote.labels is not None}


def known(votes: Iterable[Vote], names: Collection[str]) -> list[Vote]:
    """The votes in the labels of a taxonomy; those that say only labels it no longer has are left out."""
    kept = []
    for vote in votes:
        labels = vote.labels if vote.labels is None else vote.labels & frozenset(names)
        if labels or not vote.labels:
            kept.append(replace(vote, labels=labels))
    return kept


def settle(votes: Sequence[Vote]) -> Settled:
    """What stands for one text, from all its votes: the latest adjudication, else the majority for each label."""
    adjudicated = [vote.labels for vote in votes if vote.adjudicates and vote.labels is not None]
    if adjudicated:
        return Settled(adjudicated[-1])
    said = [vote.labels for vote in opinions(votes).values() if vote.labels is not None]
    if not said:
        return Settled(None)
    names = sorted(frozenset().union(*said))
    ayes = {name: sum(name in labels for labels in said) for name in names}
    relevant = sum(bool(labels) for labels in said)
    disputed = tuple(name for name, number in ayes.items() if 2 * number == len(said))
    if 2 * relevant == len(said):
        return Settled(None, ("relevance", *disputed))
    labels = frozenset(name for name, number in ayes.items() if 2 * number > len(said))
    if disputed or (2 * relevant > len(said) and not labels):
        return Settled(None, disputed or tuple(names))
    return Settled(labels)
