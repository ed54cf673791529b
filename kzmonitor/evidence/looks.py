"""What a look at a watched page means, and when the next one is: pure functions, so that every turn can be tried.

A page is compared with its last good version only. A look that finds no page is a doubt until later looks agree: an
error page between two good ones is nothing."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from kzmonitor.collect.cut import Article as Cut
from kzmonitor.evidence.differences import is_same, likeness

Kind = Literal["good", "changed", "gone", "blocked", "unclear"]

MONTH = timedelta(days=30)
# After the page was first seen: most pages that are edited or withdrawn are so within two days; six months end most
# appeals. 13 looks in all.
SCHEDULE = (
    timedelta(hours=1),
    timedelta(hours=6),
    *(timedelta(days=days) for days in (1, 3, 7, 14, 30)),
    *(MONTH * months for months in range(2, 8)),
)
# So long after the first doubt the page is looked at again, and after that.
CONFIRM = timedelta(hours=1)
AGAIN = timedelta(hours=12)

GONE = frozenset({"404"})
WALLS = frozenset({"dns", "tls", "403-wall", "451"})
# What an overloaded server or a new design looks like, too: believed after a day.
LASTING = frozenset({"timeout", "connection", "server-error", "robots-unreachable", "cut-short", "no-text"})
NO_TEXT = frozenset({"empty", "layout-changed", "cutter-failed", "bad-encoding", "not-html"})
# What our own line looks like when it is down: evidence only if somebody else answered meanwhile.
OUR_LINE = frozenset({"dns", "tls", "timeout", "connection"})

# Below this share of common words it is another text; an edit that leaves less is told after a second look.
ANOTHER_TEXT = 0.3
LONGEST_NOTICE = 1500
MISSING = re.compile(
    r"\b404\b|not found|no longer (?:available|exists?)|(?:was|been) (?:removed|deleted)|does ?n[o']t exist"
    r"|не найден|не существует|удал[её]н|недоступн|снят с публикации"
    r"|табылмады|жоқ бет|жойыл|өшірілген|қолжетімсіз",
    re.IGNORECASE,
)
WALL = re.compile(
    r"just a moment|checking your browser|verify you are human|are you a robot|captcha|access denied|access restricted"
    r"|доступ (?:к (?:сайту|ресурсу|странице) )?(?:ограничен|запрещ[её]н|заблокирован)|вы не робот"
    r"|қолжетімділік шектел|кіруге тыйым",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Look:
    """What came back. state: "ok", or the named state of the failure; article: the text, if one was cut;
    heading: what the page says of itself; moved: whether a redirect led to another address."""

    state: str
    article: Cut | None = None
    heading: str = ""
    moved: bool = False


@dataclass(frozen=True)
class Version:
    """The last good version of a page."""

    title: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """What a look means. `state`: why, as a named state."""

    kind: Kind
    state: str


@dataclass(frozen=True)
class Doubt:
    """What was seen and is not believed yet."""

    kind: Kind
    state: str
    since: datetime
    looks: int


@dataclass(frozen=True)
class Standing:
    """Where a page stands: `kind` good, gone or blocked; `good_at`: the last look that saw it well."""

    kind: Kind
    good_at: datetime
    doubt: Doubt | None = None


@dataclass(frozen=True)
class Happening:
    """What readers are told of a page. `good_at`: the last look that saw it as it was; it happened after that."""

    kind: Literal["changed", "gone", "blocked", "back"]
    state: str
    since: datetime
    good_at: datetime


def next_look(first_seen: datetime, now: datetime) -> datetime | None:
    """The first moment of the schedule after `now`; None when it is over. Looks that were missed are not made up."""
    return next((first_seen + age for age in SCHEDULE if first_seen + age > now), None)


def next_at(standing: Standing, first_seen: datetime, now: datetime) -> datetime | None:
    """When the page is looked at again: soon while there is a doubt."""
    if standing.doubt is None:
        return next_look(first_seen, now)
    return now + (CONFIRM if standing.doubt.looks == 1 else AGAIN)


def judge(last: Version, look: Look) -> Verdict:
    """What a look says of a page whose last good version was `last`."""
    if look.article is not None:
        return _of_text(last, look, look.article)
    if look.state in NO_TEXT:
        return _of_notice(last, look.heading, look.moved) or Verdict("gone", "no-text")
    if look.state in GONE:
        return Verdict("gone", look.state)
    if look.state == "foreign-host":
        return Verdict("gone", "soft-404") if look.moved else Verdict("unclear", look.state)
    if look.state in WALLS or look.state in LASTING:
        return Verdict("blocked", look.state)
    return Verdict("unclear", look.state)


def _of_text(last: Version, look: Look, found: Cut) -> Verdict:
    if is_same(f"{last.title}\n{last.text}", f"{found.title}\n{found.text}"):
        return Verdict("good", "ok")
    if likeness(last.text, found.text) >= ANOTHER_TEXT:
        return Verdict("changed", "edited")
    says = f"{look.heading}\n{found.title}" + (f"\n{found.text}" if len(found.text) <= LONGEST_NOTICE else "")
    return _of_notice(last, says, look.moved) or Verdict("changed", "replaced")


def _of_notice(last: Version, says: str, moved: bool) -> Verdict | None:
    """What a page that is not the article says, unless the article said the same."""
    if WALL.search(says) and not WALL.search(last.title):
        return Verdict("blocked", "403-wall")
    if moved or (MISSING.search(says) and not MISSING.search(last.title)):
        return Verdict("gone", "soft-404")
    return None


def needed(state: str) -> tuple[int, timedelta]:
    """How many looks in a row must agree, and over how long, before a state is believed."""
    return (3, timedelta(days=1)) if state in LASTING else (2, CONFIRM)


def step(before: Standing, verdict: Verdict, now: datetime, *, others_answer: bool) -> tuple[Standing, list[Happening]]:
    """Where the page stands after a look, and what is told of it.

    others_answer: whether other sources have answered since the doubt began."""
    if verdict.kind == "unclear":
        return before, []
    if verdict.kind == "good" or verdict.state == "edited":
        told = _back(before, now)
        if verdict.kind == "changed":
            told.append(Happening("changed", verdict.state, now, before.good_at))
        return Standing("good", now), told
    if verdict.kind == before.kind:
        return replace(before, doubt=None), []
    known = before.doubt
    if known is None or known.kind != verdict.kind:
        return replace(before, doubt=Doubt(verdict.kind, verdict.state, now, 1)), []
    doubt = Doubt(known.kind, verdict.state, known.since, known.looks + 1)
    looks, span = needed(doubt.state)
    believed = doubt.looks >= looks and now - doubt.since >= span and (others_answer or doubt.state not in OUR_LINE)
    if not believed:
        return replace(before, doubt=doubt), []
    if doubt.kind == "changed":
        told = [*_back(before, doubt.since), Happening("changed", doubt.state, doubt.since, before.good_at)]
        return Standing("good", now), told
    assert doubt.kind in ("gone", "blocked")
    return Standing(doubt.kind, before.good_at), [Happening(doubt.kind, doubt.state, doubt.since, before.good_at)]


def _back(before: Standing, now: datetime) -> list[Happening]:
    return [] if before.kind == "good" else [Happening("back", "ok", now, before.good_at)]
