"""What a crawl asks of the database for each request and each answer, done for many of them in one transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kzmonitor.collect import captures, entries
from kzmonitor.collect.captures import Received
from kzmonitor.collect.entries import Lease
from kzmonitor.collect.storing import store_captures
from kzmonitor.sources import budget
from kzmonitor.sources.budget import Slot


@dataclass(frozen=True)
class Answer:
    """A response of a source to be kept. held: the entry whose page it is, if it is one."""

    source: str
    received: Received
    held: Lease | None


@dataclass(frozen=True)
class Asking:
    """A request that waits for the turn of its host. held: the entry whose page it is for, if any."""

    host: str
    held: Lease | None


@dataclass(frozen=True)
class Turn:
    """When a request may start. is_ours: whether its entry is still held by this process; slot: None while the host
    wants to be left alone; at: the moment from which the slot counts, `time.monotonic`."""

    is_ours: bool
    slot: Slot | None
    at: float


def keep_answers(session: Session, answers: Sequence[Answer]) -> list[None]:
    """Store responses; the entries of good pages are fetched by that."""
    made = [captures.made(answer.source, answer.received) for answer in answers]
    store_captures(session, made)
    pages = [
        (answer.held, capture.id)
        for answer, capture in zip(answers, made, strict=True)
        if answer.held is not None and answer.received.status == 200
    ]
    if pages:
        entries.fetched_together(session, pages)
    return [None] * len(answers)


def take_turns(session: Session, asking: Sequence[Asking]) -> list[Turn]:
    """A turn for each request whose entry is still ours, by the budget of its host. Hosts in one order everywhere, so
    that two processes never lock each other out."""
    ours = entries.renew_together(session, [one.held for one in asking if one.held is not None])
    at = time.monotonic()
    turns: dict[int, Turn] = {}
    for place, one in sorted(enumerate(asking), key=lambda pair: pair[1].host):
        is_ours = one.held is None or one.held.entry_id in ours
        turns[place] = Turn(is_ours, budget.take_slot(session, one.host) if is_ours else None, at)
    return [turns[place] for place in range(len(asking))]
