"""What came of the accelerated week: whether each planted thing was found, each outage named, and nothing grew."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from scipy.stats import theilslopes
from sqlalchemy import text

from kzmonitor.evidence.verification import verify
from kzmonitor.store import Database
from tests.soak.plan import KINDS, LAYOUT, STEP, WEEK_ROUNDS, Plan

ALMATY = ZoneInfo("Asia/Almaty")
# A healthy source's item waits for the next round and is done within it; one whose page failed or whose crawl was
# killed, for the round after that.
FRESH = 2 * STEP
# A round is a look; whoever begins to fail after it is named at the next.
NAMED_WITHIN = STEP + timedelta(minutes=2)
GROWTH = 0.10
SHORT_GROWTH = 0.25
ARTICLES = text(
    """
    select entry.url, count(distinct article.id) as articles, count(distinct prediction.revision) as predictions,
        coalesce(array_agg(distinct incident_article.incident) filter (where incident_article.incident is not null),
            '{}') as incidents,
        count(distinct alert.id) as alerts
    from entry
    left join article on article.canonical_url = entry.canonical_url
    left join prediction on prediction.revision = article.current_revision
    left join incident_article on incident_article.article = article.id
    left join alert on alert.incident = incident_article.incident
    group by entry.url
    """
)
EVENTS = text(
    """
    select entry.url, page_event.kind, page_event.since from page_event
    join article on article.id = page_event.article join entry on entry.canonical_url = article.canonical_url
    """
)
TOLD = text(
    """
    select count(*) from alert_event
    where kind = 'opened' and ready_at < :until and (
        select count(*) from delivery_item where delivery_item.alert_event = alert_event.id
    ) <> (select count(*) from alert where alert.id = alert_event.alert and alert.tier = 'mail')
    """
)


@dataclass(frozen=True)
class Named:
    """One outage: how long after its beginning its state was told, and after its end no longer (minutes, None: never);
    wrong: other states that were told meanwhile; disturbed: rounds until then whose crawl was killed or whose database
    was restarted."""

    slug: str
    state: str
    start: datetime
    end: datetime
    named_after_min: float | None
    over_after_min: float | None
    wrong: tuple[str, ...]
    disturbed: int


@dataclass(frozen=True)
class Growth:
    """One quantity over the rounds: its level, and the rise over a whole week that the last half's slope means, with
    its 95 % interval (Theil and Sen)."""

    name: str
    level: float
    a_week: float
    low: float
    high: float
    first: float
    last: float


def all_of(
    plan: Plan,
    rounds: Sequence[Mapping[str, Any]],
    addresses: Mapping[str, str],
    database: Database,
    messages: Sequence[EmailMessage],
) -> dict[str, Any]:
    """Everything that the page tells and the test asks for, fit for JSON."""
    with database.session() as session:
        stored = {row.url: row for row in session.execute(ARTICLES)}
        events = [tuple(row) for row in session.execute(EVENTS)]
        until = max((datetime.fromisoformat(one["now"]) for one in rounds if "digest" in one["answer"]), default=None)
        untold = session.scalar(TOLD, {"until": until - STEP}) if until else None
        verified = verify(session, None)
        articles = session.scalar(text("select count(*) from article"))
        days = session.scalar(text("select count(*) from manifest"))
    outages = [asdict(one) for one in named(plan, rounds)]
    return {
        "reports": reports(plan, addresses, stored),
        "articles": {"stored": articles, "published": sum(one.trouble != "gone" for one in plan.items)},
        "missing": missing(plan, addresses, stored),
        "outages": [one | {"start": one["start"].isoformat(), "end": one["end"].isoformat()} for one in outages],
        "false_alarms": false_alarms(plan, rounds),
        "norms": unusual(plan, rounds),
        "freshness": freshness(plan, rounds, addresses),
        "changes": changes(plan, addresses, events),
        "digests": {
            "asked": sum("digest" in one["answer"] for one in rounds), "mails": len(messages),
            "ids": len({message["Message-ID"] for message in messages}), "untold": untold,
        },
        "verify": {"captures": verified.captures, "problems": len(verified.problems), "days": days},
        "growth": {one.name: asdict(one) for one in grown(rounds)},
        "errors": [
            {"round": one["round"], **one["answer"]["errors"]} for one in rounds if "errors" in one["answer"]
        ],
        "killed": [one["round"] for one in rounds if "killed" in one["disturbed"]],
        "restarted": [one["round"] for one in rounds if "restarted" in one["disturbed"]],
        "took_s": {"median": float(np.median([one["took_s"] for one in rounds]))},
    }  # fmt: skip


def reports(plan: Plan, addresses: Mapping[str, str], stored: Mapping[str, Any]) -> dict[str, Any]:
    """How many planted reports and copies stand in exactly one incident with exactly one alert, and how many copies in
    that of what they copy."""
    planted = [one for one in plan.items if one.role != "ordinary"]
    rows = {one.record.id: stored.get(addresses[one.record.id]) for one in planted}
    once = {
        id: row is not None and row.articles == row.predictions == len(row.incidents) == row.alerts == 1
        for id, row in rows.items()
    }
    copies = [one for one in planted if one.role == "copy"]
    joined = [one for one in copies if once[one.record.id] and once[one.of]
              and rows[one.record.id].incidents == rows[one.of].incidents]  # fmt: skip
    ordinary = [one for one in plan.items if one.role == "ordinary" and one.trouble != "gone"]
    flagged = [one for one in ordinary if (row := stored.get(addresses[one.record.id])) and row.incidents]
    return {
        "planted": len(planted), "found_once": sum(once.values()),
        "not_once": sorted(id for id, well in once.items() if not well),
        "copies": len(copies), "with_their_original": len(joined),
        "ordinary": len(ordinary), "ordinary_in_incidents": len(flagged),
    }  # fmt: skip


def missing(plan: Plan, addresses: Mapping[str, str], stored: Mapping[str, Any]) -> list[str]:
    """What was published and could be fetched, and is not there exactly once with one prediction."""
    wanted = [one for one in plan.items if one.trouble != "gone"]
    rows = {one.record.id: stored.get(addresses[one.record.id]) for one in wanted}
    return sorted(id for id, row in rows.items() if row is None or row.articles != 1 or row.predictions != 1)


def named(plan: Plan, rounds: Sequence[Mapping[str, Any]]) -> list[Named]:
    """Each planted outage with when it was named."""
    found = []
    told = [(datetime.fromisoformat(one["answer"]["now"]), one["answer"].get("standings", {})) for one in rounds]
    begins = [datetime.fromisoformat(one["now"]) for one in rounds]
    for outage in plan.outages:
        state, also = outage.kind.state, _other_states(plan, outage)
        during = [(at, standing.get(outage.slug)) for begin, (at, standing) in zip(begins, told, strict=True)
                  if outage.start <= begin < outage.end]  # fmt: skip
        after = [(at, standing.get(outage.slug)) for begin, (at, standing) in zip(begins, told, strict=True)
                 if begin >= outage.end]  # fmt: skip
        first = next((at for at, said in during if said == state), None)
        over = next((at for at, said in after if said != state), None)
        wrong = {said for _, said in during if said not in (None, state, *also)}
        found.append(
            Named(
                outage.slug, state, outage.start, outage.end,
                round((first - outage.start) / timedelta(minutes=1), 1) if first else None,
                round((over - outage.end) / timedelta(minutes=1), 1) if over else None,
                tuple(sorted(wrong)),
                sum(outage.start <= begin <= (first or outage.end) and bool(one["disturbed"])
                    for begin, one in zip(begins, rounds, strict=True)),
            )
        )  # fmt: skip
    return found


def _other_states(plan: Plan, outage: Any) -> set[str]:
    """States that other outages of the source explain while this one lasts."""
    return {
        one.kind.state for one in plan.outages
        if one is not outage and one.slug == outage.slug
        and one.start < outage.end and outage.start < one.end + one.kind.clears
    }  # fmt: skip


def false_alarms(plan: Plan, rounds: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """States that were told of a source with nothing the matter."""
    found = []
    for one in rounds:
        now = datetime.fromisoformat(one["now"])
        for slug, state in one["answer"].get("standings", {}).items():
            explained = {
                outage.kind.state for outage in plan.outages
                if outage.slug == slug and outage.start <= now < outage.end + outage.kind.clears
            }  # fmt: skip
            if state not in explained and not _not_polled_since(plan, rounds, slug, state, one["round"]):
                found.append({"round": one["round"], "slug": slug, "state": state})
    return found


def _not_polled_since(plan: Plan, rounds: Sequence[Mapping[str, Any]], slug: str, state: str, number: int) -> bool:
    """Whether an outage has just ended, and the crawls since were killed before they could see it."""
    while number >= 0 and (rounds[number]["disturbed"] or "errors" in rounds[number]["answer"]):
        number -= 1
        now = plan.at(number)
        if any(one.slug == slug and one.kind.state == state and one.start <= now < one.end for one in plan.outages):
            return True
    return False


def unusual(plan: Plan, rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Days of a source that were told to be unusual: those planted, those that an outage explains, and the others."""
    told = {(name, day) for one in rounds for of, name, day, _ in one["answer"].get("unusual", []) if of == "source"}
    planted = {(slug, str(day.astimezone(ALMATY).date())) for slug, day in plan.silent}
    explained = {
        (slug, day) for slug, day in told - planted
        if any(one.slug == slug and one.start.astimezone(ALMATY).date() <= datetime.fromisoformat(day).date()
               <= one.end.astimezone(ALMATY).date() for one in plan.outages)
    }  # fmt: skip
    return {
        "planted": sorted(planted), "named": sorted(planted & told), "explained": sorted(explained),
        "false": sorted(told - planted - explained),
    }  # fmt: skip


