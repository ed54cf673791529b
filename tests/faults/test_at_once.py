"""Two of the same at once, as two schedulers would start them."""

from typing import Any

import pytest

from kzmonitor.store import schema
from tests.faults.conftest import Make
from tests.faults.essence import essence
from tests.faults.machine import Machine, ended, until
from tests.faults.test_killing import mailbox
from tests.faults.world import day_of_news


@pytest.mark.slow
@pytest.mark.parametrize("table", ["revision", "prediction"])
def test_two_workers(waiting: Machine, whole: dict[str, list[Any]], table: str) -> None:
    with waiting.held(table):
        both = [waiting.start("understand") for _each in range(2)]
        # What one batch takes whole leaves nothing for the second, which ends then.
        until(lambda: waiting.blocked() == 2 or any(one.poll() is not None for one in both))
    for done in map(ended, both):
        assert (done.returncode, done.stderr) == (0, "")
    waiting.well("understand")
    assert essence(waiting) == whole


@pytest.mark.slow
def test_two_digests(machine_of: Make, understood: tuple[str, Any]) -> None:
    with mailbox() as (box, settings):
        machine = machine_of(understood[0], **settings)
        machine.well("subscriber", "add", "one@example.org")
        with machine.held("delivery_item"):
            both = [machine.start("digest", "--day", day_of_news(machine)) for _each in range(2)]
            until(lambda: machine.blocked() == 2)
        for done in map(ended, both):
            assert (done.returncode, done.stderr) == (0, "")
        assert [message["To"] for message in box.messages] == ["one@example.org"]


@pytest.mark.slow
def test_two_upgrades(machine_of: Make) -> None:
    empty = machine_of("template0", "empty")
    both = [empty.start("db", "upgrade") for _each in range(2)]
    for done in map(ended, both):
        assert (done.returncode, done.stderr) == (0, "")
        assert schema.head() in done.stdout
    assert empty.rows("select version_num from alembic_version") == [(schema.head(),)]
