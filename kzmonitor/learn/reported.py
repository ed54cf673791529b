"""What the cases that people report say of ours: how many of them we had already.

Two nets are cast over the same cases: the monitor and the people who read it. Of the cases that people bring, the share
that the monitor had flagged before is an estimate of the share that it flags of all (capture and recapture; Chapman,
University of California Publications in Statistics 1, 1951), with Wilson's interval (Journal of the American
Statistical Association 22, 1927). It is a low one: who reports a missed case has looked first whether it is there, and
reports of what is flagged are made by mistake. So it stands beside the estimate of the audit (`missed.py`), whose draws
are random, and goes into none of its figures. A case that several report counts once."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from kzmonitor.store.partitions import first_id
from kzmonitor.store.tables import MissedReport

# 95 % of a normal distribution lie within so many standard deviations.
DEVIATIONS = 1.959964


@dataclass(frozen=True)
class Reported:
    """Cases that people reported: flagged before; collected and not flagged; not collected. share: of the flagged, with
    its 95 % interval; None when there was no report."""

    since: datetime
    flagged: int
    unflagged: int
    unknown: int
    share: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return self.flagged + self.unflagged + self.unknown

    @property
    def missed(self) -> int:
        """Those that nobody would have seen without the report."""
        return self.unflagged + self.unknown


def reported(session: Session, since: datetime) -> Reported:
    """The reports of a time that led to an article; as each stood when it was reported first."""
    first = (
        select(MissedReport.standing)
        .ext(distinct_on(MissedReport.article_id))
        .where(MissedReport.id >= first_id(since), MissedReport.state == "done")
        .where(MissedReport.article_id.is_not(None))
        .order_by(MissedReport.article_id, MissedReport.id)
        .subquery()
    )
    rows = session.execute(select(first.c.standing, func.count()).group_by(first.c.standing)).all()
    counts: Counter[str] = Counter(dict(tuple(row) for row in rows))
    total = counts.total()
    found = counts["flagged"]
    shares = (found / total, *wilson(found, total)) if total else (None, None, None)
    return Reported(since, found, counts["unflagged"], counts["unknown"], *shares)


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = DEVIATIONS, hits / tries
    middle = share + z * z / (2 * tries)
    reach = z * sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    scale = 1 + z * z / tries
    return max((middle - reach) / scale, 0.0), min((middle + reach) / scale, 1.0)
