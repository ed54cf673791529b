"""Who and where in a text: organisations, outlets, bodies, parties, people and places, by name.

What the gazetteer lists has a stable id and is found in any case form, alphabet or transliteration; people, outlets and
organisations that it lacks are found by the shape of their names, with id None.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import yaml

from kzmonitor.config import models_folder
from kzmonitor.language import places
from kzmonitor.language.concepts import TRAP, Automaton, Match
from kzmonitor.language.names import first_names, forms, people, skeleton
from kzmonitor.language.strangers import named_things, unlisted_people
from kzmonitor.language.tokens import Tokens, stem, tokenize

Kind = Literal["person", "NGO", "outlet", "union", "body", "party", "place"]
# Concept of entities.yaml -> kind. `who.watchdog` are organisations of other countries.
KINDS: dict[str, Kind] = {
    "who.ngo": "NGO", "who.watchdog": "NGO", "who.outlet": "outlet", "who.union": "union", "who.opposition": "party",
    "by.party": "party",
}  # fmt: skip
READ_CHARACTERS = 40_000
CLOSING_OR_MARK = tuple("»”“\"'’!,.")


@dataclass(frozen=True, slots=True)
class Entity:
    """One name in a text. `id`: that of the gazetteer, or None; `name`: as the gazetteer writes it in the script of the
    text, else in the nominative as far as can be told; start, end: offsets into title, line break, text."""

    id: str | None
    kind: Kind
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity with its first and last token; `key` is equal for all mentions of one entity of a text."""

    first: int
    last: int
    key: str
    entity: Entity


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    last: int
    kind: Kind
    id: str | None
    name: str = ""
    key: str = ""


def entities_of(title: str, text: str) -> list[Entity]:
    """The entities of a text in order, none overlapping. Of a long text the first 40,000 characters are read."""
    title = title[:READ_CHARACTERS]
    return [mention.entity for mention in find(tokenize(title, text[: READ_CHARACTERS - len(title)]))]


def find(tokens: Tokens) -> list[Mention]:
    """The entities among `tokens`, in order; of two that overlap the longer one stays."""
    spans = _listed(tokens)
    known = _people_listed(tokens)
    free = _free(tokens, [*spans, *known])
    spans += [_Span(first, last, kind, None, name) for first, last, kind, name in named_things(tokens, free)]
    strangers = [_Span(a, b, "person", None, name, key) for a, b, name, key in unlisted_people(tokens, free)]
    persons = known + strangers
    persons += _by_surname(tokens, persons, _free(tokens, persons + spans))
    language = language_of(tokens)
    return [_mention(tokens, span, language) for span in _apart([*persons, *spans])]


def names_of(entity_id: str) -> dict[str, str]:
    """ru, kk, en -> the name of a gazetteer id; empty when there is no such id."""
    return {
        language: name for language, name in _records().get(entity_id, {}).items() if language in ("ru", "kk", "en")
    }


def actor_of(entity_id: str) -> str | None:
    """The kind of actor that a body is ("police", "revenue", ...); None for everything else."""
    actor = _records().get(entity_id, {}).get("actor")
    return str(actor) if actor else None


def seat_of(entity_id: str) -> str | None:
    """ISO 3166-2 code of the region that an organisation or body works from; None where that is not known."""
    seat = _records().get(entity_id, {}).get("seat")
    return str(seat) if seat else None


def side_of(entity_id: str) -> str | None:
    """What a gazetteer person or organisation is: "civil", "watchdog" (of another country), or "state"; else None."""
    side = _records().get(entity_id, {}).get("of")
    return str(side) if side else _sides().get(entity_id)


def _read(name: str) -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = yaml.safe_load((models_folder() / "gazetteer" / name).read_text("utf-8"))
    return content


@cache
def _records() -> dict[str, dict[str, Any]]:
    records: dict[str, dict[str, Any]] = {}
    for file in ("organisations", "bodies", "people", "towns"):
        records |= _read(f"names/{file}.yaml")
    return records


