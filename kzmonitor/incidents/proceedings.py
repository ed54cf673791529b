"""What happened to each party of an incident, turn by turn, from all that its tellings say.

A pure function of them: neither their order of arrival nor copies make a difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

from kzmonitor.incidents.parties import Group, unified
from kzmonitor.incidents.stages import Named, Told
from kzmonitor.incidents.statuses import statuses
from kzmonitor.incidents.telling import Telling

# After an easing turn a status may come again; what is told within so many days of it still tells of the first time.
AGAIN_AFTER = timedelta(days=2)
UNNAMED = "unnamed"


@dataclass(frozen=True)
class Turn:
    """That a party's case came to a status. time: 1 for the first time, 2 when it came to it again after the pressure
    had ended. article: the telling that said it first."""

    status: str
    day: date
    precision: str
    time: int
    article_id: UUID
    words: str

    @property
    def place(self) -> tuple[date, int]:
        """Turns of a case stand in this order."""
        return self.day, statuses()[self.status].rank


@dataclass(frozen=True)
class Proceeding:
    """What happens to one party, in order of time; at least one turn."""

    party: Group
    turns: tuple[Turn, ...]

    @property
    def status(self) -> str:
        """Where it stands: the latest turn."""
        return self.turns[-1].status


def proceedings_of(
    told: Sequence[Telling], said: Mapping[UUID, tuple[Told, ...]]
) -> tuple[tuple[Group, ...], tuple[Proceeding, ...]]:
    named = [one.party for found in said.values() for one in found if one.party]
    targets = [
        Named(str(one["kind"]), str(one["name"]), one.get("id"))
        for telling in told
        for one in telling.fields.get("targets", ())
    ]
    groups = unified([*named, *targets])
    by_party: dict[str, list[tuple[Telling, Told]]] = {}
    parties: dict[str, Group] = {}
    for telling in told:
        for one in said[telling.article_id]:
            party = groups[one.party] if one.party else None
            key = party.key if party else UNNAMED
            by_party.setdefault(key, []).append((telling, one))
            parties[key] = party or Group(UNNAMED, "person", (), None, frozenset({UNNAMED}))
    parties |= {groups[target].key: groups[target] for target in targets}
    _name_the_unnamed(by_party)
    made = [Proceeding(parties[key], _turns(found)) for key, found in by_party.items() if found]
    made.sort(key=lambda one: (one.turns[0].place, one.party.key))
    with_turns = [one.party for one in made]
    others = sorted(
        (party for party in parties.values() if party not in with_turns and party.key != UNNAMED),
        key=lambda party: party.key,
    )
    return (*with_turns, *others), tuple(made)


def _name_the_unnamed(by_party: dict[str, list[tuple[Telling, Told]]]) -> None:
    """What was told of "an activist" is the only named party's, or is told by name of another."""
    unnamed = by_party.pop(UNNAMED, [])
    known = {one.status for found in by_party.values() for _, one in found}
    if len(by_party) == 1:
        [only] = by_party.values()
        only += unnamed
        only.sort(key=lambda pair: pair[0].order)
        return
    left = [(telling, one) for telling, one in unnamed if one.status not in known]
    if left:
        by_party[UNNAMED] = left


def _turns(found: Sequence[tuple[Telling, Told]]) -> tuple[Turn, ...]:
    """The turns of one party in order of time. A status told before is the same turn, unless the pressure had ended
    in between and it is told as something new."""
    reports = sorted(found, key=lambda pair: (pair[1].day, statuses()[pair[1].status].rank, pair[0].order))
    turns: dict[tuple[str, int], list[tuple[Telling, Told]]] = {}
    ends: list[date] = []
    for telling, one in reports:
        time = 1 + sum(1 for end in _separate(ends) if _is_later(one, end))
        while (one.status, time - 1) not in turns and time > 1:
            time -= 1
        turns.setdefault((one.status, time), []).append((telling, one))
        if statuses()[one.status].eased and time == 1 and len(turns[one.status, time]) == 1:
            ends.append(one.day)
    made = [_turn(status, time, pairs) for (status, time), pairs in turns.items()]
    return tuple(sorted(made, key=lambda turn: (*turn.place, turn.time)))


def _separate(ends: Sequence[date]) -> Sequence[date]:
    """The first end only: one more time is as far as texts tell it apart."""
    return ends[:1]


def _is_later(one: Told, end: date) -> bool:
    """Whether it is told as something new after the pressure had ended: days later, and not one more easing."""
    if statuses()[one.status].eased:
        return False
    return one.day > end + (timedelta() if one.again else AGAIN_AFTER)


def _turn(status: str, time: int, pairs: Sequence[tuple[Telling, Told]]) -> Turn:
    """The earliest telling counts, its day as precisely as any says."""
    telling, _ = min(pairs, key=lambda pair: pair[0].order)
    days = [one for _, one in pairs if one.precision == "day"] or [one for _, one in pairs]
    day = min(one.day for one in days)
    words = next(one.words for found, one in pairs if found is telling)
    return Turn(status, day, days[0].precision, time, telling.article_id, words)


def escalation(proceeding: Proceeding) -> tuple[str, ...]:
    """The turns for the worse after the first, on other days than the turn before."""
    turns = [turn for turn in proceeding.turns if statuses()[turn.status].news]
    worse = []
    for before, turn in pairwise(turns):
        known = statuses()[turn.status]
        if not known.eased and known.rank > statuses()[before.status].rank and turn.day > before.day:
            worse.append(turn.status)
    return tuple(worse)
