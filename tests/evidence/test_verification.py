"""Whatever is changed in the database is named; what is erased by rule is no tampering."""

from datetime import date, timedelta
from uuid import UUID

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.evidence import erasure, manifests
from kzmonitor.evidence.verification import Problem, received_sha256, verify
from kzmonitor.store import Database
from tests.evidence.conftest import MONDAY, NOON, PAGE, captured

DAY = timedelta(days=1)


def problems(database: Database, day: date | None = None) -> list[Problem]:
    with database.session() as session:
        return verify(session, day).problems


def tampered(database: Database, statement: str, **values: object) -> None:
    """What somebody with the database's password can do, past its keys."""
    with database.engine.begin() as connection:
        connection.execute(text("alter table manifest_leaf drop constraint fk_manifest_leaf_day"))
        connection.execute(text(statement), values)


@pytest.fixture(autouse=True)
def mended(database: Database) -> object:
    """Puts the key back that tampering removes."""
    yield
    with database.engine.begin() as connection:
        connection.execute(text("truncate manifest_leaf"))
        connection.execute(text("alter table manifest_leaf drop constraint if exists fk_manifest_leaf_day"))
        connection.execute(
            text(
                "alter table manifest_leaf add constraint fk_manifest_leaf_day foreign key (day) "
                "references manifest (day) deferrable initially deferred"
            )
        )


def test_what_nobody_touched_matches(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        done = verify(session)
    assert (done.captures, done.waiting, done.erased, done.problems) == (5, 0, [], [])
    assert [(one.day, one.captures) for one in done.days] == [(MONDAY, 5)]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("url = url || '?'", ("url",)),
        ("fetched_at = fetched_at + interval '1 microsecond'", ("time",)),
        ("status = 201", ("status",)),
        ("""headers = headers || '{"Server": ["x"]}'""", ("headers",)),
        ("""headers = '{"Content-Type": ["text/html; charset=utf-7"]}'""", ("headers",)),
        ("sha256 = set_byte(sha256, 0, get_byte(sha256, 0) # 1)", ("sha256",)),
        ("body = set_byte(body, 12, get_byte(body, 12) # 1)", ("body",)),
        ("body = body || '\\x00'", ("body",)),
        ("url = 'x', status = 0", ("url", "status")),
        ("status = 0, body = set_byte(body, 12, 0)", ("status", "body")),
    ],
)
def test_a_change_is_named_with_capture_address_and_what_differs(
    database: Database, monday: list[UUID], change: str, parts: tuple[str, ...]
) -> None:
    tampered(database, f"update capture set {change} where id = :id", id=monday[2])
    found = problems(database)
    assert [(one.state, one.day, one.capture, one.parts) for one in found] == [("changed", MONDAY, monday[2], parts)]
    assert found[0].url


def test_a_body_replaced_together_with_its_hash_is_named(database: Database, monday: list[UUID]) -> None:
    tampered(
        database,
        "update capture set body = other.body, sha256 = other.sha256 from capture other "
        "where capture.id = :id and other.id = :other",
        id=monday[0],
        other=monday[1],
    )
    assert [(one.capture, one.parts) for one in problems(database)] == [(monday[0], ("sha256", "stored"))]


def test_a_body_compressed_anew_is_named_as_another_form_of_the_same(database: Database, monday: list[UUID]) -> None:
    anew = zstandard.ZstdCompressor(write_checksum=True).compress(PAGE * 10)
    with database.session() as session:
        one = captured(session, body=PAGE * 10, stored=NOON + DAY)
    manifests.close(database, NOON + 2 * DAY)
    tampered(database, "update capture set body = :anew where id = :id", id=one, anew=anew)
    assert [(one.state, one.parts) for one in problems(database)] == [("changed", ("stored",))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit_of_a_stored_body_is_named(database: Database, monday: list[UUID], data: st.DataObject) -> None:
    with database.session() as session:
        length = session.scalar(text("select octet_length(body) from capture where id = :id"), {"id": monday[3]})
        bit = data.draw(st.integers(0, length * 8 - 1))
        flip = "update capture set body = set_bit(body, :bit, 1 - get_bit(body, :bit)) where id = :id"
        session.execute(text(flip), {"bit": bit, "id": monday[3]})
        found = verify(session).problems
        assert [(one.state, one.capture) for one in found] == [("changed", monday[3])]
        assert set(found[0].parts) < {"body", "stored"}
        session.rollback()


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("delete from capture where id = :id", "missing"),
        ("update capture set body = null where id = :id", "body-gone"),
        ("update manifest_leaf set parts = set_byte(parts, 0, get_byte(parts, 0) # 1) where capture = :id",
         "parts-changed"),
    ],
)  # fmt: skip
def test_what_is_gone_or_changed_beside_the_leaf_is_named(
    database: Database, monday: list[UUID], statement: str, state: str
) -> None:
    tampered(database, statement, id=monday[1])
    assert [(one.state, one.capture) for one in problems(database)] == [(state, monday[1])]


def test_a_leaf_that_was_changed_no_longer_gives_the_root(database: Database, monday: list[UUID]) -> None:
    tampered(
        database, "update manifest_leaf set leaf = set_byte(leaf, 0, get_byte(leaf, 0) # 1) where capture = :id",
        id=monday[1],
    )  # fmt: skip
    assert [(one.state, one.capture) for one in problems(database)] == [("leaf-changed", monday[1]), ("root", None)]


