"""Figures that take long to count are kept with their moment, and counted again when they are too old."""

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Figure

T = TypeVar("T")
# Does some work by its name, in a session of its own, after the answer was given.
Later = Callable[[str, Callable[[Session], None]], None]
LOCK = 0x6B7A6669
FORGOTTEN_AFTER = timedelta(days=7)


class Kept(Generic[T]):
    """Figures of one type (a dataclass) by name."""

    def __init__(self, type_: type[T]) -> None:
        self._adapter = TypeAdapter(type_)

    def get(
        self,
        session: Session,
        name: str,
        now: datetime,
        fresh: timedelta,
        count: Callable[[Session], T],
        later: Later | None = None,
    ) -> tuple[T, datetime]:
        """The figures of this name and when they were counted: kept ones that are not older than `fresh`, else counted
        now. While somebody else counts them anew, the old ones are good enough; with `later`, which does it when the
        answer is given, they always are."""
        row = session.execute(select(Figure.body, Figure.made_at).where(Figure.name == name)).one_or_none()
        if row is not None and now - row.made_at >= fresh and later is not None:
            later(name, lambda other: self._renew(other, name, now, fresh, count))
            return self._adapter.validate_python(row.body), row.made_at
        if row is not None and (now - row.made_at < fresh or not may_count(session, name)):
            return self._adapter.validate_python(row.body), row.made_at
        return self._counted(session, name, now, count), now

    def _renew(
        self, session: Session, name: str, now: datetime, fresh: timedelta, count: Callable[[Session], T]
    ) -> None:
        """Count anew, unless another process does or has."""
        if may_count(session, name):
            made_at = session.scalar(select(Figure.made_at).where(Figure.name == name))
            if made_at is None or now - made_at >= fresh:
                self._counted(session, name, now, count)

    def _counted(self, session: Session, name: str, now: datetime, count: Callable[[Session], T]) -> T:
        figures = count(session)
        body = self._adapter.dump_python(figures, mode="json")
        values = insert(Figure).values(name=name, made_at=now, body=body)
        session.execute(
            values.on_conflict_do_update(
                index_elements=[Figure.name], set_={"made_at": now, "body": values.excluded.body}
            )
        )
        session.execute(delete(Figure).where(Figure.made_at < now - FORGOTTEN_AFTER))
        return figures


def may_count(session: Session, name: str) -> bool:
    """Whether nobody else counts these figures; then nobody else will until the transaction ends."""
    key = zlib.crc32(name.encode()) & 0x7FFFFFFF
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(LOCK, key))))
