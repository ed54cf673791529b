"""Where in Kazakhstan a text is set: its region and town, by the places it names. Word lists are data, see
models/gazetteer."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import yaml

from kzmonitor.config import models_folder
from kzmonitor.language.concepts import Automaton, Match
from kzmonitor.language.names import first_names, skeleton
from kzmonitor.language.tokens import Tokens, fold, tokenize

# A place in the headline or the first sentences is where it happened more often than one named further down.
IN_TITLE, IN_LEAD, ELSEWHERE = 4, 2, 1
LEAD_SENTENCES = 2
READ_CHARACTERS = 5000
STREETS = tuple(
    fold(stem) for stem in ("улиц", "проспект", "площад", "вдоль", "көше", "даңғыл", "street", "avenue", "ул", "пр")
)


@cache
def patterns() -> tuple[tuple[str, str], ...]:
    """(place, pattern) of the word lists. A place is a region ("KZ-35") or a region and a town ("KZ-35/temirtau")."""
    places = yaml.safe_load((models_folder() / "gazetteer" / "places.yaml").read_text("utf-8"))["where.kzplace"]
    return tuple((place, str(pattern)) for place, found in places.items() for pattern in found)


@cache
def _automaton() -> Automaton:
    return Automaton(patterns())


@cache
def region_names() -> dict[str, dict[str, str]]:
    """ISO 3166-2 code of each region -> language -> its name."""
    names: dict[str, dict[str, str]] = yaml.safe_load((models_folder() / "regions.yaml").read_text("utf-8"))
    return names


@cache
def town_names() -> dict[str, dict[str, str]]:
    """Id of each town -> language -> its name."""
    path = models_folder() / "gazetteer" / "names" / "towns.yaml"
    names: dict[str, dict[str, str]] = yaml.safe_load(path.read_text("utf-8"))
    return names


def name_of(place: str, language: str) -> str:
    """The name of a place (see `patterns`) in ru, kk or en."""
    region, _, town = place.partition("/")
    return town_names()[town][language] if town else region_names()[region][language]


def is_street_or_person(tokens: Tokens, place: int) -> bool:
    """Whether what looks like a place is named after one: a street ("улица Сатпаева") or a person's surname."""
    if place == 0 or tokens.sentence[place - 1] != tokens.sentence[place]:
        return False
    before = tokens.fold[place - 1]
    if before.startswith(STREETS[:-2]) or before in STREETS:
        return True
    return tokens.capital[place - 1] and tokens.capital[place] and skeleton(before) in first_names()


def region_of(title: str, text: str) -> str | None:
    """The ISO 3166-2 code of the region that a report is set in; None when it names no place of Kazakhstan.

    The most weight wins, and of equal ones the first that is named."""
    tokens = tokenize(title, text[:READ_CHARACTERS])
    matches = [match for match in _automaton().find(tokens) if not is_street_or_person(tokens, match.first)]
    weights = _weights(tokens, matches)
    return max(weights, key=weights.__getitem__) if weights else None


def _weights(tokens: Tokens, matches: Sequence[Match]) -> Counter[str]:
    weights: Counter[str] = Counter()
    for match in matches:
        if match.first < tokens.title:
            weight = IN_TITLE
        else:
            weight = IN_LEAD if tokens.sentence[match.first] < LEAD_SENTENCES else ELSEWHERE
        weights[match.concept.partition("/")[0]] += weight
    return weights
