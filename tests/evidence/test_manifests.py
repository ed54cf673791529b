"""Days are closed once, in order, and nothing that was captured is left out."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.evidence import leaves, manifests
from kzmonitor.evidence.leaves import Witnessed
from kzmonitor.evidence.trees import Tree
from kzmonitor.evidence.verification import verify
from kzmonitor.store import Database
from kzmonitor.store.tables import Capture, Manifest, ManifestLeaf
from tests.evidence.conftest import MONDAY, NOON, captured

DAY = timedelta(days=1)


def covered(session: Session) -> dict[date, set[UUID]]:
    found: dict[date, set[UUID]] = {one.day: set() for one in manifests.all_days(session)}
    for row in session.scalars(select(ManifestLeaf)):
        found[row.day].add(row.capture_id)
    return found


def test_a_day_is_closed_when_it_has_ended_and_not_before(database: Database) -> None:
    with database.session() as session:
        kept = captured(session)
    assert manifests.close(database, NOON.replace(hour=23, minute=59)) == []
    assert manifests.close(database, NOON.replace(day=17, hour=0)) == [MONDAY]
    with database.session() as session:
        assert covered(session) == {MONDAY: {kept}}


def test_the_root_can_be_computed_by_anybody_from_the_captures_alone(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        manifest = session.get_one(Manifest, MONDAY)
        tree = Tree()
        for capture in session.scalars(select(Capture).order_by(Capture.id)):
            tree.add(leaves.leaf(leaves.document(Witnessed(
                capture.id, capture.url, capture.fetched_at, capture.status, capture.headers, capture.sha256
            ))))  # fmt: skip
        tree.add(manifests.day_leaf(MONDAY, 5, manifest.closed_at, None))
        assert tree.root() == manifest.root


def test_missed_days_are_closed_in_order_those_without_captures_too(database: Database) -> None:
    with database.session() as session:
        captured(session)
        captured(session, at=NOON + 2 * DAY)
    assert manifests.close(database, NOON + 4 * DAY) == [MONDAY + n * DAY for n in range(4)]
    with database.session() as session:
        days = list(manifests.all_days(session))
        assert [one.captures for one in days] == [1, 0, 1, 0]
        assert [one.previous_root for one in days] == [None, *(one.root for one in days[:-1])]
        assert len({one.root for one in days}) == 4


def test_closing_again_changes_nothing(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        before = session.get_one(Manifest, MONDAY)
    assert manifests.close(database, NOON + DAY) == []
    with database.session() as session:
        after = session.get_one(Manifest, MONDAY)
        assert (after.root, after.closed_at) == (before.root, before.closed_at)


def test_what_was_committed_late_is_covered_by_the_next_manifest_and_by_one_only(
    database: Database, monday: list[UUID]
) -> None:
    with database.session() as session:
        root = session.get_one(Manifest, MONDAY).root
        late = captured(session, at=NOON, stored=NOON + DAY)
        new = captured(session, at=NOON + DAY)
    assert manifests.close(database, NOON + 2 * DAY) == [MONDAY + DAY]
    with database.session() as session:
        assert covered(session) == {MONDAY: set(monday), MONDAY + DAY: {late, new}}
        assert session.get_one(Manifest, MONDAY).root == root
        assert verify(session).problems == []


def test_proof_of_an_imported_archive_begins_with_its_import(database: Database) -> None:
    with database.session() as session:
        old = captured(session, at=NOON - 2000 * DAY, stored=NOON, route="import")
    assert manifests.close(database, NOON + DAY) == [MONDAY]
    with database.session() as session:
        assert covered(session) == {MONDAY: {old}}


def test_a_capture_dated_in_the_future_waits_for_its_day(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        ahead = captured(session, at=NOON + 3 * DAY, stored=NOON + DAY)
    manifests.close(database, NOON + 2 * DAY)
    with database.session() as session:
        assert ahead not in covered(session)[MONDAY + DAY]
    manifests.close(database, NOON + 4 * DAY)
    with database.session() as session:
        assert covered(session)[MONDAY + 3 * DAY] == {ahead}


def test_without_captures_there_is_nothing_to_close(database: Database) -> None:
    assert manifests.close(database, NOON) == []


def test_two_that_close_at_once_close_each_day_once(database: Database) -> None:
    with database.session() as session:
        for n in range(50):
            captured(session, at=NOON + timedelta(hours=n))
    with ThreadPoolExecutor(4) as pool:
        closed = [
            day for days in pool.map(lambda _n: manifests.close(database, NOON + 9 * DAY), range(4)) for day in days
        ]
    assert sorted(closed) == [MONDAY + n * DAY for n in range(9)]
    with database.session() as session:
        done = verify(session)
    assert (done.captures, done.waiting, done.problems) == (50, 0, [])


KILLED_WHILE_CLOSING = """
import os, signal, sys
from datetime import datetime, UTC
from sqlalchemy.engine import make_url
from kzmonitor.evidence import manifests
from kzmonitor.store import engine
close_day, days = manifests._close_day, []
def close_one_and_die_in_the_next(*arguments):
    close_day(*arguments)
    days.append(1)
    if len(days) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
manifests._close_day = close_one_and_die_in_the_next
with engine.connected(make_url(sys.argv[1])) as database:
    manifests.close(database, datetime(2026, 11, 20, tzinfo=UTC))
"""


def test_killed_while_closing_it_goes_on_where_it_was(database: Database) -> None:
    with database.session() as session:
        for n in range(4):
            captured(session, at=NOON + n * DAY)
    address = database.url.render_as_string(hide_password=False)
    assert subprocess.run([sys.executable, "-c", KILLED_WHILE_CLOSING, address], check=False).returncode == -9
    with database.session() as session:
        assert [one.day for one in manifests.all_days(session)] == [MONDAY]
    assert manifests.close(database, NOON + 4 * DAY) == [MONDAY + n * DAY for n in (1, 2, 3)]
    with database.session() as session:
        assert verify(session).problems == []


def test_a_root_is_printed_in_groups() -> None:
    assert manifests.grouped(bytes(range(32))).split() == [bytes(range(n, n + 4)).hex() for n in range(0, 32, 4)]
