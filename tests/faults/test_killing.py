"""kill -9 at chosen moments: what was finished is kept, what was in hand is done again, and nothing twice."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from kzmonitor.newsroom import Fault, Newsroom, Outlet, Record, declare
from kzmonitor.store import schema
from tests.collect.test_crawl import is_over
from tests.digest.test_outbox import Mailbox, controller_of
from tests.faults.conftest import Make
from tests.faults.essence import essence
from tests.faults.machine import PATIENCE_S, Machine, Server, ended, kill, told, until
from tests.faults.world import day_of_news, decision, held_at_commit, held_when, reading_waits, reviewing
from tests.ports import free_port

STAGES = ("revision", "article_signature", "prediction", "article_clue", "article_pair", "incident", "alert")


@pytest.mark.slow
def test_understand_at_each_stage(waiting: Machine, whole: dict[str, list[Any]]) -> None:
    for table in STAGES:
        waiting.killed_at(table, "understand")
    with held_at_commit(waiting, "alert"):
        process = waiting.start("understand")
        until(waiting.blocked)
        kill(process)
    waiting.alone()
    assert waiting.rows("select count(*) > 0 from alert") == [(True,)], "the server ended what it had been told to end"
    waiting.well("understand")
    assert essence(waiting) == whole
    assert len(whole["alerts"]) > 5
    assert "nothing to do" in waiting.well("understand")


@pytest.mark.slow
def test_collect_with_its_crawl(machine_of: Make, tmp_path: Path) -> None:
    records = [
        Record(f"n{n}", "en", f"Hearing number {n} in the district court", f"Case {n} was heard.") for n in "123"
    ]
    outlet = Outlet("dala", "plain", records)
    # The oldest is asked for last: while it hangs, the others are there, and the crawl stays where it is.
    last = outlet.articles()[-1].address
    outlet.fault(last, Fault(hang=True, times=1))
    with Newsroom([outlet]) as newsroom:
        declare(newsroom, tmp_path / "declared")
        machine = machine_of("bare")
        machine.sources = tmp_path / "declared"
        process = machine.start("collect")
        until(lambda: any(request.path == last for request in newsroom.requests))
        until(lambda: machine.rows("select count(*) from entry where state = 'fetched'") == [(2,)])
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        kill(process)
        until(lambda: all(map(is_over, family)))
        machine.alone()
        machine.well("collect")
        assert machine.rows("select state, tries, count(*) from entry group by 1, 2") == [("fetched", 0, 3)]
        pages = "select count(*), count(distinct canonical_url) from capture where canonical_url in (%s)"
        assert machine.rows(pages % "select canonical_url from entry") == [(3, 3)]


@contextmanager
def mailbox() -> Iterator[tuple[Mailbox, dict[str, str]]]:
    box, port = Mailbox(), free_port()
    controller = controller_of(box, port)
    controller.start()
    try:
        yield box, {"KZMONITOR_SMTP_URL": f"smtp://127.0.0.1:{port}", "KZMONITOR_MAIL_FROM": "desk@example.org"}
    finally:
        controller.stop()


@pytest.mark.slow
def test_digest_while_it_notes_what_to_send(machine_of: Make, understood: tuple[str, Any]) -> None:
    with mailbox() as (box, settings):
        machine = machine_of(understood[0], **settings)
        for address in ("one@example.org", "two@example.org"):
            machine.well("subscriber", "add", address)
        machine.killed_at("delivery_item", "digest", "--day", day_of_news(machine))
        assert machine.rows("select count(*) from delivery") == [(0,)]
        assert box.messages == []
        for _again in range(2):
            machine.well("digest", "--day", day_of_news(machine))
        assert sorted(message["To"] for message in box.messages) == ["one@example.org", "two@example.org"]


@pytest.mark.slow
def test_retrain_before_it_promotes(machine_of: Make, collected: str) -> None:
    machine = machine_of(collected)
    before = machine.rows("select version, state from model")
    with machine.server.admin(machine.database) as connection:
        connection.execute("select pg_advisory_lock(%s)", (0x6B7A7072,))
        process = machine.start(machine.address(), program="tests.faults.retraining", PYTHONPATH=os.getcwd())
        until(lambda: machine.blocked() or process.poll() is not None)
        kill(process)
    machine.alone()
    assert machine.rows("select version, state from model") == before
    process = machine.start(machine.address(), program="tests.faults.retraining", PYTHONPATH=os.getcwd())
    assert ended(process).stdout.strip() in ("kept", "promoted")
    assert machine.rows("select count(*), count(*) filter (where state = 'champion') from model") == [(2, 1)]


@pytest.mark.slow
def test_backup_half_way(waiting: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    waiting.well("backup", "--out", folder / "b")
    before = (folder / "b").read_bytes()
    with reading_waits(waiting, "poll"):
        process = waiting.start("backup", "--out", folder / "b")
        until(lambda: waiting.blocked() or process.poll() is not None)
        kill(process)
    waiting.alone()
    [left] = [path for path in folder.iterdir() if path.name != "b"]
    assert (left.name.startswith(".b."), (folder / "b").read_bytes()) == (True, before)
    os.utime(left, (0, 0))
    waiting.well("backup", "--out", folder / "b")
    assert [path.name for path in folder.iterdir()] == ["b"]


@pytest.mark.slow
def test_restore_half_way(waiting: Machine, machine_of: Make, postgres: Server, tmp_path: Path) -> None:
    waiting.well("backup", "--out", tmp_path / "b")
    empty = machine_of("template0", "empty")
    with held_when(empty, "DROP INDEX", "to_regclass('public.capture') is not null"):
        process = empty.start("restore", tmp_path / "b")
        until(lambda: empty.blocked() or process.poll() is not None)
        kill(process)
    empty.alone()
    assert empty.rows("select count(*) from pg_class where relnamespace = 'public'::regnamespace") == [(0,)]
    empty.well("restore", tmp_path / "b")
    assert essence(empty) == essence(waiting)


@pytest.mark.slow
def test_upgrade_half_way_and_a_worker_meanwhile(machine_of: Make, postgres: Server) -> None:
    empty = machine_of("template0", "empty")
    with held_when(empty, "CREATE TABLE", "to_regclass('public.alert') is not null"):
        process = empty.start("db", "upgrade")
        until(lambda: empty.blocked() or process.poll() is not None)
        told(empty.run("alerts"), "schema-behind")
        kill(process)
    empty.alone()
    assert empty.rows("select count(*) from pg_class where relnamespace = 'public'::regnamespace") == [(0,)]
    assert schema.head() in empty.well("db", "upgrade")
    assert "[]" in empty.well("alerts", "--json")


@pytest.mark.slow
def test_the_embedded_server(postgres: Server, machine_of: Make, collected: str, whole: dict[str, list[Any]]) -> None:
    own = {"KZMONITOR_DATABASE_URL": "", "KZMONITOR_DATA": str(postgres.home)}
    machine = machine_of(collected, "kzmonitor", **own)
    with suppress(psycopg.OperationalError), machine.held("prediction"):  # our own connection dies with it
        process = machine.start("understand")
        until(lambda: machine.blocked() or process.poll() is not None)
        server = psutil.Process(postgres.pid)
        workers = server.children()
        server.kill()
        told(ended(process), "server-killed")
    psutil.wait_procs(workers, 30)
    machine.well("understand")
    assert essence(machine) == whole


@pytest.mark.slow
def test_the_review_app_while_somebody_decides(machine_of: Make, understood: tuple[str, Any]) -> None:
    machine = machine_of(understood[0])
    with reviewing(machine) as desk, machine.held("review"):
        answer = decision(desk)
        until(machine.blocked)
        kill(desk.process)
        assert answer.exception(PATIENCE_S) is not None, "the browser saw the connection break"
    machine.alone()
    assert machine.rows("select count(*) from review") == [(0,)]
    with reviewing(machine) as desk:
        assert decision(desk).result(PATIENCE_S).status_code == 201
    assert machine.rows("select count(*), count(distinct subject_id) from review") == [(1, 1)]


def test_a_lock_file_that_names_another_process(postgres: Server, machine_of: Make) -> None:
    """As after a power cut: the file is still there, and its number belongs to somebody else."""
    machine = machine_of("bare")
    postgres.stop()
    file = postgres.cluster.pgdata / "postmaster.pid"
    file.write_text(f"{os.getpid()}\n{postgres.cluster.pgdata}\n1\n5432\n{postgres.cluster.socket_folder}\n\n")
    postgres.start()
    assert machine.rows("select count(*) from alert") == [(0,)]
