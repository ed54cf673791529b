"""How grave an incident is, 1 to 4: a rule that can be read, not a model; its points are in `models/severity.yaml`.

Four is for what cannot wait: force or custody reported by several outlets, or growing worse."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import floor
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from kzmonitor.classify.fields.record import TARGET_KINDS
from kzmonitor.config import models_folder
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents.duplicates import SAME_FROM, containment, word_pairs
from kzmonitor.sources.marked_yaml import LineError, Place, load
from kzmonitor.sources.mistakes import nearest, sentence, shown

LEAST, MOST = 1, 4
# What pydantic calls the place of a key that is wrong itself.
KEY = "[key]"
UNLISTED = 1.0

Points = Annotated[float, Field(ge=0, le=4, multiple_of=0.5)]
Steps = dict[Annotated[int, Field(ge=1, le=10_000)], Points]


class Rule(BaseModel):
    """The points of the rule, as the file has them. Steps: from how many on -> points."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kinds: dict[str, Points]
    targets: dict[str, Points]
    people: Steps
    repetition: Steps
    repetition_days: Annotated[int, Field(ge=1, le=10_000)]
    sources: Steps
    escalation: Steps


@dataclass(frozen=True)
class Part:
    """One reason of a severity. what: kind, target, people, repetition, sources or escalation; which: the label or
    kind of target, or how many; points: what it adds."""

    what: str
    which: str
    points: float


@dataclass(frozen=True)
class Severity:
    """level: 1 to 4; parts: every reason that adds points, the kind first."""

    level: int
    parts: tuple[Part, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """The parts as they are stored and shown to programs."""
        return [asdict(part) for part in self.parts]


def read_rule(path: Path) -> Rule:
    """The rule of a file. InputError names the file, the line and what is wrong."""
    try:
        content, lines = load(path)
    except LineError as error:
        raise InputError(f"{path}:{error.line}: {error}") from error
    try:
        rule = Rule.model_validate(content)
    except ValidationError as error:
        # A key that is misspelled is also a key that is missing: the first is what the writer can see.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        place = tuple(part for part in first["loc"] if part != KEY)
        raise InputError(f"{path}:{_line(lines, place)}: {_mistake(first, place)}") from error
    unknown = next((kind for kind in rule.targets if kind not in TARGET_KINDS), None)
    if unknown is not None:
        line = _line(lines, ("targets", unknown))
        raise InputError(
            f"{path}:{line}: "
            + _('unknown kind of target "{key}"').format(key=unknown)
            + nearest(unknown, TARGET_KINDS)
        )
    return rule


def _mistake(error: ErrorDetails, place: Place) -> str:
    if error["type"] in ("int_parsing", "float_parsing"):
        return _('"{key}": must be a number').format(key=shown(place[-1]))
    if error["type"] == "multiple_of":
        return _('"{key}": points are steps of 0.5').format(key=shown(place[-1]))
    return sentence(error, place, Rule.model_fields)


def _line(lines: Mapping[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest thing around it."""
    while place not in lines:
        place = place[:-1]
    return lines[place]


@cache
def shipped() -> Rule:
    """The rule of `models/severity.yaml`."""
    return read_rule(models_folder() / "severity.yaml")


def severity(labels: Collection[str], sources: int) -> int:
    """The level from the kind and the number of independent sources alone."""
    return weigh(labels, sources=sources).level


def weigh(
    labels: Collection[str],
    *,
    targets: Collection[str] = (),
    people: int = 0,
    earlier: int = 0,
    sources: int = 1,
    escalated: int = 0,
    rule: Rule | None = None,
) -> Severity:
    """How grave it is and why. targets: kinds of target; people: how many it befell; earlier: incidents of the same
    party before; sources: independent ones; escalated: turns for the worse. rule: another than the shipped one."""
    rule = rule or shipped()
    kind = max(sorted(labels), key=lambda label: rule.kinds.get(label, UNLISTED), default="")
    target = max(sorted(targets), key=lambda one: rule.targets.get(one, 0.0), default="")
    parts = [
        Part("kind", kind, rule.kinds.get(kind, UNLISTED)),
        Part("target", target, rule.targets.get(target, 0.0)),
        _step("people", people, rule.people),
        _step("repetition", earlier, rule.repetition),
        _step("sources", sources, rule.sources),
        _step("escalation", escalated, rule.escalation),
    ]
    return summed([part for part in parts if part.points or part.what == "kind"])


def summed(parts: Sequence[Part]) -> Severity:
    """The level that these parts make."""
    total = floor(sum(part.points for part in parts))
    return Severity(min(MOST, max(LEAST, total)), tuple(parts))


def parts_of(stored: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    """What `Severity.to_json` gave."""
    return tuple(Part(str(one["what"]), str(one["which"]), float(one["points"])) for one in stored)


def _step(what: str, number: int, steps: Mapping[int, float]) -> Part:
    reached = [least for least in steps if number >= least]
    return Part(what, str(number), steps[max(reached)] if reached else 0.0)


def independent(texts: Sequence[str], sources: Sequence[str]) -> int:
    """How many sources told it in words of their own: outlets that printed copies of one text count once.

    texts, sources: (tellings), in order of time; every text counts as a copy of the first one that it is close to."""
    leaders: list[frozenset[int]] = []
    owners: dict[str, set[int]] = {}
    for text, source in zip(texts, sources, strict=True):
        pairs = word_pairs(text)
        same = next((number for number, leader in enumerate(leaders) if containment(leader, pairs) >= SAME_FROM), None)
        if same is None:
            same = len(leaders)
            leaders.append(pairs)
        owners.setdefault(source, set()).add(same)
    return _most_apart(list(owners.values()))


def _most_apart(owned: list[set[int]]) -> int:
    """How many sources can be given a text of their own, each text once (a matching, found by augmenting paths)."""
    given: dict[int, int] = {}

    def place(source: int, seen: set[int]) -> bool:
        for text in sorted(owned[source] - seen):
            seen.add(text)
            if text not in given or place(given[text], seen):
                given[text] = source
                return True
        return False

    return sum(place(source, set()) for source in range(len(owned)))