@cache
def _sides() -> dict[str, str]:
    sides: dict[str, str] = {}
    for concepts, groups in _read("entities.yaml").items():
        concept = concepts.split(", ")[0]
        if concept in KINDS:
            side = "watchdog" if concept == "who.watchdog" else "state" if concept == "by.party" else "civil"
            sides |= dict.fromkeys(groups, side)
    return sides | dict.fromkeys(_read("names/bodies.yaml"), "state")


@cache
def _automaton() -> Automaton:
    lexicon = [(f"place\t{place}", pattern) for place, pattern in places.patterns()]
    for concepts, groups in _read("entities.yaml").items():
        kind = KINDS.get(concepts.split(", ")[0])
        if kind:
            lexicon += [(f"{kind}\t{name}", str(pattern)) for name, found in groups.items() for pattern in found]
    for name, body in _read("names/bodies.yaml").items():
        lexicon += [(f"body\t{name}", str(pattern)) for pattern in body["patterns"]]
    lexicon += [(TRAP, str(pattern)) for pattern in _read("names/traps.yaml")[TRAP]]
    return Automaton(lexicon)


@cache
def _quoted() -> frozenset[str]:
    """Ids of organisations whose name is a common word, so that it must stand in quotation marks ("Власть")."""
    groups = [groups for concepts, groups in _read("entities.yaml").items() if concepts.split(", ")[0] in KINDS]
    return frozenset(
        name for found in groups for name, patterns in found.items() if any(str(p)[0] == '"' for p in patterns)
    )


@cache
def _people_automaton() -> Automaton:
    """Patterns over skeletons: both orders of the name, and the surname alone (id, then "alone" or "maybe")."""
    lexicon = set()
    for name, person in people().items():
        written = [person[language] for language in ("ru", "kk", "en") if language in person]
        for first, last in (full.split(" ", 1) for full in [*written, *person.get("also", ())]):
            woman = _is_woman(first)
            if woman and last[-1] not in "ая":
                woman = None  # The list has names of both sexes (Жанат) once.
            given, family = "|".join(sorted(forms(first))), "|".join(sorted(forms(last, woman)))
            lexicon |= {(f"{name}\tfull", f"{given} {family}"), (f"{name}\tfull", f"{family} {given}")}
            lexicon.add((f"{name}\t{'alone' if person.get('alone') else 'maybe'}\t{skeleton(first)[:1]}", family))
    return Automaton(sorted(lexicon))


def _listed(tokens: Tokens) -> list[_Span]:
    """Organisations, bodies and places of the gazetteer. Names of organisations have a capital letter somewhere."""
    spans = []
    owners = [folded.removesuffix("'s") for folded in tokens.fold]
    for match in _automaton().find(_view(tokens, owners)):
        kind, name = match.concept.split("\t")
        if kind == "place":
            if not places.is_street_or_person(tokens, match.first):
                spans.append(_Span(match.first, match.last, "place", name))
        elif kind == "body" or _is_name(tokens, match, name):
            spans.append(_Span(match.first, match.last, kind, name))  # type: ignore[arg-type]
    return spans


def _is_name(tokens: Tokens, match: Match, name: str) -> bool:
    """Whether a match is a name: it has a capital letter, and a common word in quotation marks stands alone in them."""
    if name in _quoted() and len(match.words) == 1 and tokens.quoted[match.first]:
        after = tokens.end[match.first]
        return tokens.capital[match.first] and tokens.text[after : after + 1] in CLOSING_OR_MARK
    return any(tokens.capital[word] for word in match.words)


def _view(tokens: Tokens, words: list[str]) -> Tokens:
    """The same tokens with other words to compare."""
    return Tokens(
        tokens.text, tokens.title, tokens.start, tokens.end, words, tokens.sentence, tokens.capital, tokens.quoted
    )


