"""Work that waits until an answer was given is done once, by itself, and a failure ends nothing."""

import threading

from sqlalchemy import text
from sqlalchemy.orm import Session

from kzmonitor.review.renewing import Renewal
from kzmonitor.store import Database


def test_the_same_work_does_not_wait_twice_and_the_next_follows_a_failure(database: Database) -> None:
    later, begun, goes_on, done = Renewal(database), threading.Event(), threading.Event(), threading.Event()
    made: list[str] = []

    def fails(session: Session) -> None:
        begun.set()
        assert goes_on.wait(30)
        made.append("a")
        session.execute(text("select 1 / 0"))

    later("a", fails)
    assert begun.wait(30)
    # The first is being done: one more of its name is not needed.
    later("a", lambda _session: made.append("a again"))
    later("b", lambda _session: made.append("b"))
    later("c", lambda _session: done.set())
    goes_on.set()
    assert done.wait(30)
    assert made == ["a", "b"]
