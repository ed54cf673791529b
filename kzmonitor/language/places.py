"""Where in Kazakhstan a text is set: its region, by the places it names. Word lists are data, see models/gazetteer."""

from collections import Counter
from functools import cache

import yaml

from kzmonitor.config import models_folder
from kzmonitor.language.concepts import Automaton
from kzmonitor.language.tokens import tokenize

# A place in the headline or the first sentences is where it happened more often than one named further down.
IN_TITLE, IN_LEAD, ELSEWHERE = 4, 2, 1
LEAD_SENTENCES = 2
READ_CHARACTERS = 5000


@cache
def _automaton() -> Automaton:
    places = yaml.safe_load((models_folder() / "gazetteer" / "places.yaml").read_text("utf-8"))["where.kzplace"]
    return Automaton([(region, pattern) for region, patterns in places.items() for pattern in patterns])


@cache
def region_names() -> dict[str, dict[str, str]]:
    """ISO 3166-2 code of each region -> language -> its name."""
    names: dict[str, dict[str, str]] = yaml.safe_load((models_folder() / "regions.yaml").read_text("utf-8"))
    return names


def region_of(title: str, text: str) -> str | None:
    """The ISO 3166-2 code of the region that a report is set in; None when it names no place of Kazakhstan.

    The most weight wins, and of equal ones the first that is named."""
    tokens = tokenize(title, text[:READ_CHARACTERS])
    weights: Counter[str] = Counter()
    for match in _automaton().find(tokens):
        if match.first < tokens.title:
            weight = IN_TITLE
        else:
            weight = IN_LEAD if tokens.sentence[match.first] < LEAD_SENTENCES else ELSEWHERE
        weights[match.concept] += weight
    return max(weights, key=weights.__getitem__) if weights else None
