"""The week before a digest in figures: how many alerts each of its seven days brought."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from kzmonitor.digest.facts import facts
from kzmonitor.digest.news import news_between
from kzmonitor.digest.period import ALMATY

DAYS = 7
SEVERE_FROM = 3


@dataclass(frozen=True)
class Day:
    """One of seven spans of 24 hours; `day` is the one in Almaty on which it ends."""

    day: date
    alerts: int
    severe: int


def week(session: Session, end: datetime) -> tuple[Day, ...]:
    """The seven days up to `end`, the oldest first, with the alerts that were opened in each and still are alerts."""
    starts = [end - timedelta(days=back) for back in range(DAYS, 0, -1)]
    opened = [
        (event.alert_id, moment) for event, moment in news_between(session, starts[0], end) if event.kind == "opened"
    ]
    known = facts(session, {alert for alert, _moment in opened}, end)
    days = []
    for start in starts:
        stop = start + timedelta(days=1)
        own = {alert for alert, moment in opened if start <= moment < stop and alert in known and known[alert].flagged}
        severe = sum(1 for alert in own if known[alert].severity >= SEVERE_FROM)
        days.append(Day(stop.astimezone(ALMATY).date(), len(own), severe))
    return tuple(days)
