"""A reason, as the classifier gives it, the database keeps it and the desk shows it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Reason:
    """A phrase of the text that moved `label` ("relevance" or a label's name).

    start, end: character offsets into title + line break + text. weight: its share of the log-odds. concept: what it
    was understood as."""

    label: str
    phrase: str
    start: int
    end: int
    weight: float
    concept: str | None
    side: Literal["for", "against"]
