"""How the sources do: all of them on one page, and each on its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel.dates import format_timedelta
from fastapi import APIRouter, HTTPException, Request
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor import config
from kzmonitor.accounts import audit
from kzmonitor.i18n import _, current, ngettext
from kzmonitor.incidents import freshness
from kzmonitor.incidents.freshness import Freshness
from kzmonitor.learn.kept import Kept
from kzmonitor.review import charted, drawing, overview
from kzmonitor.review.desk import Admin, At, Desk, Reader, common
from kzmonitor.review.screens import screen
from kzmonitor.review.wording import LOCALES, moment
from kzmonitor.sources import canary, coverage, health, norms, registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.health import Standing
from kzmonitor.sources.norms import Volume
from kzmonitor.sources.registry import DECLARATIONS, Registry
from kzmonitor.store.tables import Canary, Source

router = APIRouter()
POLLS_OF = timedelta(days=7)
# The strip shows the worst of each stretch: 84 of two hours are a week.
STRETCH = timedelta(hours=2)
MOST_FAILURES = 20

STRIP = text(
    """
    select date_bin(:stretch, started, :origin), state, count(*)
    from poll where source = :source and started > :since and started <= :now
    group by 1, 2
    """
)
ENTRIES = text(
    """
    select state, coalesce(error, ''), count(*)
    from entry where source = :source and found_at > :since and found_at <= :now
    group by 1, 2 order by 3 desc, 1, 2
    """
)
FAILURES = text(
    """
    select url, found_at, state, error, tries, retry_at
    from entry where source = :source and found_at > :since and found_at <= :now and error is not null
    order by found_at desc limit :limit
    """
)


@dataclass(frozen=True)
class Line:
    """One source in the list. volume: yesterday's; fresh: None when it opened no alert in four weeks."""

    declaration: Declaration
    standing: Standing
    volume: Volume | None
    languages: Sequence[Volume]
    fresh: Freshness | None
    canary: Canary | None

    @property
    def trouble(self) -> bool:
        """Whether somebody should look at it."""
        return self.declaration.enabled and (
            not (self.standing.well or self.standing.state == "never")
            or (self.volume is not None and self.volume.verdict == "low")
            or any(one.verdict == "low" for one in self.languages)
            or (self.canary is not None and self.canary.state not in (None, "ok"))
        )


@dataclass(frozen=True)
class Waits:
    """From publication to alert: of all sources together, and of each by its slug."""

    everywhere: Freshness | None
    sources: dict[str, Freshness]


WAITS = Kept(Waits)


@router.get("/sources")
def all_sources(request: Request, desk: At, person: Reader) -> Response:
    """Every declared source: those that need somebody first, then by name."""
    known, now = declared(), desk.clock()
    with desk.database.session() as session:
        volumes, fresh = norms.volumes(session, known.sources, now), _freshness(session, desk, now)
        lines = _lines(session, known.sources, volumes, fresh, now)
        words = {
            "lines": sorted(lines, key=lambda one: (not one.declaration.enabled, not one.trouble)),
            "errors": [str(error) for error in known.errors],
            "languages": [one for one in volumes if one.of == "language"],
            "troubled": sum(one.trouble for one in lines),
            "enabled": sum(one.declaration.enabled for one in lines),
            "everywhere": fresh.get(None),
            "counted": coverage.counted_at(session),
        }
    return screen(request, "sources.html", common(request, desk) | words | _words())


@router.get("/sources/{slug}")
def one_source(request: Request, desk: At, person: Reader, slug: str) -> Response:
    """One source: its polls of a week, its entries by state, what failed."""
    known, now = declared(), desk.clock()
    declaration = known.sources.get(slug)
    if declaration is None:
        raise HTTPException(404)
    within = {"source": slug, "since": now - POLLS_OF, "now": now}
    with desk.database.session() as session:
        volumes, fresh = norms.volumes(session, known.sources, now), _freshness(session, desk, now)
        [line] = _lines(session, {slug: declaration}, volumes, fresh, now)
        strip = _strip(session, slug, now)
        words = {
            "line": line,
            "strip": strip,
            "picture": _drawn(strip, declaration.name),
            "entries": session.execute(ENTRIES, within).all(),
            "failures": session.execute(FAILURES, {**within, "limit": MOST_FAILURES}).all(),
            "asked_at": _asked_at(session, slug, line),
        }
    return screen(request, "source.html", common(request, desk) | words | _words())


@router.post("/sources/{slug}")
def collect_now(request: Request, desk: At, person: Admin, slug: str) -> Response:
    """Ask for the source to be collected with the next round."""
    if slug not in declared().sources:
        raise HTTPException(404)
    now = desk.clock()
    with desk.database.session() as session:
        if health.ask(session, slug, now):
            audit.note(session, person.id, "ask for collecting", "source", None, {"source": slug}, now)
    return RedirectResponse(f"/sources/{slug}", status_code=303)


def _freshness(session: Session, desk: Desk, now: datetime) -> dict[str | None, Freshness]:
    """Of all alerts of four weeks, which takes longer to count than all the rest of these pages."""

    def count(session: Session) -> Waits:
        found = freshness.freshness(session, now)
        return Waits(found.pop(None, None), {slug: one for slug, one in found.items() if slug is not None})

    waits, _counted = WAITS.get(session, "freshness", now, overview.FRESH, count, desk.later)
    known: dict[str | None, Freshness] = {None: waits.everywhere} if waits.everywhere else {}
    known.update(waits.sources)
    return known


