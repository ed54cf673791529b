"""How many tries somebody has, counted in the database, so that it holds for all processes together.

A try is counted before it is judged, and taken back when it succeeds: a thousand at once are no more than one after
another. What was tried and from where is kept as a keyed hash, for a day."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kzmonitor.accounts.keys import Keys
from kzmonitor.store.tables import LoginAttempt, new_id

KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """After so many tries without success nobody is listened to until the oldest is older than `per`."""

    tries: int
    per: timedelta


# Ten guesses a quarter of an hour are under a thousand a day. Many people may share one address.
BY_ACCOUNT = Limit(10, timedelta(minutes=15))
BY_CLIENT = Limit(50, timedelta(minutes=15))
BY_START_TOKEN = Limit(10, timedelta(minutes=1))


def may_try(
    session: Session,
    keys: Keys,
    subject: str,
    client: str,
    now: datetime,
    *,
    by_subject: Limit = BY_ACCOUNT,
    by_client: Limit = BY_CLIENT,
) -> bool:
    """Count one more try; False when it is not to be judged. Commit before judging."""
    what, where = keys.hashed("subject", subject), keys.hashed("client", _network(client))
    for key in sorted((what, where)):
        session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key[:8], signed=True))))
    session.execute(delete(LoginAttempt).where(LoginAttempt.created_at < now - KEPT))
    for column, key, limit in ((LoginAttempt.subject, what, by_subject), (LoginAttempt.client, where, by_client)):
        tried = select(func.count()).where(column == key, LoginAttempt.created_at > now - limit.per)
        if (session.scalar(tried) or 0) >= limit.tries:
            return False
    session.add(LoginAttempt(id=new_id(), subject=what, client=where, created_at=now))
    session.flush()
    return True


def succeeded(session: Session, keys: Keys, subject: str) -> None:
    """Forget the tries to open this: it is open."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.subject == keys.hashed("subject", subject)))


def _network(client: str) -> str:
    """The address, or of IPv6 the network that one customer is given."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if address.version == 6 else str(address)