def test_a_capture_changed_together_with_its_leaf_is_betrayed_by_the_root(
    database: Database, monday: list[UUID]
) -> None:
    with database.session() as session:
        session.execute(text("update capture set status = 404 where id = :id"), {"id": monday[1]})
        session.execute(text("delete from manifest_leaf"))
        root = session.scalar(text("delete from manifest returning root"))
    manifests.close(database, NOON + DAY)
    assert problems(database) == []
    tampered(database, "update manifest set root = :root", root=root)
    assert [(one.state, one.day) for one in problems(database)] == [("root", MONDAY)]


@pytest.mark.parametrize(
    ("change", "states"),
    [
        ("root = set_byte(root, 0, get_byte(root, 0) # 1)", [("root", 17), ("chain", 18)]),
        ("previous_root = null", [("chain", 17), ("root", 17)]),
        ("captures = captures + 1", [("count", 17), ("root", 17)]),
        ("closed_at = closed_at - interval '1 second'", [("root", 17)]),
        ("timestamp = 'x'", [("timestamp", 17)]),
    ],
)
def test_a_manifest_row_that_was_changed_is_named(
    database: Database, monday: list[UUID], change: str, states: list[tuple[str, int]]
) -> None:
    manifests.close(database, NOON + 3 * DAY)
    tampered(database, f"update manifest set {change} where day = '2026-11-17'")
    assert [(one.state, one.day and one.day.day) for one in problems(database)] == states


def test_a_manifest_that_was_removed_is_named(database: Database, monday: list[UUID]) -> None:
    manifests.close(database, NOON + 3 * DAY)
    tampered(database, "delete from manifest where day = '2026-11-17'")
    assert {(one.state, one.day and one.day.day) for one in problems(database)} == {("day-missing", 17), ("chain", 18)}
    tampered_again = "delete from manifest where day = '2026-11-16'"
    with database.engine.begin() as connection:
        connection.execute(text(tampered_again))
    assert {(one.state, one.day and one.day.day) for one in problems(database)} == {
        ("chain", 18),
        ("manifest-missing", 16),
    }


def test_a_capture_slipped_in_before_the_last_closing_is_named_until_a_manifest_covers_it(
    database: Database, monday: list[UUID]
) -> None:
    with database.session() as session:
        slipped = captured(session, at=NOON, stored=NOON)
    assert [(one.state, one.capture) for one in problems(database)] == [("in-no-manifest", slipped)]
    assert [(one.state, one.capture) for one in problems(database, MONDAY)] == [("in-no-manifest", slipped)]
    manifests.close(database, NOON + 2 * DAY)
    assert problems(database) == []


def test_todays_captures_wait_but_their_bodies_are_checked(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        today = captured(session, at=NOON + DAY)
        assert (verify(session).waiting, verify(session).problems) == (1, [])
    tampered(database, "update capture set body = set_byte(body, 12, 0) where id = :id", id=today)
    assert [(one.capture, one.parts) for one in problems(database)] == [(today, ("body",))]


def test_a_body_erased_by_rule_is_told_and_its_leaf_still_verifies(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        erasure.erase(session, monday[2], "request of the person, 3 May", NOON + DAY)
    with database.session() as session:
        done = verify(session)
    assert [(one.capture, one.why) for one in done.erased] == [(monday[2], "request of the person, 3 May")]
    assert done.problems == []


def test_nothing_hides_behind_an_erasure(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        erasure.erase(session, monday[2], "rule", NOON + DAY)
    tampered(database, "update capture set status = 404 where id = :id", id=monday[2])
    assert [(one.capture, one.parts) for one in problems(database)] == [(monday[2], ("status",))]


def test_a_mark_of_erasure_on_a_body_that_is_there_is_named(database: Database, monday: list[UUID]) -> None:
    tampered(database, "update capture set erased_at = now() where id = :id", id=monday[2])
    assert [(one.state, one.capture) for one in problems(database)] == [("erased-but-there", monday[2])]


def test_one_day_is_checked_by_itself(database: Database, monday: list[UUID]) -> None:
    with database.session() as session:
        tuesday = captured(session, at=NOON + DAY)
    manifests.close(database, NOON + 2 * DAY)
    tampered(database, "update capture set status = 404 where id = :id", id=tuesday)
    with database.session() as session:
        assert verify(session, MONDAY).problems == []
        assert verify(session, MONDAY).captures == 5
    assert [one.capture for one in problems(database, MONDAY + DAY)] == [tuesday]


def test_a_day_without_manifest_is_an_error_that_says_which_there_are(database: Database, monday: list[UUID]) -> None:
    with database.session() as own, pytest.raises(InputError, match="2026-11-16 to 2026-11-16"):
        verify(own, MONDAY + DAY)


def test_before_the_first_closing_there_is_none(session: Session) -> None:
    with pytest.raises(InputError, match="no day has been closed yet"):
        verify(session, MONDAY)
    captured(session)
    assert (verify(session).waiting, verify(session).problems) == (1, [])


def test_a_body_that_unpacks_to_gigabytes_is_read_piece_by_piece() -> None:
    bomb = zstandard.ZstdCompressor().compressobj()
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(300)) + bomb.flush()
    assert received_sha256(packed) is not None
    assert received_sha256(PAGE) is None
