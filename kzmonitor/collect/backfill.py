"""Backfill: reading back in an outlet's own archive by its sitemaps and listings, for a range of days.

How far the reading of each has come is committed with the addresses that it brought: killed, it goes on there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect import entries
from kzmonitor.collect.cut import DAY_IN_ADDRESS
from kzmonitor.collect.feeds import Item
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.sources.addresses import fill, placeholders
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Backfill, Entry, new_id

FIRST_YEAR = 1995
# A day, month or year in the name of a sitemap: sitemap-2021-03.xml, 2021/03.xml, sitemap_2021.xml.
PERIOD_IN_NAME = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?:[-_/.]?(0[1-9]|1[0-2]))?(?![0-9])")


@dataclass(frozen=True)
class Work:
    """The reading of one sitemap or listing. place: how many of its sitemaps, days or pages are done."""

    id: UUID
    url: str
    is_sitemap: bool
    first: date
    last: date
    place: int
    tell: bool

    @property
    def is_dated(self) -> bool:
        """Whether its address names days, months or years."""
        return "yyyy" in placeholders(self.url)

    @property
    def is_paged(self) -> bool:
        """Whether it goes on over pages."""
        return "page" in placeholders(self.url)

    def days(self) -> list[date]:
        """The days whose addresses are read, newest first: one for each address, or the last if it names none."""
        if not self.is_dated:
            return [self.last]
        found: dict[str, date] = {}
        for ago in range((self.last - self.first).days + 1):
            day = self.last - timedelta(days=ago)
            found.setdefault(fill(self.url, 1, day), day)
        return list(found.values())

    def wants(self, url: str) -> bool:
        """Whether an address may be that of an article of the range: its day is in it, or it names none."""
        day = day_of(url)
        return day is None or self.first <= day <= self.last

    def wants_sitemap(self, url: str) -> bool:
        """Whether a sitemap of an index may hold articles of the range, by the year and month in its name."""
        named = PERIOD_IN_NAME.search(urlsplit(url).path)
        if named is None:
            return True
        year, month = int(named[1]), int(named[2] or 0)
        if not month:
            return self.first.year <= year <= self.last.year
        return (self.first.year, self.first.month) <= (year, month) <= (self.last.year, self.last.month)


def plan(
    session: Session,
    declaration: Declaration,
    first: date,
    last: date,
    now: datetime,
    *,
    tell: bool = False,
    again: bool = False,
) -> int:
    """Note what is to be read of a source for the days from `first` to `last`; how much of it is not done yet.

    again: also what was read before. Raises InputError when the days make no sense or there is no archive."""
    if not date(FIRST_YEAR, 1, 1) <= first <= last <= now.date() + timedelta(days=1):
        message = _("{first} to {last}: days from {year} to today are wanted, the first one first")
        raise InputError(message.format(first=first, last=last, year=FIRST_YEAR))
    urls = [*declaration.sitemaps, *declaration.listings]
    if not urls:
        message = _("{slug}: declares neither sitemaps nor listings, so there is no archive to read")
        raise InputError(message.format(slug=declaration.slug))
    entries.register(session, declaration)
    for url in urls:
        row = insert(Backfill).values(
            id=new_id(), source=declaration.slug, url=url, first_day=first, last_day=last, tell=tell, changed_at=now
        )
        start_over = {"state": "open", "place": 0, "tell": tell, "changed_at": now}
        key = ["source", "url", "first_day", "last_day"]
        session.execute(
            row.on_conflict_do_update(index_elements=key, set_=start_over)
            if again
            else row.on_conflict_do_nothing(index_elements=key)
        )
    return len(left(session, declaration))


def left(session: Session, declaration: Declaration) -> list[Work]:
    """What is still to be read of a source, in the order in which it was asked for."""
    query = select(Backfill).where(Backfill.source == declaration.slug, Backfill.state == "open").order_by(Backfill.id)
    declared = {*declaration.sitemaps, *declaration.listings}
    return [
        Work(row.id, row.url, row.url in declaration.sitemaps, row.first_day, row.last_day, row.place, row.tell)
        for row in session.scalars(query)
        if row.url in declared
    ]


def waiting(session: Session, source: str) -> int:
    """How many addresses that backfills found are not fetched yet."""
    query = select(Entry.id).where(
        Entry.source == source, Entry.route == entries.ARCHIVE, Entry.state.in_(("found", "leased"))
    )
    return len(session.scalars(query).all())


def advance(
    session: Session,
    declaration: Declaration,
    work: Work,
    items: Sequence[Item],
    now: datetime,
    *,
    place: int | None = None,
    done: bool = False,
) -> int:
    """Note addresses of the range with how far the reading has come, in one transaction; how many were not known."""
    wanted = [item for item in items if work.wants(item.url)]
    new = entries.add(session, declaration, wanted, now, entries.ARCHIVE, tell=work.tell)
    values: dict[str, object] = {"found": Backfill.found + new, "changed_at": now}
    if place is not None:
        values["place"] = place
    if done:
        values["state"] = "done"
    session.execute(update(Backfill).where(Backfill.id == work.id).values(**values))
    return new


def day_of(url: str) -> date | None:
    """The day that an address names, as /2021/02/03/ or -2021-02-03; None when it names none."""
    match = DAY_IN_ADDRESS.search(url)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups() if part)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def middle_day(items: Sequence[Item]) -> date | None:
    """The day in the middle of those that addresses name; None when none does."""
    days = sorted(day for item in items if (day := day_of(item.url)) is not None)
    return days[len(days) // 2] if days else None
