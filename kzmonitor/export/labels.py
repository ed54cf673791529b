"""The export of labels: the texts that people reviewed, with the labels that stand after all reviews.

As JSONL it is what `kzmonitor train --data` and `kzmonitor evaluate` read."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from kzmonitor.export.tables import Column, Row, Table, Wanted
from kzmonitor.learn.labelset import Reviewed, reviewed
from kzmonitor.learn.votes import Vote, by_text, opinions, settle, votes

BATCH = 500

COLUMNS = (
    Column("id", "text", "The text: `review:` and the id of its revision."),
    Column("lang", "text", "Its language."),
    Column("title", "text", "The headline.", "names replaced"),
    Column("text", "text", "The whole text that the reviewers were shown.", "names replaced"),
    Column("labels", "texts", "The labels that stand; none for a text that is not relevant."),
    Column("event", "text", "Texts of one event share this; they must not be parted between training and judging."),
    Column("date", "text", "The day of publication."),
    Column("decided_at", "moment", "When a person last spoke on it. `--since` and `--until` ask for this."),
    Column("readers", "count", "How many people had a word on it; who they are is never exported."),
    Column("judges", "flag", "True for texts that `kzmonitor retrain` holds out to judge by, and never learns from."),
)


def _rows(session: Session, wanted: Wanted) -> Iterator[Sequence[Row]]:
    texts = reviewed(session)
    rows = []
    for id, cast in sorted(by_text(votes(session)).items()):
        at = max(vote.at for vote in cast)
        settled = settle(cast).labels
        if settled is not None and _is_wanted(at, wanted):
            rows.append(_row(id, texts[id], settled, cast, at))
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _is_wanted(at: datetime, wanted: Wanted) -> bool:
    return (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)


def _row(id: UUID, text: Reviewed, labels: frozenset[str], cast: Sequence[Vote], at: datetime) -> Row:
    return Row(
        {
            "id": f"review:{id}",
            "lang": text.language,
            "title": text.title,
            "text": text.body,
            "labels": sorted(labels),
            "event": text.event,
            "date": text.date,
            "decided_at": at,
            "readers": len(opinions(cast)),
            "judges": text.judges,
        }
    )


LABELS = Table(
    "labels",
    "One row for each text that people reviewed and whose labels are settled; texts in dispute are left out.",
    "id",
    COLUMNS,
    _rows,
    {"week": "decided_at", "label": "labels", "language": "lang"},
)