def freshness(plan: Plan, rounds: Sequence[Mapping[str, Any]], addresses: Mapping[str, str]) -> dict[str, Any]:
    """Minutes from the moment at which an item could be seen to its prediction and, if it told of something, its alert
    (both are there when a round is over): of healthy sources, and of those that failed meanwhile."""
    done = {url: datetime.fromisoformat(one["answer"]["now"]) for one in reversed(rounds) for url in one["predicted"]}
    well, failing = [], []
    for one in plan.items:
        at = done.get(addresses[one.record.id])
        if at is None or one.at <= plan.start:
            continue
        minutes = (at - one.at) / timedelta(minutes=1)
        held_up = any(
            outage.slug == one.slug and outage.start - STEP <= one.at < outage.end and outage.kind.path != LAYOUT
            for outage in plan.outages
        )
        (failing if held_up else well).append((one.at.isoformat(), round(minutes, 2)))
    return {"well": _spread(well), "failing": _spread(failing), "points": sorted(well)}


def _spread(points: Sequence[tuple[str, float]]) -> dict[str, float | int]:
    minutes = [one[1] for one in points]
    if not minutes:
        return {"n": 0}
    p50, p95, p99 = (float(one) for one in np.percentile(minutes, (50, 95, 99)))
    return {"n": len(minutes), "p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1),
            "longest": max(minutes)}  # fmt: skip


