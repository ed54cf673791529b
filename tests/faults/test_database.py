"""A database that is gone, comes back, is full, read-only, crowded, slow: one line, and then it goes on."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kzmonitor.store import embedded
from tests.faults.conftest import Make
from tests.faults.essence import essence
from tests.faults.machine import Machine, Server, ended, small_disk, told, until
from tests.faults.network import HERE, swallowing, wire
from tests.faults.world import reviewing

ADDRESS = "one@example.org"


def subscribers(machine: Machine) -> list[tuple[Any, ...]]:
    return machine.rows("select address from subscriber")


def test_stopped_before_a_command(machine_of: Make, postgres: Server) -> None:
    machine = machine_of("bare")
    postgres.stop()
    told(machine.run("alerts"), "database-stopped")
    postgres.start()
    assert "[]" in machine.well("alerts", "--json")


@pytest.mark.slow
def test_restarted_under_a_worker(
    waiting: Machine, postgres: Server, whole: dict[str, list[Any]]
) -> None:  # fmt: skip
    with suppress(psycopg.OperationalError), waiting.held("prediction"):  # we are thrown out as well
        process = waiting.start("understand")
        until(waiting.blocked)
        postgres.stop()
    told(ended(process), "database-restarted")
    postgres.start()
    waiting.well("understand")
    assert essence(waiting) == whole


@pytest.mark.slow
def test_restarted_under_a_backup(waiting: Machine, postgres: Server, tmp_path: Path) -> None:
    with suppress(psycopg.OperationalError), waiting.held("poll", "access exclusive"):
        process = waiting.start("backup", "--out", tmp_path / "b")
        until(waiting.blocked)
        postgres.stop()
    told(ended(process), "backup-database-gone")
    assert not (tmp_path / "b").exists()
    postgres.start()
    waiting.well("backup", "--out", tmp_path / "b")


@pytest.mark.slow
def test_restarted_under_a_crawl(machine_of: Make, postgres: Server, collected: str) -> None:
    machine = machine_of("bare")
    with suppress(psycopg.OperationalError), machine.held("capture"):
        process = machine.start("collect")
        until(machine.blocked)
        postgres.stop()
    postgres.start()
    done = ended(process)
    assert "Traceback" not in done.stderr + done.stdout
    machine.alone()
    # Time passes: hosts and pages may be asked again.
    machine.rows("update host set robots_tried_at = null, next_at = now() returning 1")
    machine.rows("update entry set retry_at = null returning 1")
    machine.well("collect")
    assert machine.rows("select state, count(*) from entry group by 1") == [("fetched", 44)]
    twice = "select 1 from capture where canonical_url in (select canonical_url from entry) group by canonical_url"
    assert machine.rows(twice + " having count(*) > 1") == []


@pytest.mark.slow
def test_restarted_under_one_that_watches(machine_of: Make, postgres: Server, collected: str) -> None:
    machine = machine_of(collected, PYTHONUNBUFFERED="1")
    machine.rows("delete from poll returning 1")
    with suppress(psycopg.OperationalError), machine.held("poll", "access exclusive"):
        process = machine.start("collect", "--watch", "1")
        until(machine.blocked)
        postgres.stop()
    postgres.start()
    until(lambda: process.poll() is not None or machine.rows("select count(distinct source) from poll") == [(3,)])
    assert process.poll() is None
    process.terminate()
    assert "Traceback" not in ended(process).stderr


@pytest.mark.slow
def test_restarted_under_the_review_app(machine_of: Make, postgres: Server, understood: tuple[str, Any]) -> None:
    machine = machine_of(understood[0])
    with reviewing(machine) as desk:
        assert desk.client.get("/").status_code == 200
        postgres.stop()
        answer = desk.client.get("/")
        assert answer.status_code == 500
        assert "It is not your fault, and nothing was changed." in answer.text
        postgres.start()
        assert desk.client.get("/").status_code == 200


@pytest.mark.slow
def test_read_only(machine_of: Make) -> None:
    machine = machine_of("bare")
    with machine.server.admin() as connection:
        connection.execute("alter database broken set default_transaction_read_only = on")
    told(machine.run("subscriber", "add", ADDRESS), "database-read-only")
    assert "[]" in machine.well("alerts", "--json")
    with machine.server.admin() as connection:
        connection.execute("alter database broken reset all")
    assert subscribers(machine) == []
    machine.well("subscriber", "add", ADDRESS)


@pytest.mark.slow
def test_out_of_connections(machine_of: Make) -> None:
    machine = machine_of("bare")
    with machine.server.admin() as connection:
        connection.execute("alter database broken connection limit 0")
        told(machine.run("alerts"), "database-crowded")
        connection.execute("alter database broken connection limit -1")
    machine.well("alerts", "--json")


@pytest.mark.slow
def test_a_cancelled_statement(machine_of: Make) -> None:
    machine = machine_of("bare")
    with machine.held("subscriber"):
        process = machine.start("subscriber", "add", ADDRESS)
        until(machine.blocked)
        machine.rows(
            "select pg_cancel_backend(pid) from pg_stat_activity where datname = %s and wait_event_type = 'Lock'",
            machine.database,
        )
        told(ended(process), "statement-cancelled")
    machine.well("subscriber", "add", ADDRESS)
    assert subscribers(machine) == [(ADDRESS,)]


@pytest.mark.slow
def test_a_deadlock(waiting: Machine, whole: dict[str, list[Any]]) -> None:
    with waiting.server.admin() as connection:  # the worker, and not the test, is to find out
        connection.execute("alter database broken set deadlock_timeout = '100ms'")
    with ThreadPoolExecutor(1) as pool, waiting.held("revision") as other:
        other.execute("set local deadlock_timeout = '10min'")
        with waiting.held("article"):
            process = waiting.start("understand")
            until(waiting.blocked)
            wanted = pool.submit(other.execute, "update entry set title = title")  # which the worker holds
            until(lambda: waiting.blocked() == 2)
        told(ended(process), "deadlock")
        wanted.result(60)
    waiting.well("understand")
    assert essence(waiting) == whole


@contextmanager
def tablespace(server: Server, size: str) -> Iterator[Path]:
    """A small disk for databases, `small` on the server."""
    with small_disk(server.cluster.server_home / "small", size) as folder:
        place = folder / "place"
        place.mkdir(mode=0o700)
        os.chown(place, server.cluster.pgdata.stat().st_uid, -1)
        with server.admin() as connection:
            connection.execute(f"create tablespace small location '{place}'")  # type: ignore[arg-type]
        try:
            yield folder
        finally:
            with server.admin() as connection:
                connection.execute("drop database if exists broken with (force)")
                connection.execute("drop tablespace small")


@pytest.mark.slow
def test_a_full_disk(waiting: Machine, postgres: Server, whole: dict[str, list[Any]]) -> None:
    with tablespace(postgres, "80m") as folder:
        with postgres.admin() as connection:
            connection.execute("alter database broken set tablespace small")
        waiting.rows("select 1")  # the first to come writes a file that all need
        left = shutil.disk_usage(folder).free
        (folder / "filler").write_bytes(b"x" * (left - 200_000))
        told(waiting.run("understand"), "database-full")
        (folder / "filler").unlink()
        waiting.well("understand")
        assert essence(waiting) == whole


@pytest.mark.slow
def test_a_disk_too_full_for_the_log_of_writes(postgres: Server, tmp_path: Path) -> None:
    """The server itself gives up then; with room it comes back with all that was committed."""
    home = tmp_path / "home"
    machine = Machine(Server(home), "kzmonitor", tmp_path, tmp_path)
    own = {"KZMONITOR_DATABASE_URL": "", "KZMONITOR_DATA": str(home), "KZMONITOR_SOURCES_DIR": ""}
    row = '{"url": "https://n%d.example/%d", "title": "Hearing number %d", "text": "%s", "published": "2026-11-01"}\n'
    (tmp_path / "many.jsonl").write_text("".join(row % (n % 9, n, n, os.urandom(9000).hex()) for n in range(1500)))
    with small_disk(embedded.Cluster(home).server_home, "140m") as folder:
        os.chown(folder, postgres.cluster.pgdata.stat().st_uid, -1)
        folder.chmod(0o700)
        machine.well("subscriber", "add", ADDRESS, **own)
        (folder / "filler").write_bytes(b"x" * max(0, shutil.disk_usage(folder).free - 12_000_000))
        done = machine.run("import", tmp_path / "many.jsonl", **own)
        told(done, "log-disk-full")
        (folder / "filler").unlink()
        assert ADDRESS in machine.well("subscriber", "list", **own)
        embedded.stop(home)
        machine.leave()


@pytest.mark.slow
def test_a_server_that_takes_the_call_and_never_answers(machine_of: Make) -> None:
    machine = machine_of("bare")
    with swallowing() as port:
        address = machine.address(host="127.0.0.1", port=port, query={"connect_timeout": "2"})
        told(machine.run("alerts", KZMONITOR_DATABASE_URL=address), "database-silent")


@pytest.mark.slow
def test_a_wire_that_is_cut_under_a_worker(waiting: Machine, postgres: Server, whole: dict[str, list[Any]]) -> None:
    impatient = {"keepalives_idle": "1", "keepalives_interval": "1", "keepalives_count": "2"}
    with wire(postgres.cluster.socket_folder / ".s.PGSQL.5432") as there, waiting.held("prediction"):
        address = waiting.address(host=HERE, port=there.port, query=impatient)
        process = waiting.start("understand", prefix=there.prefix, KZMONITOR_DATABASE_URL=address)
        until(lambda: waiting.blocked() or process.poll() is not None)
        there.cut()
        told(ended(process), "database-cut-off")
    waiting.well("understand")
    assert essence(waiting) == whole
