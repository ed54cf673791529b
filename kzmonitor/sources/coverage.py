"""How much came in: articles a day by source and language, counted once and kept.

A day is one of Almaty; an article belongs to the day on which it was found. What was imported or read back in an
archive is no coverage of that day and is left out, unless it was news then."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Date, DateTime, cast, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Article, Coverage, Revision

ALMATY = ZoneInfo("Asia/Almaty")
# A page that fails is tried again for a day and a half; so long do the counts of a day still grow, with some to spare.
STILL_GROWING = timedelta(days=4)
LOCK = 0x6B7A636F


def day_of(moment: datetime) -> date:
    """The day in Almaty."""
    return moment.astimezone(ALMATY).date()


def day_start(day: date) -> datetime:
    """The first moment of a day in Almaty."""
    return datetime(day.year, day.month, day.day, tzinfo=ALMATY)


def count_days(session: Session, now: datetime) -> date:
    """Count the days anew whose numbers may have changed, up to now; the first of them.

    The first time, and after a pause, that is all days that were not counted yet. Done twice, nothing changes; two
    at once wait for each other."""
    session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    newest = session.scalar(select(func.max(Coverage.day)))
    if newest is None:
        first_seen = session.scalar(select(func.min(Article.first_seen)))
        first = day_of(first_seen or now)
    else:
        first = min(newest, day_of(now)) - STILL_GROWING
    day = cast(func.timezone(ALMATY.key, Article.first_seen), Date)
    counted = (
        select(day, Article.source, Revision.language, func.count(), literal(now, DateTime(timezone=True)))
        .join(Revision, Revision.id == Article.current_revision)
        .where(Article.first_seen >= day_start(first), Article.tell)
        .group_by(day, Article.source, Revision.language)
    )
    columns = ["day", "source", "language", "articles", "counted_at"]
    session.execute(delete(Coverage).where(Coverage.day >= first))
    session.execute(insert(Coverage).from_select(columns, counted))
    return first


def counted_at(session: Session) -> datetime | None:
    """When the days were counted last; None when they never were."""
    return session.scalar(select(Coverage.counted_at).order_by(Coverage.day.desc()).limit(1))
