"""The daily period: from the last period's end to 08:00 in Almaty."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ALMATY = ZoneInfo("Asia/Almaty")
DIGEST_TIME = time(8, 0)


@dataclass(frozen=True)
class Period:
    """From `start` up to, but without, `end`; both aware. `day` is the day in Almaty on which it ends."""

    start: datetime
    end: datetime

    @property
    def day(self) -> date:
        """The day that a digest of this period is named by."""
        return self.end.astimezone(ALMATY).date()


def ending_on(day: date, start: datetime | None = None) -> Period:
    """The period that ends at 08:00 on `day`; from the morning before, unless an earlier one ended elsewhere."""
    end = datetime.combine(day, DIGEST_TIME, ALMATY)
    return Period(start or datetime.combine(day - timedelta(days=1), DIGEST_TIME, ALMATY), end)


def digest_day(moment: datetime) -> date:
    """The day of the last digest whose period has ended at `moment`."""
    local = moment.astimezone(ALMATY)
    return local.date() if local.time() >= DIGEST_TIME else local.date() - timedelta(days=1)


def last_end(now: datetime, hour: int, weekday: int | None = None) -> datetime:
    """The last moment up to `now` at which it was `hour` o'clock in Almaty (on that weekday; 0: Monday)."""
    local = now.astimezone(ALMATY)
    end = datetime.combine(local.date(), time(hour), ALMATY)
    if end > local:
        end -= timedelta(days=1)
    return end if weekday is None else end - timedelta(days=(end.weekday() - weekday) % 7)
