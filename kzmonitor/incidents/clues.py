"""What a telling offers for comparison with another, in any language or script: names as skeletons, everyday words and
acts as the concepts that three languages share, numbers, places, days. Small enough to be stored beside the article."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Self

from kzmonitor.classify.fields.dates import dates
from kzmonitor.classify.reading import Reader, Reading
from kzmonitor.collect.dates import ALMATY
from kzmonitor.incidents.telling import Telling
from kzmonitor.language.concepts import read_lexicon
from kzmonitor.language.entities import Mention, find, names_of
from kzmonitor.language.names import skeleton
from kzmonitor.language.strangers import thing
from kzmonitor.language.tokens import Tokens

# Raised whenever the same telling would give other clues: stored ones are then made anew.
RECIPE = 1
# So many letters of a name's skeleton are kept: case endings fall off, spellings come together.
NAME_LETTERS = 6
SHORTEST_NAME = 3
WORD = re.compile(r"[^\W\d_]+")
# Concepts that tell what a text is about; who and where are told better by names.
LEAD_SENTENCES = 2
TOPICS = ("act.", "law.", "word.", "who.", "by.")


@dataclass(frozen=True)
class Clues:
    """All of a telling that pairs are judged by; sets are sorted.

    names: of people, organisations and whatever else is written with a capital letter; lead: those in the headline and
    the first two sentences; targets: those of the parties that pressure falls on; people: the surnames of persons;
    topics: shared concepts; numbers: of two digits or more; places: towns and regions; region: of the event;
    event_day: ISO day or month; days: every day that is named."""

    when: datetime
    language: str
    labels: tuple[str, ...]
    turn: str
    role: str
    names: tuple[str, ...]
    lead: tuple[str, ...]
    targets: tuple[str, ...]
    people: tuple[str, ...]
    actors: tuple[str, ...]
    topics: tuple[str, ...]
    numbers: tuple[str, ...]
    places: tuple[str, ...]
    region: str
    event_day: str
    days: tuple[str, ...]
    articles: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types, as they are stored."""
        return {
            name: value.isoformat()
            if isinstance(value, datetime)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        given: dict[str, Any] = {}
        for field in fields(cls):
            value = stored[field.name]
            given[field.name] = tuple(value) if isinstance(value, list) else value
        given["when"] = datetime.fromisoformat(stored["when"]).astimezone(UTC)
        return cls(**given)


def clues_of(telling: Telling) -> Clues:
    """The clues of one telling: a function of it and of the word lists only."""
    reading = _reader().transform([(telling.title, telling.text)])[0]
    mentions = find(reading.tokens)
    told = telling.fields
    targets = told.get("targets") or ()
    names = list(_names(reading.tokens, mentions))
    persons = [mention.entity for mention in mentions if mention.entity.kind == "person"]
    day = telling.when.astimezone(ALMATY).date()
    return Clues(
        when=telling.when,
        language=telling.language,
        labels=tuple(sorted(telling.labels)),
        turn=told.get("turn") or "",
        role=told.get("role") or "",
        names=_sorted(name for name, _ in names),
        lead=_sorted(name for name, sentence in names if sentence < LEAD_SENTENCES),
        targets=_sorted(key for party in targets for key in party_keys(party["name"], party["kind"], party["id"])),
        people=_sorted(key for one in persons for key in party_keys(one.name, one.kind, one.id)),
        actors=_sorted(str(party["id"] or party["name"]) for party in told.get("actors") or ()),
        topics=_sorted(_topics(reading)),
        numbers=_sorted(_numbers(reading.tokens)),
        places=_sorted(mention.entity.id or "" for mention in mentions if mention.entity.kind == "place"),
        region=told.get("region") or "",
        event_day=told.get("event_date") or "",
        days=_sorted(_days(reading.tokens, day)),
        articles=_sorted(told.get("articles") or ()),
    )


@cache
def _reader() -> Reader:
    return Reader("\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon()))


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({word for word in words if word}))


def name_key(word: str) -> str:
    """The beginning of a name's skeleton: one for all scripts, spellings and case forms of a name; "" for too short."""
    letters = skeleton(word)
    return letters[:NAME_LETTERS] if len(letters) >= SHORTEST_NAME else ""


def party_keys(name: str, kind: str, id: str | None) -> Iterator[str]:
    """What one party is known by: a person by the surname, an organisation by the words of its name, and both by the
    gazetteer's id."""
    if id:
        yield f"id:{id}"
        name = names_of(id).get("ru") or name
    words = WORD.findall(name)
    if kind == "person":
        words = words[-1:]
    for word in words:
        if not thing(word.lower()):
            yield name_key(word)


def _names(tokens: Tokens, mentions: Iterable[Mention]) -> Iterator[tuple[str, int]]:
    """Every word with a capital letter inside a sentence, and every entity that is no place; each with the number of
    its sentence, below 0 in the headline."""
    first = tokens.sentence[tokens.title] if tokens.title < len(tokens) else 0
    for place, capital in enumerate(tokens.capital):
        inside = place > 0 and tokens.sentence[place - 1] == tokens.sentence[place]
        if capital and (inside or tokens.quoted[place]):
            for part in tokens.text[tokens.start[place] : tokens.end[place]].split("-"):
                yield name_key(part), tokens.sentence[place] - first
    for mention in mentions:
        if mention.entity.kind not in ("place", "body"):
            for key in party_keys(mention.entity.name, mention.entity.kind, mention.entity.id):
                yield key, tokens.sentence[mention.first] - first


def _topics(reading: Reading) -> Iterator[str]:
    for match in (*reading.matches, *reading.words):
        if match.concept.startswith(TOPICS):
            yield match.concept


def _numbers(tokens: Tokens) -> Iterator[str]:
    for folded in tokens.fold:
        digits = "".join(letter for letter in folded if letter.isdigit())
        if folded[:1].isdigit() and len(digits) > 1:
            yield digits


def _days(tokens: Tokens, published: date) -> Iterator[str]:
    for dated in dates(tokens, published):
        if dated.precision == "day":
            yield dated.iso()
