"""The log of what people did. Rows are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Account, AuditLog, new_id


@dataclass(frozen=True)
class Entry:
    """One line of the log. by: the pseudonym; None where the command line did it."""

    id: UUID
    by: str | None
    action: str
    subject: str
    subject_id: UUID | None
    subject_name: str | None
    before: dict[str, Any] | None
    at: datetime


def note(
    session: Session,
    person_id: UUID | None,
    action: str,
    subject: str,
    subject_id: UUID | None,
    before: Mapping[str, Any] | None,
    now: datetime,
) -> None:
    """Write down that this person did this to a row, and what it was before.

    person_id: None for the command line. action: a verb and its object, `disable account`; subject: the name of the
    row's table. before: what changed, as JSON; never a secret, nor the hash of one."""
    session.add(
        AuditLog(
            id=new_id(),
            account_id=person_id,
            action=action,
            subject=subject,
            subject_id=subject_id,
            before=dict(before) if before is not None else None,
            created_at=now,
        )
    )
    session.flush()


def entries(
    session: Session, *, limit: int, before: UUID | None = None, of: tuple[str, UUID] | None = None
) -> list[Entry]:
    """The latest lines, newest first. before: only older ones than this; of: only those of this row (table, id)."""
    named = select(Account).subquery()
    query = (
        select(
            AuditLog.id, Account.pseudonym, AuditLog.action, AuditLog.subject, AuditLog.subject_id,
            named.c.pseudonym, AuditLog.before, AuditLog.created_at,
        )
        .outerjoin(Account, Account.id == AuditLog.account_id)
        .outerjoin(named, (named.c.id == AuditLog.subject_id) & (AuditLog.subject == "account"))
        .order_by(AuditLog.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        query = query.where(AuditLog.id < before)
    if of is not None:
        query = query.where(AuditLog.subject == of[0], AuditLog.subject_id == of[1])
    return [Entry(*row) for row in session.execute(query)]
