"""What will happen in the accelerated week, drawn from a seed: who publishes what when, what breaks, what changes."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bench import mixed_texts
from kzmonitor.newsroom import Fault, Record
from kzmonitor.newsroom.faults import BROKEN_XML, EMPTY, HANG, HTML_FOR_XML, REDIRECT_LOOP, RESET, TINY

STEP = timedelta(minutes=14)
WEEK_ROUNDS = 720
# Nothing new in so many last rounds: what was late is made up for.
CLOSING = 4
SOURCES = 14
DAY_ROUNDS = timedelta(days=1) / STEP
CHARACTERS = 1200
# Where the faults that lie outside an outlet's own server lead to; the newsroom's user puts addresses in their place.
NO_NAME, BAD_CERTIFICATE = "dns", "tls"
FEED = "/feed/"
LAYOUT = "layout"
QUOTED = {
    "ru": "Об этом сообщает наш корреспондент со ссылкой на {name}.",
    "kk": "Бұл туралы {name} басылымына сілтеме жасап хабарлайды.",
    "en": "This was first reported by {name}.",
}


@dataclass(frozen=True)
class Kind:
    """A way to fail: the paths that it spoils, how, and the state by which it must be named.

    rounds: how long it lasts in the full week. slow: it is told by many pages or after a long time, not at the next
    look; clears: so long its state may be told after its end."""

    state: str
    path: str
    fault: Fault | Literal["dns", "tls", "layout"]
    rounds: int
    slow: timedelta = timedelta()
    clears: timedelta = timedelta()


KINDS = (
    Kind("server-error", "*", Fault(status=503), 21),
    Kind("403-wall", FEED, Fault(status=403), 30),
    Kind("404", FEED, Fault(status=404), 17),
    Kind("timeout", FEED, HANG, 9),
    Kind("connection", FEED, RESET, 25),
    Kind("empty", FEED, EMPTY, 38),
    Kind("tiny", FEED, TINY, 12),
    Kind("html-for-xml", FEED, HTML_FOR_XML, 51),
    Kind("broken-xml", FEED, BROKEN_XML, 20),
    # The last good copy of robots.txt holds for a day.
    Kind("robots-unreachable", "/robots.txt", Fault(status=500), 128, slow=timedelta(hours=25)),
    Kind("dns", FEED, NO_NAME, 21),
    Kind("tls", FEED, BAD_CERTIFICATE, 17),
    Kind("rate-limited", FEED, Fault(status=429, retry_after=1), 8),
    # Told once too many pages of three days have another layout, and until they are few again.
    Kind("layout-changed", LAYOUT, LAYOUT, 128, slow=timedelta(hours=29), clears=timedelta(days=3)),
    Kind("redirect-loop", FEED, REDIRECT_LOOP, 14),
)
SHORT = ("server-error", "403-wall", "empty", "html-for-xml", "dns", "tls", "connection")


@dataclass(frozen=True)
class Outage:
    """A fault of a source that lasts. It begins at `start`, between two rounds, and is over at `end`."""

    slug: str
    kind: Kind
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Item:
    """What an outlet publishes at a moment. role: ordinary, report (something must be found in it) or copy (of the
    report `of`). trouble: what spoils the first answers of its page; `gone` for ever."""

    at: datetime
    slug: str
    record: Record
    role: Literal["ordinary", "report", "copy"] = "ordinary"
    of: str = ""
    trouble: Literal["", "error", "reset", "drip", "gone"] = ""


@dataclass(frozen=True)
class Change:
    """What an outlet does to a report that it published."""

    at: datetime
    slug: str
    id: str
    what: Literal["edit", "vanish"]


@dataclass(frozen=True)
class Plan:
    """A whole run. kills: after how many answers the crawl of a round is killed; restart: the round and the number of
    answers in it after which PostgreSQL is restarted; silent: a day on which a source publishes nothing."""

    seed: int
    start: datetime
    rounds: int
    slugs: tuple[str, ...]
    items: tuple[Item, ...]
    outages: tuple[Outage, ...]
    changes: tuple[Change, ...]
    kills: dict[int, int]
    restart: tuple[int, int]
    silent: tuple[tuple[str, datetime], ...]

    def at(self, round: int) -> datetime:
        """When a round begins."""
        return self.start + STEP * round

    @property
    def full(self) -> bool:
        """Whether it is the whole week, and not the short form of it."""
        return self.rounds >= WEEK_ROUNDS


def planned(seed: int, rounds: int, start: datetime) -> Plan:
    """The plan of a run of so many rounds from `start`; the same seed gives the same plan."""
    chance = random.Random(seed)
    slugs = tuple(f"outlet-{number:02}" for number in range(1, SOURCES + 1))
    full = rounds >= WEEK_ROUNDS
    silent = ((slugs[6], start + timedelta(days=4)),) if full else ()
    outages = tuple(_outages(chance, slugs, start, rounds))
    whole = [slug for slug in slugs if not any(one.slug == slug and one.kind.path == LAYOUT for one in outages)]
    reports = list(_reports(chance, whole, start, rounds))
    items = [*_ordinary(chance, slugs, start, rounds, silent), *reports, *_copies(chance, whole, reports, full)]
    last = start + STEP * (rounds - CLOSING)
    kills = {round: chance.randrange(3, SOURCES) for round in range(11, rounds - 2, 37 if full else 10)}
    return Plan(
        seed, start, rounds, slugs,
        items=tuple(sorted((one for one in items if one.at <= last), key=lambda one: one.at)),
        outages=outages,
        changes=tuple(sorted(_changes(reports, start, rounds, outages), key=lambda one: one.at)),
        kills=kills,
        restart=(rounds // 2 + 3, 9),
        silent=silent,
    )  # fmt: skip


def _between(chance: random.Random, start: datetime, round: int) -> datetime:
    """A moment between the round before and this one."""
    return start + STEP * (round - chance.random())


def _outages(chance: random.Random, slugs: Sequence[str], start: datetime, rounds: int) -> Iterator[Outage]:
    if rounds < WEEK_ROUNDS:
        kinds = [one for one in KINDS if one.state in SHORT]
        for slug, kind in zip(slugs, kinds, strict=False):
            begin, length = chance.randrange(4, rounds - 8), chance.randrange(2, 5)
            yield Outage(slug, kind, _between(chance, start, begin), start + STEP * (begin + length))
        return
    # Each kind twice, never twice of one source at a time: once in the first half, once in the second.
    for half, turn in ((0, 0), (1, 5)):
        for place, kind in enumerate(KINDS):
            slug = slugs[(place + turn) % len(slugs)]
            first, last = (40, 330) if half == 0 else (400, 690)
            if place == SOURCES:  # the fifteenth kind shares its source with the first
                first += 150
            elif (place + turn) % len(slugs) == turn % len(slugs):
                last = first + 140
            begin = chance.randrange(first, last - kind.rounds)
            yield Outage(slug, kind, _between(chance, start, begin), start + STEP * (begin + kind.rounds))


def _ordinary(
    chance: random.Random,
    slugs: Sequence[str],
    start: datetime,
    rounds: int,
    silent: Sequence[tuple[str, datetime]],
) -> Iterator[Item]:
    """About eighteen a day of each source, six of them from before; the second day on some pages give trouble."""
    each = int(18 * rounds / DAY_ROUNDS) + 6
    for slug in slugs:
        texts = mixed_texts.articles(each, CHARACTERS, chance)
        for number, (language, title, text) in enumerate(texts):
            record = Record(f"{slug}-{number}", language, title, text)
            at = start - timedelta(hours=20 * chance.random())
            if number >= 6:
                at = _between(chance, start, chance.randrange(1, rounds))
            trouble = ""
            if number >= 6 and chance.random() < 0.08:
                trouble = chance.choice(["error", "reset", "drip"])
            elif number % 40 == 39:
                trouble = "gone"
            day = next((day for name, day in silent if name == slug and day <= at < day + timedelta(days=1)), None)
            if day is None:
                yield Item(at, slug, record, trouble=trouble)  # type: ignore[arg-type]


def _reports(chance: random.Random, slugs: Sequence[str], start: datetime, rounds: int) -> Iterator[Item]:
    """Reports in which something has to be found, each of another event."""
    events = {text.event: text for text in mixed_texts.seed() if text.labels and not text.hard and text.event}
    chosen = chance.sample(sorted(events), 48 if rounds >= WEEK_ROUNDS else 8)
    for number, event in enumerate(chosen):
        text = events[event]
        first = 1 + number * (rounds - 2) // len(chosen)
        at = _between(chance, start, first)
        yield Item(at, chance.choice(slugs), Record(f"report-{number}", text.lang, text.title, text.text), "report")


def _copies(chance: random.Random, slugs: Sequence[str], reports: Sequence[Item], full: bool) -> Iterator[Item]:
    """Every second report stands elsewhere, too, some time later."""
    for one in reports[::2]:
        slug = chance.choice([slug for slug in slugs if slug != one.slug])
        later = timedelta(hours=chance.uniform(1, 20) if full else chance.uniform(0.5, 1))
        text = f"{one.record.text}\n{QUOTED[one.record.lang].format(name=one.slug.replace('-', ' ').title())}"
        record = replace(one.record, id=f"{one.record.id}-copy", text=text)
        yield Item(one.at + later, slug, record, "copy", of=one.record.id)


def _changes(reports: Sequence[Item], start: datetime, rounds: int, outages: Sequence[Outage]) -> Iterator[Change]:
    """A part of the reports is edited, another taken back, in time for the looks that must see it, and where the
    outlet can be seen before and after."""
    full = rounds >= WEEK_ROUNDS
    last = start + STEP * rounds - (timedelta(hours=34) if full else STEP * 14)
    after, watched = (timedelta(hours=4), timedelta(hours=34)) if full else (timedelta(minutes=20), timedelta(hours=3))
    every, edited, taken = (4, 1, 2) if full else (2, 0, 1)
    for number, one in enumerate(reports):
        fails = any(
            outage.slug == one.slug and outage.start < one.at + watched and one.at - STEP < outage.end
            for outage in outages
        )
        if one.at < last and not fails and number % every in (edited, taken):
            what = "edit" if number % every == edited else "vanish"
            yield Change(one.at + after, one.slug, one.record.id, what)  # type: ignore[arg-type]
