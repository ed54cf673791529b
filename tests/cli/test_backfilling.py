"""`kzmonitor backfill` as its user runs it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kzmonitor.newsroom import Fault, Newsroom, Outlet, Record, declare
from tests.cli.conftest import Run, one_line

DAYS = ("--from", "2021-02-01", "--to", "2021-02-28")
REPORT = "The hearing took place behind closed doors, the defence said in a statement to the press on that day.\n"


def test_an_archive_is_read_once_and_again_where_it_failed(run: Run, tmp_path: Path) -> None:
    records = [
        Record(str(day), "en", f"Report of day {day}", REPORT * 2, published=datetime(2021, 2, day, tzinfo=UTC))
        for day in range(1, 7)
    ]
    outlet, folder = Outlet("dala", "plain", records), tmp_path / "sources"
    with Newsroom([outlet]) as newsroom:
        declare(newsroom, folder, sitemaps=True)
        options = ("backfill", "dala", *DAYS, "--sources-dir", folder, "--json")
        outlet.fault("/sitemap.xml", Fault(status=403))
        done = run(*options)
        assert (done.returncode, json.loads(done.stdout)["left"]) == (1, 1)
        assert one_line(done) == "not at its end; run it again to go on"
        outlet.heal()
        told = json.loads(run(*options).stdout)
        assert (told["left"], told["counts"]["new"], told["counts"]["fetched"]) == (0, 6, 6)
        newsroom.requests.clear()
        assert json.loads(run(*options).stdout)["counts"] == {}
        assert newsroom.requests == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nosuch", *DAYS), "nosuch: no such source; see: kzmonitor sources list"),
        (("vlast", "--from", "2021-02-30", "--to", "2021-03-01"), "2021-02-30: not a day like 2026-11-20"),
        (("vlast", "--from", "2021-02-02", "--to", "2021-02-01"), "2021-02-02 to 2021-02-01: days from 1995 to today"),
    ],
)
def test_what_makes_no_sense_is_one_line(run: Run, arguments: tuple[str, ...], why: str) -> None:
    done = run("backfill", *arguments)
    assert done.returncode == 2
    assert one_line(done).startswith(why)
