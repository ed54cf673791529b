"""How long traces are kept: rules that remove whole rows, in short batches, oldest first.

A rule is data: which rows it may take, of those that are old enough. Pages and what was drawn from them have rules of
their own, in evidence.pruning, since evidence decides there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from kzmonitor.store import partitions

BATCH = 1000


@dataclass(frozen=True)
class Rule:
    """Rows of `table` for which `old` holds and that `free` lets go. `old` compares with :before, or with :first, the
    smallest identifier of that moment, so that an index finds them. setting: of the days that they are kept."""

    name: str
    table: str
    setting: str
    old: str
    free: str = "true"

    def rows(self, what: str) -> str:
        """A query for `what` of the rows that may go."""
        return f"select {what} from {self.table} as one where {self.old} and {self.free}"  # noqa: S608


# What was done to an alert that still waits for a decision stays.
_DECIDED = "not exists (select from alert_rank where alert = one.subject_id and status = 'open')"
# The newest good look at each address stays, and what came after it: the next conditional request needs it.
_LOOKED_AGAIN = """exists (
    select from poll as later where later.source = one.source and later.url = one.url
    and later.started > one.started and later.state in ('ok', 'not-modified')
)"""
RULES = (
    Rule("ended sessions", '"session"', "keep_logins_days", "expires_at < :before"),
    Rule("ended sign-ons", "oidc_login", "keep_logins_days", "expires_at < :before"),
    Rule("ended invitations", "invitation", "keep_logins_days", "expires_at < :before"),
    Rule("failed logins", "login_attempt", "keep_logins_days", "created_at < :before"),
    Rule("used recovery codes", "recovery_code", "keep_log_days", "used_at < :before"),
    Rule("log of actions", "audit_log", "keep_log_days", "id < :first", _DECIDED),
    Rule("looks at feeds", "poll", "keep_polls_days", "id < :first", _LOOKED_AGAIN),
)


def waiting(session: Session, rule: Rule, now: datetime, days: int) -> int:
    """How many rows a rule would remove."""
    return session.scalar(text(rule.rows("count(*)")), _moments(now, days)) or 0


def remove(session: Session, rule: Rule, now: datetime, days: int) -> int:
    """Remove up to `BATCH` rows by a rule; how many it were. The caller commits, and asks again until there are none.

    Rows that somebody else holds are left for the next time."""
    chosen = f"{rule.rows('one.id')} order by one.id limit {BATCH} for update skip locked"
    done = session.execute(text(f"delete from {rule.table} where id in ({chosen}) returning id"), _moments(now, days))  # noqa: S608
    return len(done.all())


def _moments(now: datetime, days: int) -> dict[str, object]:
    before = now - timedelta(days=days)
    return {"before": before, "first": partitions.first_id(before)}
