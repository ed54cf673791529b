"""Which turns of an incident its readers hear of: the events that its one alert should have.

A pure function of the record. The telling that told of the first turn opens the alert; after it, each turn that is news
renews it once. Copies, retellings, and turns that are no news (a hearing is set, an appeal is filed) do nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kzmonitor.incidents.parties import Group
from kzmonitor.incidents.proceedings import UNNAMED, Turn
from kzmonitor.incidents.record import Record
from kzmonitor.incidents.statuses import statuses

OPENED, RENEWED = "opened", "renewed"


@dataclass(frozen=True)
class News:
    """One turn of one party's proceeding that is news."""

    party: Group
    turn: Turn

    @property
    def id(self) -> str:
        """By what the turn is known in `alert_event.turns`."""
        return turn_id(self.party.key, self.turn)

    def is_among(self, told: Iterable[str]) -> bool:
        """Whether the turn is one of these, under any name that the party had, or when it had none."""
        known = {turn_id(key, self.turn) for key in (*self.party.keys, self.party.key, UNNAMED)}
        return not known.isdisjoint(told)


@dataclass(frozen=True)
class Event:
    """An event that the alert should have. news: the turns it tells of, in order of time; empty for the opening of an
    incident without turns. before: the status that readers knew of the first of its parties."""

    kind: str
    news: tuple[News, ...]
    before: str | None
    article_id: UUID

    @property
    def to_status(self) -> str | None:
        """The status that it tells of: the last of its first party."""
        return self._last.turn.status if self.news else None

    @property
    def party(self) -> Group | None:
        """Whose proceeding turned; of several in an opening the first."""
        return self.news[0].party if self.news else None

    @property
    def day(self) -> str | None:
        """When the turn was, ISO day or month."""
        if not self.news:
            return None
        return iso(self._last.turn.day, self._last.turn.precision)

    @property
    def _last(self) -> News:
        return [one for one in self.news if one.party == self.news[0].party][-1]


def turn_id(party_key: str, turn: Turn) -> str:
    """Party key, status and how many times it has come to it, parted by |."""
    return f"{party_key}|{turn.status}|{turn.time}"


def iso(day: date, precision: str) -> str:
    """ISO day or month."""
    return day.isoformat() if precision == "day" else day.isoformat()[:7]


def renewals(record: Record) -> tuple[Event, ...]:
    """The events in order: the opening, then the renewals in order of time."""
    order = {line.article_id: number for number, line in enumerate(record.sources)}
    news = news_of(record)
    if not news:
        return (Event(OPENED, (), None, record.sources[0].article_id),)
    opening = min((one.turn.article_id for one in news), key=order.__getitem__)
    events = [_event(OPENED, [one for one in news if one.turn.article_id == opening], news)]
    rest = [one for one in news if one.turn.article_id != opening]
    for key in dict.fromkeys((one.party.key, one.turn.article_id) for one in rest):
        events.append(_event(RENEWED, [one for one in rest if (one.party.key, one.turn.article_id) == key], news))
    return tuple(events)


def news_of(record: Record) -> tuple[News, ...]:
    """Every turn that is news, in order of time."""
    found = [
        News(proceeding.party, turn)
        for proceeding in record.proceedings
        for turn in proceeding.turns
        if statuses()[turn.status].news
    ]
    return tuple(sorted(found, key=lambda one: (*one.turn.place, one.turn.time, one.party.key)))


def _event(kind: str, told: Sequence[News], news: Sequence[News]) -> Event:
    return Event(kind, tuple(told), before(told[0], news), told[0].turn.article_id)


def before(one: News, news: Sequence[News]) -> str | None:
    """The status that was news of the party before this turn."""
    own = [other for other in news if other.party == one.party]
    place = own.index(one)
    return own[place - 1].turn.status if place else None


def is_late(told: Sequence[News], news: Sequence[News], known: Iterable[str]) -> bool:
    """Whether a later turn of the same party is among those `known` to readers."""
    known = set(known)
    last = news.index(told[-1])
    return any(other.party == told[-1].party and other.is_among(known) for other in news[last + 1 :])
