"""No bait leads a collector to a private address, whatever its spelling and wherever it stands.

Everything is real but the network: the commands, the crawl as a child process, the resolver of the machine, a DNS
server that changes its mind; and every address on earth is answered by the test, which counts who was asked."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from sqlalchemy import select, text

from kzmonitor.collect import captures
from kzmonitor.errors import InputError
from kzmonitor.incidents import reporting
from kzmonitor.incidents.reporting import Told
from kzmonitor.sources import registry
from kzmonitor.store import Database
from kzmonitor.store.tables import Capture
from tests.conftest import empty
from tests.hostile.baits import ADDRESSES, Bait, baits, declaration_of, named, pages_of
from tests.hostile.conftest import Internet
from tests.hostile.internet import PUBLIC, SECRET, is_public

pytestmark = pytest.mark.slow
TABLE = baits()
PROXY = "10.9.9.9"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
COLLECT = [sys.executable, "-m", "kzmonitor", "collect"]
STATES = {
    "foreign-host", "private-address", "bad-address", "robots-unreachable", "redirect-loop", "dns", "connection", "404",
    "not-xml", "no-items", "html-for-xml", "broken-xml", "ok", "no-dates", "tiny", "not-html",
}  # fmt: skip


@dataclass
class World:
    """What happened: each run's connections and words, and what the database holds of it."""

    runs: list[dict[str, Any]]
    names: dict[str, int]
    entries: dict[str, set[str | None]]
    polls: dict[str, set[str]]
    captured: dict[str, bytes]
    reported: dict[str, str]

    def inner(self) -> list[dict[str, Any]]:
        """Connections to addresses that nobody may be led to."""
        return [one for run in self.runs for one in run["asked"] if not is_public(one["address"])]


@pytest.fixture(scope="module")
def world(migrated: Database, internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("baits")
    for bait in TABLE:
        (folder / f"{bait.name}.yml").write_text(yaml.safe_dump(declaration_of(bait)))
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("KZMONITOR_", "LANG", "LC_"))}
    mine |= {
        "KZMONITOR_DATABASE_URL": migrated.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "KZMONITOR_DATA": str(folder / "data"), "KZMONITOR_ENV_FILE": "/dev/null", "LANG": "C.UTF-8",
    }  # fmt: skip
    (folder / "none").mkdir()
    by_environment = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "all_proxy"), f"http://{PROXY}:3128")
    collect = [*COLLECT, "--sources-dir", str(folder)]
    try:
        reported = dict(report_all(migrated))
        waiting = [sys.executable, "-m", "kzmonitor", "add", "--waiting", "--sources-dir", str(folder / "none")]
        added = [
            sys.executable,
            "-m",
            "kzmonitor",
            "add",
            "http://169.254.169.254/latest/meta-data/",
            "--label",
            "raid",
        ]
        done = internet({
            "names": {bait.host: bait.names or [[PUBLIC]] for bait in TABLE} | dict(named()),
            "pages": {bait.host: pages_of(bait) for bait in TABLE},
            "runs": [
                {"command": collect, "environment": mine | by_environment},
                # As if it were the next round: names have changed in the meantime.
                {"command": collect, "environment": mine},
                {"command": waiting, "environment": mine},
                {"command": added, "environment": mine},
            ],
        })  # fmt: skip
        with migrated.session() as session:
            entries: dict[str, set[str | None]] = {}
            for source, state in session.execute(text("select source, coalesce(error, state) from entry")):
                entries.setdefault(source, set()).add(state)
            polls: dict[str, set[str]] = {}
            for source, state in session.execute(text("select source, state from poll")):
                polls.setdefault(source, set()).add(state)
            captured = {one.url: captures.body(one) for one in session.scalars(select(Capture))}
            states = session.execute(text("select url, coalesce(error, state) from missed_report"))
            reported |= dict(states.all())
        yield World(done["runs"], done["names"], entries, polls, captured, reported)
    finally:
        empty(migrated)


def report_all(database: Database) -> Iterator[tuple[str, str]]:
    """Each address of the table as a reviewer would report it; those that are refused at once, with the reason."""
    known = registry.load()
    for address in ADDRESSES:
        url = address.format(case="reported")
        with database.session() as session:
            try:
                reporting.report_address(session, known, url, Told(["raid"]), None, NOW)
            except InputError:
                yield url, "refused"


def test_nobody_inside_was_asked_by_any_command(world: World) -> None:
    assert world.inner() == []


def test_the_commands_ran_to_their_end(world: World) -> None:
    first, second, waiting, _added = world.runs
    for run in (first, second, waiting):
        assert run["code"] in (0, 1), run["err"]
        assert "Traceback" not in run["out"] + run["err"]


@pytest.mark.parametrize("bait", TABLE, ids=lambda bait: f"{bait.name} {bait.attack}")
def test_a_bait_is_read_and_leads_nowhere(world: World, bait: Bait) -> None:
    asked = [(one["host"], one["line"]) for run in world.runs for one in run["asked"]]
    if bait.told:
        assert (bait.host, f"GET {bait.told} HTTP/1.1") in asked, "the bait was not even looked at"
    else:
        assert world.names.get(bait.host), "its name was not even looked up"
    assert [line for host, line in asked if bait.name in line.split("/") and host != bait.host] == []
    ended = world.polls.get(bait.name, set()) | world.entries.get(bait.name, set())
    assert ended
    assert ended <= STATES | {"fetched", "not-modified"}, ended


def test_no_capture_holds_what_the_inner_network_says(world: World, migrated: Database) -> None:
    assert world.captured
    assert [url for url, body in world.captured.items() if SECRET in body] == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_a_reviewer_reports_is_refused_or_fails_by_name(world: World, address: str) -> None:
    ended = world.reported[address.format(case="reported")]
    assert ended in {"refused", "private-address", "bad-address", "robots-unreachable", "dns", "connection", "404"}, (
        ended
    )


def test_the_table_reaches_everybody_if_the_gate_is_left_open(internet: Internet) -> None:
    """The net would show a fish: a plain client in the same network does get what the inner network says."""
    script = "import urllib.request as u; print(u.urlopen('http://inner.example/').read().decode())"
    done = internet({
        "names": dict(named()), "pages": {}, "runs": [{"command": [sys.executable, "-c", script], "environment": {}}],
    })  # fmt: skip
    assert SECRET.decode() in done["runs"][0]["out"]
    assert Counter(one["address"] for one in done["runs"][0]["asked"]) == {"10.0.0.1": 1}