def declared() -> Registry:
    """The declarations as their files are now; read again only when one of them has changed."""
    folder = config.settings().sources_dir or DECLARATIONS
    return _read(folder, _stamp(folder))


@lru_cache(maxsize=2)
def _read(folder: Path, stamp: tuple[int, int]) -> Registry:
    return registry.load(folder)


def _stamp(folder: Path) -> tuple[int, int]:
    times = [path.stat().st_mtime_ns for path in folder.glob("*.y*ml")]
    return len(times), max(times, default=0)


def _lines(
    session: Session,
    sources: Mapping[str, Declaration],
    volumes: Sequence[Volume],
    fresh: Mapping[str | None, Freshness],
    now: datetime,
) -> list[Line]:
    standings, canaries = health.standings(session, sources, now), canary.canaries(session)
    whole = {one.source: one for one in volumes if one.of == "source"}
    return [
        Line(
            declaration,
            standings[slug],
            whole.get(slug),
            [one for one in volumes if one.of == "language of source" and one.source == slug],
            fresh.get(slug),
            canaries.get(slug),
        )
        for slug, declaration in sources.items()
    ]


def _words() -> dict[str, object]:
    return {"advice": health.advice, "lasting": lasting, "usual": usual, "verdict_name": charted.verdict_name}


def lasting(span: timedelta) -> str:
    """A length of time in words: 12 minutes."""
    return str(format_timedelta(span, threshold=1.5, locale=LOCALES[current()]))


def usual(volume: Volume) -> str:
    """What was to be expected, in a few words."""
    known = volume.usual
    if known is None:
        return _("not known yet")
    if known.expected is None:
        return _("declared: {low} to {high}").format(low=known.low, high=known.high)
    return _("{expected} ({low} to {high})").format(expected=f"{known.expected:g}", low=known.low, high=known.high)


@dataclass(frozen=True)
class Stretch:
    """The polls that began in two hours: how many, and the worst state among them; "" when there was none."""

    begin: datetime
    polls: int
    state: str

    @property
    def kind(self) -> str:
        """good, partly, bad or none."""
        if not self.state:
            return "none"
        return "good" if self.state in health.CALM else "partly" if self.state in health.PARTLY else "bad"


def _strip(session: Session, slug: str, now: datetime) -> list[Stretch]:
    origin = now - POLLS_OF
    within = {"source": slug, "since": origin, "now": now, "stretch": STRETCH, "origin": origin}
    states: dict[datetime, Counter[str]] = {}
    for begin, state, number in session.execute(STRIP, within):
        states.setdefault(begin, Counter())[state] += number
    begins = [origin + STRETCH * place for place in range(POLLS_OF // STRETCH)]
    return [Stretch(begin, states[begin].total(), _worst(states[begin])) if begin in states else Stretch(begin, 0, "")
            for begin in begins]  # fmt: skip


def _worst(states: Counter[str]) -> str:
    return min(states, key=lambda state: (state in health.CALM, state in health.PARTLY, -states[state], state))


def _drawn(strip: Sequence[Stretch], name: str) -> object:
    """The strip as a picture: full columns for good looks, half for those that brought a part, marks for bad ones."""
    looks = {
        "wide": (drawing.Sheet(900, 44), 900 / max(len(strip), 1)),
        "narrow": (drawing.Sheet(328, 44), 328 / max(len(strip), 1)),
    }
    polled = sum(one.polls for one in strip)
    bad = sum(one.kind == "bad" for one in strip)
    said = ngettext("{n} poll in seven days;", "{n} polls in seven days;", polled).format(n=polled)
    said += " " + _("in {bad} of {all} stretches of two hours at least one failed.").format(bad=bad, all=len(strip))
    title, pictures = _("Polls of {name}").format(name=name), []
    for kind, (sheet, step) in looks.items():
        for place, one in enumerate(strip):
            x, wide = place * step, max(step - 1.5, 1)
            told = f"{moment(one.begin)}: {one.state or '-'} ({one.polls})"
            if one.kind == "none":
                sheet.rectangle(x, 26, wide, 2, "line", told=told)
            elif one.kind == "bad":
                sheet.rectangle(x, 14, wide, 14, "alarm", told=told)
            else:
                sheet.rectangle(x, 0 if one.kind == "good" else 14, wide, 28 if one.kind == "good" else 14, "mark",
                                told=told)  # fmt: skip
        sheet.words(0, 42, moment(strip[0].begin), size=11)
        sheet.words(sheet.width, 42, _("now"), size=11, anchor="end")
        pictures.append(sheet.picture(f"strip-{kind}", title, said, kind=kind))
    return {"said": said, "svg": pictures[0] + pictures[1]}


def _asked_at(session: Session, slug: str, line: Line) -> datetime | None:
    """When somebody asked for it to be collected, while that waits."""
    source = session.get(Source, slug)
    asked = source.collect_asked_at if source is not None else None
    last = session.scalar(text("select max(started) from poll where source = :source"), {"source": slug})
    return asked if asked is not None and (last is None or asked > last) else None
