"""robots.txt, fail-closed: what cannot be read is not consent (RFC 9309, and stricter where it is lenient)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from protego import Protego
from sqlalchemy import update
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Host

MAX_BYTES = 500 * 1024
REFRESH = timedelta(hours=1)
RETRY = timedelta(minutes=5)
GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Robots:
    """What a host's robots.txt says now. `text` None: unknown, nothing may be fetched."""

    text: str | None
    problem: str | None = None

    def allows(self, url: str, agent: str) -> bool:
        """Whether this address may be fetched; never when the file could not be read."""
        return self.text is not None and bool(Protego.parse(self.text).can_fetch(url, agent))

    def crawl_delay_s(self, agent: str) -> float | None:
        """The gap that the host asks for, seconds."""
        if not self.text:
            return None
        delay = Protego.parse(self.text).crawl_delay(agent)
        return float(delay) if delay is not None else None


def judge(status: int, content_type: str, body: bytes) -> Robots:
    """What an answer to /robots.txt means: 404 and 410 allow all, a readable file speaks, the rest is "not now"."""
    if status in (404, 410):
        return Robots(text="")
    if status != 200:
        return Robots(text=None, problem=f"http-{status}")
    if len(body) > MAX_BYTES:
        return Robots(text=None, problem="too-large")
    if "html" in content_type.lower() or body.lstrip()[:1] == b"<":
        return Robots(text=None, problem="html")
    return Robots(text=body.decode("utf-8-sig", errors="replace"))


def remembered(session: Session, host: str, now: datetime) -> Robots | None:
    """What is known of a host without asking it: None when it is time to ask."""
    row = session.get(Host, host)
    if row is None:
        return None
    if row.robots is not None and row.robots_at is not None and now - row.robots_at < REFRESH:
        return Robots(row.robots)
    if row.robots_tried_at is not None and now - row.robots_tried_at < RETRY:
        return last_good(row, now)
    return None


def last_good(row: Host, now: datetime) -> Robots:
    """The last readable file while it is younger than a day; else nothing may be fetched."""
    if row.robots is not None and row.robots_at is not None and now - row.robots_at < GOOD_FOR:
        return Robots(row.robots)
    return Robots(text=None, problem=row.robots_problem or "unreachable")


def remember(session: Session, host: str, answer: Robots, now: datetime) -> Robots:
    """Keep an answer; what holds from now on (the last good file, when this answer is none)."""
    if answer.text is not None:
        values = {"robots": answer.text.replace("\0", ""), "robots_at": now, "robots_problem": None}
    else:
        values = {"robots_problem": answer.problem}
    session.execute(update(Host).where(Host.name == host).values(robots_tried_at=now, **values))
    row = session.get_one(Host, host, populate_existing=True)
    return answer if answer.text is not None else last_good(row, now)
