"""Clocks that are set wrong."""

import platform
from pathlib import Path

import pytest

from tests.faults.conftest import Make
from tests.faults.machine import told

FAKETIME = Path(f"/usr/lib/{platform.machine()}-linux-gnu/faketime/libfaketime.so.1")


def clock(shift: str) -> dict[str, str]:
    """The environment of a process whose clock is that much ahead or behind."""
    if not FAKETIME.exists():
        pytest.skip("needs libfaketime")
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.parametrize("shift", ["+400d", pytest.param("-2d", marks=pytest.mark.slow)])
def test_a_machine_whose_clock_is_wrong_writes_nothing(machine_of: Make, shift: str) -> None:
    machine = machine_of("bare")
    told(machine.run("digest", **clock(shift)), "clock-wrong")
    assert machine.rows("select (select count(*) from manifest), (select count(*) from delivery)") == [(0, 0)]
    assert not (machine.folder / "data" / "digests").exists()


@pytest.mark.slow
def test_a_clock_that_is_minutes_off_still_works(machine_of: Make) -> None:
    assert "[]" in machine_of("bare").well("alerts", "--json", **clock("-5m"))


@pytest.mark.slow
def test_a_crawl_whose_clock_is_wrong_asks_nobody(machine_of: Make) -> None:
    machine = machine_of("bare")
    told(machine.run("collect", **clock("+400d")), "clock-wrong")
    assert machine.rows("select count(*) from poll") == [(0,)]
    machine.well("collect")
    assert machine.rows("select count(*) from entry where state = 'fetched'") == [(44,)]
