"""What one telling says has happened to whom: the statuses of the parties in it.

Words of a status are bound to the party of their sentence, or of the one before; what is denied, wished, feared or told
as background (an earlier case, a clause with "who") is left out: its own report tells it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

from kzmonitor.classify.fields.dates import Dated
from kzmonitor.collect.dates import ALMATY
from kzmonitor.incidents.clauses import Setting, befallen, is_aside, is_told
from kzmonitor.incidents.statuses import Status, statuses, words
from kzmonitor.incidents.telling import Telling
from kzmonitor.language.concepts import Automaton, Match
from kzmonitor.language.entities import Mention
from kzmonitor.language.tokens import tokenize

READ_CHARACTERS = 20_000
READINGS = 4096
# What is planned may be told before it happens.
PLANNED = frozenset({"hearing_set"})
# An unnamed person of one sentence is the one named in the sentence before, or the one before that.
LOOK_BACK = 2


@dataclass(frozen=True, slots=True)
class Named:
    """A person or organisation as one text names it. id: that of the gazetteer, or None."""

    kind: str
    name: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """That something happened to a party. party: None where the text does not name it ("an activist"). day: when, as
    precisely as `precision` says (day or month); the day of publication where the text has no date. words: those that
    say it."""

    status: str
    party: Named | None
    day: date
    precision: str
    words: str
    again: bool = False


@cache
def _automaton() -> Automaton:
    """Patterns of all statuses; a pattern with a cue has it after a tab."""
    lexicon = set()
    for name, patterns in words().items():
        for pattern in patterns:
            main, _, cue = (part.strip() for part in pattern.partition(" + "))
            lexicon.add((f"{name}\t{cue}", main))
    return Automaton(sorted(lexicon))


@cache
def _cues() -> Automaton:
    cues = {pattern.partition(" + ")[2].strip() for patterns in words().values() for pattern in patterns}
    return Automaton(sorted((cue, cue) for cue in cues if cue))


def stages(telling: Telling) -> tuple[Told, ...]:
    """What the telling says of each party, each status of a party once, in the order of the text."""
    title = telling.title[:READ_CHARACTERS]
    targets = frozenset(str(one["name"]) for one in telling.fields.get("targets", ()))
    return _read(title, telling.text[: READ_CHARACTERS - len(title)], telling.when.astimezone(ALMATY).date(), targets)


@lru_cache(READINGS)
def _read(title: str, text: str, published: date, targets: frozenset[str]) -> tuple[Told, ...]:
    """A group is read again each time that it grows, its texts mostly the same."""
    setting = Setting(tokenize(title, text), published)
    matches = _matches(setting)
    told = [
        (match, _status(match).name, party)
        for match in matches
        if is_told(setting, match, _status(match).name in PLANNED)
        for party in _parties(setting, match, matches)
    ]
    return tuple(_each_once(setting, _not_taken_up(setting, _named(setting, told, targets))))


_Found = tuple[Match, str, Mention | None]


def _status(match: Match) -> Status:
    return statuses()[match.concept.partition("\t")[0]]


def _matches(setting: Setting) -> list[Match]:
    """The words of statuses, those with a cue only where it stands in their sentence."""
    sentence = setting.tokens.sentence
    cues = {(match.concept, sentence[match.first]) for match in _cues().find(setting.tokens)}
    found = _automaton().find(setting.tokens)
    return [
        match
        for match in found
        if not (cue := match.concept.partition("\t")[2]) or (cue, sentence[match.first]) in cues
    ]


def _parties(setting: Setting, match: Match, matches: list[Match]) -> list[Mention | None]:
    """Whom the words befall; [None] for somebody unnamed."""
    found = befallen(setting, match, matches, _status(match))
    before = _before(setting, match)
    only_aside = bool(found) and all(is_aside(setting, mention) for mention in found)
    if not found or (only_aside and before and found[0].first > match.last):
        return [*before] or [*found] or [None]
    return list(found)


def _before(setting: Setting, match: Match) -> list[Mention]:
    """Those of the sentences before whom "he" or "they" must be; nobody in a headline."""
    sentence = setting.tokens.sentence[match.first]
    if match.first < setting.tokens.title:
        return []
    several = setting.said("several", setting.sentence_from(match.first), setting.clause_to(match.last))
    for step in range(1, LOOK_BACK + 1):
        named = [
            mention
            for mention in setting.in_sentence(sentence - step, _status(match))
            if not is_aside(setting, mention)
        ]
        if named:
            return named if several else named[:1]
    return []


def _named(setting: Setting, found: Iterable[_Found], targets: frozenset[str]) -> list[_Found]:
    """The same, where somebody unnamed is the only target of the text, or its only party, that can suffer it; left
    out where others are named to whom things happen: a headline says in general what befell each in its own way."""
    found = list(found)
    some = any(party is not None for _, _, party in found)
    named = [(match, status, party or _only(setting, statuses()[status], targets)) for match, status, party in found]
    return [one for one in named if one[2] is not None or not some]


def _only(setting: Setting, status: Status, targets: frozenset[str]) -> Mention | None:
    able = [one for one in setting.parties if status.befalls(one.entity.kind) and not is_aside(setting, one)]
    for some in ([one for one in able if one.entity.name in targets], able):
        if len({mention.key for mention in some}) == 1:
            return some[0]
    return None


def _not_taken_up(setting: Setting, found: list[_Found]) -> list[_Found]:
    """Without the statuses that another one of the same party takes up in its sentence."""
    sentence = setting.tokens.sentence
    taken = {
        (over, party.key if party else None, sentence[match.first])
        for match, status, party in found
        for over in statuses()[status].over
    }
    return [one for one in found if (one[1], one[2].key if one[2] else None, sentence[one[0].first]) not in taken]


def _each_once(setting: Setting, found: Iterable[_Found]) -> Iterable[Told]:
    """Each status of a party where it is told first, with the date of the first place that has one."""
    places: dict[tuple[str, str | None], list[_Found]] = {}
    for match, status, party in found:
        places.setdefault((status, party.key if party else None), []).append((match, status, party))
    for (status, _), told in places.items():
        match, _, party = told[0]
        days = [dated for one, _, _ in told if (dated := setting.day_of(one))]
        day, precision = _day(setting, days[0] if days else None, status)
        start = setting.sentence_from(match.first)
        yield Told(
            status=status,
            party=Named(party.entity.kind, party.entity.name, party.entity.id) if party else None,
            day=day,
            precision=precision,
            words=setting.tokens.text[setting.tokens.start[match.first] : setting.tokens.end[match.last]],
            again=setting.said("again", start, setting.clause_to(match.last)),
        )


def _day(setting: Setting, dated: Dated | None, status: str) -> tuple[date, str]:
    """When it happened: the date beside the words, if it can be that; what is planned happened when it was told."""
    published = setting.published
    if dated is None or status in PLANNED or dated.day > published + timedelta(days=1):
        return published, "day"
    if dated.precision == "month" and (dated.day.year, dated.day.month) == (published.year, published.month):
        return published, "day"
    return dated.day, dated.precision
