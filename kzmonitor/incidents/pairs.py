"""What speaks for and against two tellings being of one event: numbers that a linear model weighs, and what a person
reads of them. The same both ways round."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from kzmonitor.incidents.clues import Clues

# Reports so many days apart are of the same news; those further apart than WINDOW_DAYS can only be of one case.
NEWS_DAYS, SAME_DAYS, WINDOW_DAYS = 14, 2, 45
# Names rarer than this (in natural logarithms of how many texts one of them holds it) tell something.
TELLING = 2.0
# For a text that names no day of the event.
UNKNOWN_GAP = 3.0
MOST_NUMBERS, MOST_DAYS, MOST_ARTICLES = 12.0, 3, 2
AT_A_DISTANCE = ("analysis", "round_up")


@dataclass(frozen=True)
class Rarity:
    """How rare a word is: the logarithm of how many texts hold it once. Words never seen are the rarest."""

    texts: int
    holding: Mapping[str, int]

    def of(self, word: str) -> float:
        """0 for a word that all texts hold."""
        return math.log((self.texts + 1) / (self.holding.get(word, 0) + 1))

    def top(self, words: Collection[str]) -> float:
        """That of the rarest of some words; 0 for none."""
        return max(map(self.of, words), default=0.0)

    def likeness(self, some: Collection[str], others: Collection[str]) -> float:
        """Cosine of two sets of words weighted by rarity, 0 to 1."""
        shared = sum(self.of(word) ** 2 for word in sorted(set(some) & set(others)))
        if not shared:
            return 0.0
        lengths = [sum(self.of(word) ** 2 for word in words) for words in (some, others)]
        return shared / math.sqrt(lengths[0] * lengths[1])


@dataclass(frozen=True)
class Rarities:
    """The rarity of names, of topics and of numbers."""

    names: Rarity
    topics: Rarity
    numbers: Rarity


def features(one: Clues, other: Clues, rarities: Rarities) -> dict[str, float]:
    """Name -> number, of a pair."""
    days = abs((one.when - other.when).total_seconds()) / 86400
    found = dict(_names(one, other, rarities.names))
    found |= _matter(one, other, rarities)
    found |= _time_and_place(one, other, days)
    near, far = float(days <= NEWS_DAYS), float(days > WINDOW_DAYS)
    for name in ("rarest name", "rarest target", "names", "lead", "people", "topics"):
        found[f"{name}, near"] = found[name] * near
    for name in ("rarest target", "names", "people", "labels", "lead"):
        found[f"{name}, far"] = found[name] * far
    found["place and kind, near"] = (
        found["same region"] * found["labels"] * max(found["same days"], found["same event days"])
    )
    return found


def _names(one: Clues, other: Clues, rarity: Rarity) -> Iterator[tuple[str, float]]:
    shared = [weight for name in _shared(one.names, other.names) if (weight := rarity.of(name)) > TELLING]
    targets = _shared(one.targets, other.targets)
    crossed = sorted({*_shared(one.targets, other.names), *_shared(other.targets, one.names)})
    people = _shared(one.people, other.people)
    both = bool(one.targets) and bool(other.targets)
    yield "names shared", math.log1p(sum(shared))
    yield "rarest name", max(shared, default=0.0)
    yield "names", rarity.likeness(one.names, other.names)
    yield "lead", rarity.likeness(one.lead, other.lead)
    yield "rarest in lead", rarity.top(_shared(one.lead, other.lead))
    yield "rarest target", rarity.top(targets)
    yield "targets", rarity.likeness(one.targets, other.targets)
    yield "target named", rarity.top(crossed)
    yield "targets apart", float(both and not targets)
    yield "targets not even named", float(both and not crossed)
    yield "without target", float(not one.targets) + float(not other.targets)
    yield "rarest person", rarity.top(people)
    yield "people", rarity.likeness(one.people, other.people)
    yield "people apart", float(bool(one.people) and bool(other.people) and not people)


def _matter(one: Clues, other: Clues, rarities: Rarities) -> dict[str, float]:
    labels = len({*one.labels, *other.labels})
    articles = _shared(one.articles, other.articles)
    return {
        "topics": rarities.topics.likeness(one.topics, other.topics),
        "numbers": min(sum(map(rarities.numbers.of, _shared(one.numbers, other.numbers))), MOST_NUMBERS),
        "numbers alike": rarities.numbers.likeness(one.numbers, other.numbers),
        "labels": len(_shared(one.labels, other.labels)) / labels if labels else 0.0,
        "labels apart": float(not _shared(one.labels, other.labels)),
        "same turn": float(one.turn == other.turn),
        "same language": float(one.language == other.language),
        "articles": float(min(len(articles), MOST_ARTICLES)),
        "articles apart": float(bool(one.articles) and bool(other.articles) and not articles),
        "at a distance": float(one.role in AT_A_DISTANCE) + float(other.role in AT_A_DISTANCE),
        "same actor": float(bool(_shared(one.actors, other.actors))),
    }


def _time_and_place(one: Clues, other: Clues, days: float) -> dict[str, float]:
    gap = _event_gap(one, other)
    places = _shared(one.places, other.places)
    fewer = min(len(one.places), len(other.places))
    return {
        "same region": float(bool(one.region) and one.region == other.region),
        "other region": float(bool(one.region) and bool(other.region) and one.region != other.region),
        "places": len(places) / fewer if fewer else 0.0,
        "same town": float(any("/" in place for place in places)),
        "days apart": math.log1p(days),
        "same days": float(days <= SAME_DAYS),
        "far apart": float(days > WINDOW_DAYS),
        "event days apart": UNKNOWN_GAP if gap is None else math.log1p(gap),
        "same event day": float(len(one.event_day) == len("2021-01-25") and one.event_day == other.event_day),
        "same event days": float(gap is not None and gap <= SAME_DAYS),
        "days named": float(min(len(_shared(one.days, other.days)), MOST_DAYS)),
        "event day named": float(one.event_day in other.days or other.event_day in one.days),
    }


def _event_gap(one: Clues, other: Clues) -> int | None:
    """Days between the days of the event; a month stands for its middle. None where one is not known."""
    if not one.event_day or not other.event_day:
        return None
    first, second = (
        date.fromisoformat(day if len(day) > 7 else f"{day}-15") for day in (one.event_day, other.event_day)
    )
    return abs((first - second).days)


def _shared(some: Collection[str], others: Collection[str]) -> list[str]:
    return sorted(set(some) & set(others))


def reasons(one: Clues, other: Clues, rarity: Rarity) -> list[str]:
    """What two tellings share, for a person to read: a word for the clue and, after a colon, what it is."""
    told = []
    targets = [key for key in _shared(one.targets, other.targets) if rarity.of(key) > TELLING]
    people = [key for key in _shared(one.people, other.people) if key not in targets]
    for kind, keys in (("same target", targets), ("same person", people)):
        names = [key.removeprefix("id:") for key in keys if key.startswith("id:")] or keys
        if names:
            told.append(f"{kind}: {', '.join(names[:3])}")
    if not told and (names := [key for key in _shared(one.names, other.names) if rarity.of(key) > TELLING]):
        told.append(f"same names: {', '.join(sorted(names, key=rarity.of, reverse=True)[:3])}")
    towns = [place for place in _shared(one.places, other.places) if "/" in place]
    if towns:
        told.append(f"same place: {towns[0]}")
    elif one.region and one.region == other.region:
        told.append(f"same place: {one.region}")
    if one.event_day and one.event_day == other.event_day:
        told.append(f"same day: {one.event_day}")
    else:
        told.append(f"days apart: {round(abs((one.when - other.when).total_seconds()) / 86400)}")
    told += [f"same article: {article}" for article in _shared(one.articles, other.articles)[:2]]
    return told
