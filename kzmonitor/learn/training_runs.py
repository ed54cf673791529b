"""Retrainings that people ask for: a row that says what is wanted, and what becomes of it.

Training takes a minute and a gigabyte, which is no work for the process that answers pages. Whoever runs
`kzmonitor retrain --requested` (a DAG does, every two minutes) takes the row and trains. One is open at a time; a run
whose process died is taken over once, and fails the second time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError, KzmonitorError
from kzmonitor.i18n import _
from kzmonitor.learn.retrain import Retrained
from kzmonitor.store import Database, leases
from kzmonitor.store.tables import Account, TrainingRun, new_id

LOCK = 0x6B7A7472
LEASE = timedelta(hours=2)
MOST_TRIES = 2
LONGEST_REASON = 200
SHOWN = 10
OPEN = ("waiting", "running")


@dataclass(frozen=True)
class RunView:
    """A run as a page shows it. by: a pseudonym, or None. line: what went wrong, in one line."""

    id: UUID
    state: str
    reason: str
    promote: bool
    by: str | None
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    version: str | None
    line: str | None


def ask(session: Session, reason: str, *, promote: bool, account_id: UUID | None, now: datetime) -> UUID:
    """Ask for a retraining. Raises InputError without a reason, and while another one waits or runs."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise InputError(_("say why, in up to {number} characters").format(number=LONGEST_REASON))
    session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    if session.scalar(select(TrainingRun.id).where(TrainingRun.state.in_(OPEN)).limit(1)) is not None:
        raise InputError(_("a retraining is under way already; wait for its end"))
    run = TrainingRun(
        id=new_id(), state="waiting", reason=reason, promote=promote, account_id=account_id, asked_at=now, tries=0
    )
    session.add(run)
    session.flush()
    return run.id


def runs(session: Session, limit: int = SHOWN) -> list[RunView]:
    """The latest runs, newest first."""
    query = (
        select(
            TrainingRun.id, TrainingRun.state, TrainingRun.reason, TrainingRun.promote, Account.pseudonym,
            TrainingRun.asked_at, TrainingRun.started_at, TrainingRun.ended_at, TrainingRun.outcome,
            TrainingRun.version, TrainingRun.line,
        )
        .outerjoin(Account, Account.id == TrainingRun.account_id)
        .order_by(TrainingRun.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [RunView(*row) for row in session.execute(query)]


def run_asked(
    database: Database, train: Callable[[str, bool], Retrained], now: Callable[[], datetime]
) -> RunView | None:
    """Take the run that waits, if one does, train by it (reason, whether to promote) and write down how it ended; it,
    or None. What stops the training is kept with the run as one line, and raised."""
    with leases.holder(database.engine) as holder:
        with database.session() as session:
            taken = _take(session, holder, now())
        if taken is None:
            return None
        id, reason, promote = taken
        try:
            done = train(reason, promote)
        except (KzmonitorError, SQLAlchemyError, OSError, MemoryError) as error:
            line = str(error).splitlines()[0] if isinstance(error, KzmonitorError) else type(error).__name__
            with database.session() as session:
                _end(session, id, holder, now(), state="failed", line=line)
            raise
        with database.session() as session:
            _end(session, id, holder, now(), state="done", outcome=done.outcome, version=done.version)
            return next(one for one in runs(session) if one.id == id)


def _take(session: Session, holder: int, now: datetime) -> tuple[UUID, str, bool] | None:
    dead = (TrainingRun.state == "running") & leases.ended(TrainingRun.lease_until, TrainingRun.holder)
    query = (
        select(TrainingRun)
        .where(or_(TrainingRun.state == "waiting", dead))
        .order_by(TrainingRun.asked_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    run = session.scalars(query).one_or_none()
    if run is None:
        return None
    if run.tries >= MOST_TRIES:
        run.state, run.ended_at, run.line = "failed", now, _("the process that trained has died, twice")
        run.holder = run.lease_until = None
        return None
    run.state, run.started_at, run.tries = "running", now, run.tries + 1
    session.flush()
    # By the clock of the database, which judges whether it has ended.
    lease = {"holder": holder, "lease_until": func.now() + LEASE}
    session.execute(update(TrainingRun).where(TrainingRun.id == run.id).values(lease))
    return run.id, run.reason, run.promote


def _end(session: Session, id: UUID, holder: int, now: datetime, **values: str | None) -> None:
    run = session.scalars(select(TrainingRun).where(TrainingRun.id == id).with_for_update()).one()
    if run.holder != holder:
        return  # taken over by another process, which answers for it
    run.ended_at, run.holder, run.lease_until = now, None, None
    for name, value in values.items():
        setattr(run, name, value)
