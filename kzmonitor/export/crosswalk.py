"""Our labels in the words of other catalogues: Machine Learning for Peace, CIVICUS, ACLED, HRDsAttack.

The mapping is data, models/crosswalk.yaml, with the source of each scheme and the day it was read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import yaml

from kzmonitor.config import models_folder

NONE = "none"
SCHEMES = ("mlp", "civicus", "acled", "hrdsattack")


@dataclass(frozen=True)
class Scheme:
    """A catalogue. codes: those that its pages name; unread: those in use there by our knowledge only."""

    name: str
    source: str
    read: date
    codes: tuple[str, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """The code of a label in one scheme where a field has one of these values; None: whatever it has."""

    scheme: str
    label: str
    code: str
    target_kind: frozenset[str] | None = None
    actor_kind: frozenset[str] | None = None

    def holds(self, targets: Collection[str], actors: Collection[str]) -> bool:
        """Whether one of the kinds of targets, and one of the kinds of actors, is among those of the case."""
        return all(
            wanted is None or not wanted.isdisjoint(given)
            for wanted, given in ((self.target_kind, targets), (self.actor_kind, actors))
        )


@dataclass(frozen=True)
class Crosswalk:
    """The whole mapping. labels: label -> scheme -> code; notes: label -> why there is none, or what differs.

    unless: codes for certain targets; eased: codes that hold for an eased turn, none other does; fields: column ->
    (field, its value -> code)."""

    schemes: Mapping[str, Scheme]
    labels: Mapping[str, Mapping[str, str]]
    notes: Mapping[str, str]
    unless: Sequence[Case]
    eased: Sequence[Case]
    fields: Mapping[str, tuple[str, Mapping[str, str]]]

    def codes(
        self, scheme: str, labels: Sequence[str], targets: Collection[str], actors: Collection[str], *, eased: bool
    ) -> list[str]:
        """The codes of an event with these labels, kinds of targets and kinds of actors; ["none"] where none fits.

        eased: it is told only that pressure ended. Labels of other taxonomies have no code."""
        found: list[str] = []
        for label in labels:
            cases = [
                case.code
                for case in (self.eased if eased else self.unless)
                if (case.scheme, case.label) == (scheme, label) and case.holds(targets, actors)
            ]
            found += cases or ([] if eased else [self.labels.get(label, {}).get(scheme, NONE)])
        return list(dict.fromkeys(code for code in found if code != NONE)) or [NONE]

    def kinds(self, column: str, values: Sequence[str]) -> list[str]:
        """The codes of a field's values, each once; ["none"] where there are none."""
        codes = self.fields[column][1]
        return list(dict.fromkeys(codes[value] for value in values if value in codes)) or [NONE]


@cache
def crosswalk() -> Crosswalk:
    """The shipped mapping."""
    data = yaml.safe_load((models_folder() / "crosswalk.yaml").read_text("utf-8"))
    return Crosswalk(
        schemes={
            name: Scheme(one["name"], one["source"], one["read"], tuple(one["codes"]), tuple(one.get("unread", ())))
            for name, one in data["schemes"].items()
        },
        labels={label: {scheme: one[scheme] for scheme in SCHEMES} for label, one in data["labels"].items()},
        notes={label: one["note"] for label, one in data["labels"].items()},
        unless=[_case(one) for one in data["unless"]],
        eased=[_case(one) for one in data["eased"]],
        fields={column: (one["field"], one["codes"]) for column, one in data["fields"].items()},
    )


def _case(data: Mapping[str, str | list[str]]) -> Case:
    kinds = {name: frozenset(data[name]) if name in data else None for name in ("target_kind", "actor_kind")}
    return Case(str(data["scheme"]), str(data["label"]), str(data["code"]), **kinds)
