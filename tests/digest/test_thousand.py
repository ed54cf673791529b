"""A thousand readers, a sender killed fifty times, a server that is late, refuses, or is dead: nobody gets none, and a
second copy only where it stayed unknown whether the first arrived."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from kzmonitor.digest.sending import MOST_DOUBTS
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber
from tests.digest.conftest import END, committed
from tests.ports import closed_port, free_port

READERS, LIVES = 1000, 50
NOBODY, LATE, ONCE = 20, 5, 5
LANGUAGES = ("ru", "kk", "en")


def addresses() -> list[str]:
    """A thousand, the odd ones spread among them."""
    odd = {number * 23: f"nobody{number}@example.org" for number in range(NOBODY)}
    odd |= {number * 41 + 1: f"late{number}@example.org" for number in range(LATE)}
    odd |= {number * 43 + 2: f"once{number}@example.org" for number in range(ONCE)}
    assert len(odd) == NOBODY + LATE + ONCE
    return [odd.get(number, f"reader{number}@example.org") for number in range(READERS)]


@pytest.fixture
def accepted(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The port of a running server, and the file in which it notes what it accepted."""
    port, file = free_port(), tmp_path / "accepted"
    file.touch()
    server = subprocess.Popen([*program("server"), str(port), str(file)], stdout=subprocess.PIPE, cwd=os.getcwd())
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    yield port, file
    server.kill()
    server.wait()


def program(part: str) -> list[str]:
    return [sys.executable, "-m", "tests.digest.thousand", part]


def run(part: str, database: Database, *arguments: object) -> str:
    address = database.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [*program(part), address, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_every_mailbox_holds_its_digest_and_second_copies_only_where_that_was_unknown(
    database: Database, accepted: tuple[int, Path]
) -> None:
    committed(database, "Задержали журналиста в Алматы", "Обыск в редакции", "Суд оштрафовал активистку")
    with database.session() as session:
        session.add_all(
            Subscriber(
                address=address,
                language=LANGUAGES[number % 3],
                labels=[[], ["detention"], ["censorship"]][number % 7 % 3],
                created_at=END - timedelta(days=9),
            )
            for number, address in enumerate(addresses())
        )
    port, file = accepted
    with closed_port() as dead:
        assert "'waiting'" in run("deliver", database, dead, 0)
    assert file.read_text() == ""
    with database.session() as session:
        for delivery in session.scalars(select(Delivery)):
            delivery.next_try = None

    assert run("killed", database, port, LIVES) == str(LIVES)
    before = len(file.read_text().splitlines())
    assert 0 < before < READERS, "the kills were to fall while it sends"
    address = database.url.render_as_string(hide_password=False)
    two = [
        subprocess.Popen([*program("deliver"), address, str(port), str(hours)], stdout=subprocess.DEVNULL)
        for hours in (1, 2)
    ]
    assert [one.wait(300) for one in two] == [0, 0]
    run("deliver", database, port, 48)

    copies = Counter(tuple(line.split()) for line in file.read_text().splitlines())
    with database.session() as session:
        rows = session.execute(select(Subscriber.address, Delivery).join(Delivery)).all()
    assert len(rows) == READERS
    by_address = {row.address: row.Delivery for row in rows}
    own = {address: copies[address, delivery.message_id] for address, delivery in by_address.items()}
    assert sum(own.values()) == sum(copies.values()), "every message was that of its reader"
    assert {address for address, number in own.items() if number == 0} == {
        address for address in by_address if address.startswith("nobody")
    }
    assert {one.state for address, one in by_address.items() if address.startswith("nobody")} == {"refused"}
    assert max(own.values()) == 2
    twice = {address for address, number in own.items() if number == 2}
    assert {by_address[address].doubts > 0 for address in twice} == {True}
    # Who is late for good is asked twice and then left to a person; all others have ended.
    assert {by_address[f"late{number}@example.org"].state for number in range(LATE)} == {"unknown"}
    # Two kills may fall on one reader's mail, or one on that of who is late once: then nobody knows of it, either.
    hit_twice = [
        one for address, one in by_address.items() if one.state == "unknown" and not address.startswith("late")
    ]
    assert {one.doubts for one in hit_twice} <= {MOST_DOUBTS}
    assert len(hit_twice) <= LIVES
    assert Counter(one.state for one in by_address.values()) == {
        "sent": READERS - NOBODY - LATE - len(hit_twice), "refused": NOBODY, "unknown": LATE + len(hit_twice),
    }  # fmt: skip
    assert any(by_address[address].doubts for address in by_address if address.startswith("reader")), "no kill hurt"
