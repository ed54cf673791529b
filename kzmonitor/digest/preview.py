"""What somebody of certain wishes would have been sent in the last days; nothing is written, nobody is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kzmonitor.digest.facts import facts
from kzmonitor.digest.news import news_between
from kzmonitor.digest.period import Period, last_end
from kzmonitor.digest.selection import Chosen, Wishes, choose
from kzmonitor.digest.subscriptions import Wanted
from kzmonitor.store.tables import AlertEvent

DAYS = 30


@dataclass(frozen=True)
class Past:
    """A digest that would have been sent, and how many of its alerts would have been told at once."""

    period: Period
    chosen: Chosen
    at_once: int


def last_digests(session: Session, wanted: Wanted, now: datetime, days: int = DAYS) -> list[Past]:
    """The digests of the last `days`, the newest first. One that is told at once is shown by days."""
    weekly = wanted.mode == "weekly"
    end = last_end(now, wanted.hour, wanted.weekday if weekly else None)
    step = timedelta(days=7 if weekly else 1)
    periods = []
    while end > now - timedelta(days=days):
        periods.append(Period(end - step, end))
        end -= step
    if not periods:
        return []
    news = news_between(session, periods[-1].start, periods[0].end)
    wishes = Wishes(wanted.labels, wanted.regions, wanted.outlets, wanted.min_severity)
    return [_past(session, period, news, wishes, wanted) for period in periods]


def _past(
    session: Session, period: Period, news: Sequence[tuple[AlertEvent, datetime]], wishes: Wishes, wanted: Wanted
) -> Past:
    events = [event for event, moment in news if period.start <= moment < period.end]
    known = facts(session, {event.alert_id for event in events}, period.end)
    chosen = choose(events, {}, known, period, wishes)
    from_ = wanted.notice_severity or (wanted.min_severity if wanted.mode == "immediate" else 5)
    return Past(period, chosen, sum(1 for item in chosen.items if item.severity >= from_))
