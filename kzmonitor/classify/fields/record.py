"""The fields of a labelled text, as people wrote them into a JSONL record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

TURNS = ("pressure", "eased")
ROLES = ("report", "follow_up", "statement", "analysis", "round_up")
TARGET_KINDS = ("NGO", "defender", "activist", "journalist", "outlet", "observer", "lawyer", "union")
ACTOR_KINDS = (
    "police", "national security", "revenue", "court", "prosecutor", "akimat", "other state", "state media", "private",
    "unknown",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What people wrote of one text; empty or None where they wrote nothing. `event_date`: ISO day, month or year;
    `published`: the day of publication."""

    turn: str | None = None
    role: str | None = None
    target_kind: frozenset[str] = frozenset()
    actor_kind: frozenset[str] = frozenset()
    targets: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    place: str | None = None
    region: str | None = None
    event_date: str | None = None
    published: date | None = None

    def canonical(self) -> str:
        """The same text for the same fields."""
        parts = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in vars(self).items()}
        return json.dumps(parts, default=str, sort_keys=True)


def known(record: Mapping[str, Any]) -> Known | None:
    """The fields of a record; None for one without a turn (not relevant, or of a label set without fields).

    What no such field can hold is passed over: label sets from elsewhere use the same names in other ways."""
    turn = _one(record, "turn", TURNS)
    if turn is None:
        return None
    return Known(
        turn=turn,
        role=_one(record, "role", ROLES),
        target_kind=frozenset(_some(record, "target_kind", TARGET_KINDS)),
        actor_kind=frozenset(_some(record, "actor_kind", ACTOR_KINDS)),
        targets=_some(record, "targets"),
        actors=_some(record, "actors"),
        place=_one(record, "place"),
        region=_one(record, "region"),
        event_date=_one(record, "event_date"),
        published=_day(_one(record, "date")),
    )


def _one(record: Mapping[str, Any], key: str, values: Sequence[str] | None = None) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) and (values is None or value in values) else None


def _some(record: Mapping[str, Any], key: str, values: Sequence[str] | None = None) -> tuple[str, ...]:
    given = record.get(key)
    listed = given if isinstance(given, list) else [given]
    return tuple(one for one in listed if isinstance(one, str) and (values is None or one in values))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
