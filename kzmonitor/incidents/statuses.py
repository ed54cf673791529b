"""The statuses of a case and the words that say them, as `models/incidents/stages.yaml` has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from kzmonitor.config import models_folder


@dataclass(frozen=True)
class Status:
    """What may happen to a party. rank: its usual place in a case; news: whether readers hear of it; eased: whether the
    pressure ends with it; over: statuses that it takes up in one sentence; after: the party stands behind the words;
    of: person or organisation, where only one of them can suffer it."""

    name: str
    rank: int
    news: bool
    eased: bool = False
    over: tuple[str, ...] = ()
    after: bool = False
    of: str | None = None

    def befalls(self, kind: str) -> bool:
        """Whether it can happen to this kind of entity."""
        return self.of is None or (self.of == "person") == (kind == "person")


@cache
def _file() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((models_folder() / "incidents" / "stages.yaml").read_text("utf-8"))
    return content


@cache
def statuses() -> Mapping[str, Status]:
    """Every status by name."""
    return {
        name: Status(
            name=name,
            rank=int(given["rank"]),
            news=bool(given["news"]),
            eased=bool(given.get("eased")),
            over=tuple(given.get("over", ())),
            after=bool(given.get("after")),
            of=given.get("of"),
        )
        for name, given in _file()["statuses"].items()
    }


@cache
def words() -> Mapping[str, tuple[str, ...]]:
    """Status -> its patterns in all languages."""
    return {
        name: tuple(str(pattern) for patterns in lists.values() for pattern in patterns)
        for name, lists in _file()["words"].items()
    }


@cache
def around() -> Mapping[str, tuple[str, ...]]:
    """Kind of small word (negated, background, ...) -> its patterns."""
    return {name: tuple(map(str, patterns)) for name, patterns in _file()["around"].items()}
