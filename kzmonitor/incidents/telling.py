"""One article as grouping sees it: pure data, so that grouping is a function of its articles only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

UNFLAGGED = "unflagged"


@dataclass(frozen=True)
class Telling:
    """The current text of an article and what the champion says of it. when: published, else first seen, in UTC.
    tier: mail, queue, or `UNFLAGGED` for what can only be one more copy in somebody else's incident.
    fields: as `classify.fields.model.Fields`, as JSON; empty where the model read none."""

    article_id: UUID
    key: str
    source: str
    title: str
    text: str
    language: str
    when: datetime
    labels: tuple[str, ...]
    tier: str
    relevance: float
    fields: Mapping[str, Any]

    @property
    def order(self) -> tuple[datetime, str]:
        """Articles of an incident stand in this order; the key settles what was published in the same minute."""
        return self.when, self.key
