"""What stands around the words of a status: whether they tell of something new, and whom of a sentence they befall."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from kzmonitor.classify.fields.dates import Dated, dates
from kzmonitor.incidents.statuses import Status, around
from kzmonitor.language.concepts import Automaton, Match
from kzmonitor.language.entities import Mention, find, side_of
from kzmonitor.language.tokens import Tokens

# A report of a thing that happened so long before it is background: its own report told it.
FRESH_DAYS = 60
# How near a date must be for a relative clause ("who was detained on Monday") to tell news.
JUST_DAYS = 3
YEAR = re.compile("(?:19|20)[0-9]{2}")
BOUNDARY = re.compile("[,;:()—–]")
# A step over a comma costs as many words; so do a speaker ("said X") and a lawyer, judge or relative.
ACROSS, SPEAKER, BESIDE = 5, 10, 8
# How many words may stand between two who are named together, and between a name and the word that says who it is.
JOINED, NEAR = 3, 3
# Within so many words after what is threatened or hoped Kazakh says so.
FEARED_WITHIN = 8
KINDS = ("person", "NGO", "outlet", "union", "party")
KAZAKH_PARTICIPLE = re.compile("(?:ған|ген|кан|кен|ган)$")
ENGLISH_PARTICIPLE = re.compile("(?:ed|held|frozen|jailed)$")


@cache
def _around() -> Automaton:
    return Automaton((kind, pattern) for kind, patterns in around().items() for pattern in patterns)


@dataclass
class Setting:
    """A text with the parties in it that something can happen to, its dates, and the small words around them."""

    tokens: Tokens
    published: date
    parties: list[Mention] = field(init=False)
    dates: list[Dated] = field(init=False)

    def __post_init__(self) -> None:
        self.parties = [mention for mention in find(self.tokens) if _can_suffer(mention)]
        self.dates = dates(self.tokens, self.published)
        self._said: dict[int, list[Match]] = {}
        for match in _around().find(self.tokens):
            self._said.setdefault(self.tokens.sentence[match.first], []).append(match)

    def said(self, kind: str, first: int, last: int) -> bool:
        """Whether a word of this kind stands among the tokens from `first` to `last` (both in)."""
        if first > last or first >= len(self.tokens):
            return False
        found = self._said.get(self.tokens.sentence[first], ())
        return any(match.concept == kind and first <= match.first and match.last <= last for match in found)

    def in_sentence(self, sentence: int, status: Status) -> list[Mention]:
        """The parties named in a sentence that can suffer this."""
        return [
            mention
            for mention in self.parties
            if self.tokens.sentence[mention.first] == sentence and status.befalls(mention.entity.kind)
        ]

    def sentence_from(self, place: int) -> int:
        """The first token of the sentence of `place`."""
        while place > 0 and self.tokens.sentence[place - 1] == self.tokens.sentence[place]:
            place -= 1
        return place

    def clause_from(self, place: int) -> int:
        """The first token of the clause of `place`: what follows the last comma or dash before it."""
        while place > 0 and self.tokens.sentence[place - 1] == self.tokens.sentence[place]:
            if BOUNDARY.search(self.between(place - 1, place)):
                break
            place -= 1
        return place

    def clause_to(self, place: int) -> int:
        """The last token of the clause of `place`."""
        while place + 1 < len(self.tokens) and self.tokens.sentence[place + 1] == self.tokens.sentence[place]:
            if BOUNDARY.search(self.between(place, place + 1)):
                break
            place += 1
        return place

    def between(self, one: int, other: int) -> str:
        """The text between two tokens, the first of them first."""
        return self.tokens.text[self.tokens.end[one] : self.tokens.start[other]]

    def day_of(self, match: Match) -> Dated | None:
        """The date that stands nearest to the words in their sentence."""
        sentence = self.tokens.sentence[match.first]
        near = [one for one in self.dates if self.tokens.sentence[one.first] == sentence]
        return min(near, key=lambda one: (self.distance(match, one.first, one.last), one.first), default=None)

    def distance(self, match: Match, first: int, last: int) -> int:
        """Words between the match and these tokens, more where commas or "but" stand between them."""
        if last < match.first:
            low, high = last, match.first
        elif first > match.last:
            low, high = match.last, first
        else:
            return 0
        cost = high - low - 1
        cost += sum(ACROSS for place in range(low, high) if BOUNDARY.search(self.between(place, place + 1)))
        return cost + (ACROSS if self.said("turned", low + 1, high - 1) else 0)


def _can_suffer(mention: Mention) -> bool:
    entity = mention.entity
    return entity.kind in KINDS and (entity.id is None or side_of(entity.id) not in ("state", "watchdog"))


def is_told(setting: Setting, match: Match, planned: bool) -> bool:
    """Whether the words tell that it happened, now: not denied, not wished or feared, not background. planned: what is
    told may lie ahead (a hearing)."""
    tokens, first = setting.tokens, match.first
    start, clause = setting.sentence_from(first), setting.clause_from(first)
    if setting.said("negated", max(clause, first - 2), first - 1) or _denied_after(setting, match):
        return False
    if not planned and setting.said("wished", max(clause, first - 5), first - 1):
        return False
    if _attribute(setting, match) or (not planned and _feared_after(setting, match)):
        return False
    dated = setting.day_of(match)
    age = (setting.published - dated.day).days if dated else 0
    if (
        setting.said("relative", start, first - 1)
        and setting.said("relative", clause, clause)
        and not (dated and 0 <= age <= JUST_DAYS)
    ):
        return False
    if setting.said("background", start, first - 1) and not setting.said("again", start, first):
        return False
    if setting.said("ended", match.last + 1, min(match.last + 2, setting.clause_to(match.last))):
        return False
    if dated and not planned and age > FRESH_DAYS and setting.distance(match, dated.first, dated.last) <= 2 * ACROSS:
        return False
    return not any(
        YEAR.fullmatch(tokens.fold[place]) and int(tokens.fold[place]) < setting.published.year
        for place in (*range(clause, setting.clause_to(match.last) + 1), *_opening(setting, start))
    )


def _denied_after(setting: Setting, match: Match) -> bool:
    """Kazakh denies after the verb ("ұсталған жоқ")."""
    return setting.said("negated", match.last + 1, min(match.last + 1, len(setting.tokens) - 1)) and _same(
        setting, match.last, match.last + 1
    )


def _feared_after(setting: Setting, match: Match) -> bool:
    """Kazakh threatens, warns and hopes after what is feared ("айыппұл салып, тоқтатамыз деп қорқытып отыр")."""
    end = match.last
    while _same(setting, end, end + 1) and end - match.last < FEARED_WITHIN:
        end += 1
    return setting.said("feared", match.last + 1, end)


def _opening(setting: Setting, start: int) -> Iterator[int]:
    """The first tokens of a sentence: "In 2019 ..."."""
    for place in range(start, min(start + 3, len(setting.tokens))):
        if _same(setting, start, place):
            yield place


def _same(setting: Setting, one: int, other: int) -> bool:
    return other < len(setting.tokens) and setting.tokens.sentence[one] == setting.tokens.sentence[other]


def _attribute(setting: Setting, match: Match) -> bool:
    """Whether the words only describe who is meant: "jailed activist", "ұсталған белсенді"."""
    tokens, last = setting.tokens, match.last
    if not _same(setting, last, last + 1) or BOUNDARY.search(setting.between(last, last + 1)):
        return False
    if KAZAKH_PARTICIPLE.search(tokens.fold[last]) and not tokens.fold[last].isascii():
        return not setting.said("ended", last + 1, last + 1)
    if len(match.words) > 1 or not ENGLISH_PARTICIPLE.search(tokens.fold[last]):
        return False
    before = match.first - 1
    opens = before < 0 or not _same(setting, before, match.first) or BOUNDARY.search(setting.between(before, last))
    return bool(opens) or tokens.fold[before] in ("the", "a", "an", "of", "for", "with", "two", "three", "other")


def befallen(setting: Setting, match: Match, statuses: Sequence[Match], status: Status) -> list[Mention]:
    """Who the words of `match` are about, of those named in its sentence: the nearest, and who is named with them.

    statuses: the words of all statuses of the text; status: which one the words say."""
    named = setting.in_sentence(setting.tokens.sentence[match.first], status)
    if status.after and (behind := [mention for mention in named if mention.first > match.last]):
        named = behind
    if not named:
        return []
    costs = {
        mention: setting.distance(match, mention.first, mention.last) + _aside(setting, mention) for mention in named
    }
    chosen = min(named, key=lambda mention: (costs[mention], mention.first))
    return [chosen, *_with(setting, chosen, named, statuses)]


def _aside(setting: Setting, mention: Mention) -> int:
    """What it costs that somebody only speaks, or is a lawyer, judge or relative."""
    start, clause = setting.sentence_from(mention.first), setting.clause_from(mention.first)
    before = max(clause, start, mention.first - NEAR)
    end = min(mention.last + 2, setting.clause_to(mention.last))
    speaks = setting.said("spoke", before, mention.first - 1) or setting.said("spoke", mention.last + 1, end)
    related = setting.said("beside", max(before, mention.first - 2), mention.first - 1)
    return SPEAKER * speaks + BESIDE * related


def is_aside(setting: Setting, mention: Mention) -> bool:
    """Whether somebody is named only as a speaker, lawyer, judge or relative."""
    return _aside(setting, mention) > 0


def _with(setting: Setting, chosen: Mention, named: Sequence[Mention], statuses: Sequence[Match]) -> Iterator[Mention]:
    """Those of a sentence who are joined to `chosen` by "and" or commas."""
    order = sorted(named, key=lambda mention: mention.first)
    place = order.index(chosen)
    for step in (1, -1):
        here = place
        while 0 <= here + step < len(order):
            low, high = sorted((order[here], order[here + step]), key=lambda mention: mention.first)
            if not _joined(setting, low, high, statuses) or _aside(setting, order[here + step]) >= BESIDE:
                break
            here += step
            yield order[here]


def _joined(setting: Setting, low: Mention, high: Mention, statuses: Sequence[Match]) -> bool:
    first, last = low.last + 1, high.first - 1
    if last - first + 1 > JOINED or setting.said("turned", first, last):
        return False
    if any(low.last < status.first < high.first for status in statuses):
        return False
    text = setting.between(low.last, high.first)
    return setting.said("joined", first, last) or ("," in text and ";" not in text and "—" not in text)