def _people_listed(tokens: Tokens) -> list[_Span]:
    skeletons = [skeleton(word) if capital else "" for word, capital in zip(tokens.fold, tokens.capital, strict=True)]
    found = _people_automaton().find(_view(tokens, skeletons))
    full = {match.concept.split("\t")[0] for match in found if match.concept.endswith("\tfull")}
    spans = []
    for match in found:
        name, how, *initial = match.concept.split("\t")
        named = name in full or (bool(initial) and _initial(tokens, skeletons, match.first, initial[0]))
        if how == "maybe" and not named:
            continue
        if how != "full" and _other_first_name(tokens, skeletons, match.first):
            continue
        spans.append(_Span(match.first, match.last, "person", name))
    return spans


def _initial(tokens: Tokens, skeletons: list[str], place: int, letter: str) -> bool:
    """Whether a lone capital letter beside the surname is the first name's ("Е. Жовтис", "Adilbekov D.")."""
    return any(
        0 <= beside < len(tokens)
        and tokens.end[beside] - tokens.start[beside] == 1
        and tokens.sentence[beside] == tokens.sentence[place]
        and skeletons[beside][:1] == letter
        for beside in (place - 1, place + 1)
    )


def _other_first_name(tokens: Tokens, skeletons: list[str], place: int) -> bool:
    """Whether the surname at `place` follows somebody else's first name."""
    before = place - 1
    return before >= 0 and tokens.sentence[before] == tokens.sentence[place] and skeletons[before] in first_names()


def _by_surname(tokens: Tokens, persons: Iterable[_Span], free: list[bool]) -> list[_Span]:
    """Later mentions of persons by their surname alone."""
    owners: dict[str, _Span] = {}
    for span in persons:
        if span.key:
            first, _, surname = span.name.rpartition(" ")
            for form in forms(surname, _is_woman(first)):
                owners.setdefault(form, span)
    if not owners:
        return []
    found = []
    for place in range(len(tokens)):
        if free[place] and tokens.capital[place]:
            owner = owners.get(skeleton(tokens.fold[place]))
            if owner:
                found.append(_Span(place, place, "person", owner.id, owner.name, owner.key))
    return found


def _is_woman(first_name: str) -> bool | None:
    known = first_names().get(skeleton(first_name))
    return known[1] if known else None


def _free(tokens: Tokens, spans: Iterable[_Span]) -> list[bool]:
    free = [True] * len(tokens)
    for span in spans:
        free[span.first : span.last + 1] = [False] * (span.last + 1 - span.first)
    return free


def _apart(spans: Iterable[_Span]) -> list[_Span]:
    """Spans that do not overlap: of two that do, the longer one, or of equal ones the first given."""
    taken: set[int] = set()
    kept = []
    for span in sorted(spans, key=lambda span: span.first - span.last):
        words = range(span.first, span.last + 1)
        if taken.isdisjoint(words):
            taken.update(words)
            kept.append(span)
    return sorted(kept, key=lambda span: span.first)


def _mention(tokens: Tokens, span: _Span, language: str) -> Mention:
    start, end = tokens.start[span.first], tokens.end[span.last]
    written = tokens.text[start:end]
    name = span.name or written
    if span.id and span.kind == "place":
        name = places.name_of(span.id, language)
    elif span.id:
        name = names_of(span.id).get(language) or names_of(span.id).get("ru") or written
    key = span.id or f"{span.kind}:{span.key or ' '.join(map(stem, tokens.fold[span.first : span.last + 1]))}"
    return Mention(span.first, span.last, key, Entity(span.id, span.kind, name, start, end))


def language_of(tokens: Tokens) -> str:
    """Whose names to write: English, Kazakh (its own letters, or Latin ones), else Russian."""
    sample = tokens.fold[:300]
    if 2 * sum(word.isascii() for word in sample) > len(sample):
        return "en"
    text = tokens.text[:2000].lower()
    own = sum(letter in "әғқңөұүіһ" for letter in text)
    latin = sum("a" <= letter <= "z" for letter in text)
    return "kk" if own > len(text) / 50 or 2 * latin > len(text) else "ru"