def changes(plan: Plan, addresses: Mapping[str, str], events: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """How many planted edits and withdrawals were seen by the watch, and what was told of pages that stayed as they
    were (walls and errors of an outage are told of pages, too)."""
    wanted = {(addresses[one.id], {"edit": "changed", "vanish": "gone"}[one.what]) for one in plan.changes}
    seen = {(url, kind) for url, kind, _ in events}
    told = Counter((url, kind) for url, kind, _ in events)
    return {
        "planted": len(wanted), "seen": len(wanted & seen), "unseen": sorted(wanted - seen),
        "twice": sorted(one for one in wanted if told[one] > 1), "others": sorted(seen - wanted),
    }  # fmt: skip


def grown(rounds: Sequence[Mapping[str, Any]]) -> list[Growth]:
    """Slopes of the last half."""
    half = rounds[len(rounds) // 2 :]
    found = []
    for name in ("rss", "uss", "files", "threads", "sessions", "crawl_peak", "took_s"):
        values = [(one["round"], float(one[name])) for one in half if one[name] is not None]
        if len(values) < 3:
            continue
        numbers, heights = np.array(values).T
        slope, _, low, high = theilslopes(heights, numbers)
        third = len(values) // 3
        found.append(
            Growth(
                name, float(np.median(heights)), float(slope * WEEK_ROUNDS), float(low * WEEK_ROUNDS),
                float(high * WEEK_ROUNDS), float(np.median(heights[:third])), float(np.median(heights[-third:])),
            )
        )  # fmt: skip
    return found


def problems(result: Mapping[str, Any]) -> list[str]:
    """What is not as it must be, a line each."""
    found, full = result["findings"], result["plan"]["rounds"] >= WEEK_ROUNDS
    told, news, growth = found["reports"], found["freshness"]["well"], found["growth"]
    checks = {
        f"reports not found exactly once: {told['not_once']}": not told["not_once"] and told["planted"],
        f"copies with their original: {told['with_their_original']} of {told['copies']}":
            told["with_their_original"] == told["copies"],
        f"articles missing: {found['missing']}": not found["missing"],
        f"articles: {found['articles']}": found["articles"]["stored"] == found["articles"]["published"],
        f"false alarms: {found['false_alarms']}": not found["false_alarms"],
        f"days told to be unusual without reason: {found['norms']['false']}": not found["norms"]["false"],
        f"silent days not told: {found['norms']}": found["norms"]["planted"] == found["norms"]["named"],
        # Of the few reports of a short run the 99th percentile is the one that a kill or a restart held up.
        f"freshness: {news}": news["p99" if full else "p95"] <= FRESH / timedelta(minutes=1),
        f"changes unseen or told twice: {found['changes']}":
            not found["changes"]["unseen"] and not found["changes"]["twice"],
        f"digests: {found['digests']}":
            found["digests"]["asked"] == found["digests"]["mails"] == found["digests"]["ids"] > 0
            and found["digests"]["untold"] == 0,
        f"verify: {found['verify']}": found["verify"]["problems"] == 0 and found["verify"]["captures"] > 0,
        f"errors beside the restart: {found['errors']}":
            all(one["round"] in found["restarted"] for one in found["errors"]),
        f"nothing was killed or restarted: {found['killed']}, {found['restarted']}":
            found["killed"] and found["restarted"],
        f"more open files: {growth['files']}": growth["files"]["last"] <= growth["files"]["first"],
        f"more sessions: {growth['sessions']}": growth["sessions"]["last"] <= growth["sessions"]["first"],
        **_memory(growth, full=full),
        **_outages(found["outages"]),
    }  # fmt: skip
    return [line for line, holds in checks.items() if not holds]


def _memory(growth: Mapping[str, Any], *, full: bool) -> dict[str, bool]:
    """Flat: the last half's slope means under a tenth more after a week. A short run, whose caches still fill: its last
    third lies under a quarter over its middle."""
    if full:
        return {
            f"{name} grows: {growth[name]}": growth[name]["a_week"] < GROWTH * growth[name]["level"]
            for name in ("rss", "uss")
        }
    return {f"uss grows: {growth['uss']}": growth["uss"]["last"] < (1 + SHORT_GROWTH) * growth["uss"]["first"]}


def _outages(outages: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    late = {kind.state: kind.slow for kind in KINDS if kind.slow}
    checks = {}
    for one in outages:
        within = late.get(one["state"], timedelta()) + NAMED_WITHIN + STEP * one["disturbed"]
        after = one["named_after_min"]
        checks[f"outage not named in time, or by another name: {one}"] = (
            after is not None and after <= within / timedelta(minutes=1) and not one["wrong"]
        )
    return checks | {"no outage was planted": bool(outages)}
