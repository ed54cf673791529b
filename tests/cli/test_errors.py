"""Bad input and a bad world end in one clear line and exit code 2."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from kzmonitor.cli import shell
from tests.cli.conftest import Run, one_line
from tests.ports import closed_port

SOURCE = "name: Дала\nlanguages: [ru]\nhosts: ['127.0.0.1:{port}']\nfeeds: ['http://127.0.0.1:{port}/rss']\n"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that nobody answers at."""
    with closed_port() as port:
        yield port


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("collect", "no-such-source"), "no-such-source"),
        (("collect", "--sources-dir", "/no/such/folder"), "/no/such/folder"),
        (("alerts", "--since", "yesterday"), "yesterday"),
        (("digest", "--day", "22.11.2026"), "22.11.2026"),
        (("evaluate", "/no/such.jsonl"), "/no/such.jsonl"),
        (("predict", "/no/such.jsonl"), "/no/such.jsonl"),
        (("train", "--data", "/no/such.jsonl", "--out", "x.skops"), "/no/such.jsonl"),
        (("model", "show", "no-such-model"), "no-such-model"),
        (("model", "rollback"), "no earlier version"),
        (("subscriber", "add", "not-an-address"), "not-an-address"),
        (("subscriber", "add", "a@b.example", "--language", "de"), "de"),
        (("newsroom", "/no/such.jsonl"), "/no/such.jsonl"),
    ],
)
def test_bad_input_is_one_line_that_names_it(run: Run, arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert told in one_line(done)


def test_an_unknown_option_exits_2_without_a_stack_trace(run: Run) -> None:
    done = run("collect", "--no-such-option")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_is_one_line_without_its_password(run: Run, closed: int) -> None:
    address = f"postgresql://user:hidden-word@127.0.0.1:{closed}/name"
    for command in ("collect", "understand", "alerts", "digest", "db", "doctor"):
        done = run(command, *(["status"] if command == "db" else []), KZMONITOR_DATABASE_URL=address)
        assert done.returncode in (1, 2), command
        assert "does not answer" in done.stdout + done.stderr
        assert "hidden-word" not in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr


def interrupted(told: BaseException) -> None:
    """A statement that is broken off, and a connection that can't be put in order afterwards."""
    try:
        try:
            raise told
        finally:
            raise psycopg.ProgrammingError("can't change 'autocommit' now: connection in transaction status ACTIVE")
    except psycopg.Error as error:
        raise DBAPIError("select 1", None, error) from error


@pytest.mark.parametrize("handled", [shell.going_on, shell.one_line_errors])
@pytest.mark.parametrize("told", [KeyboardInterrupt(), SystemExit(143)], ids=["Ctrl-C", "SIGTERM"])
def test_to_be_told_to_end_is_not_lost_in_an_error_of_the_database(
    handled: Callable[[], AbstractContextManager[None]], told: BaseException
) -> None:
    with pytest.raises(type(told)) as ended, handled():
        interrupted(told)
    assert ended.value is told


def test_a_wrong_setting_names_its_variable(run: Run) -> None:
    assert "KZMONITOR_RESCORE_DAYS" in one_line(run("alerts", KZMONITOR_RESCORE_DAYS="many"))


def test_a_broken_declaration_costs_one_line_and_the_others_go_on(run: Run, sources: Path, closed: int) -> None:
    (sources / "dala.yml").write_text(SOURCE.format(port=closed))
    (sources / "broken.yml").write_text("name: x\nfeed: [y]\n")
    done = run("sources", "list", "--sources-dir", sources)
    assert done.returncode == 0
    assert "broken.yml:2" in done.stderr
    assert "feeds" in done.stderr
    assert "dala" in done.stdout


def test_a_source_that_does_not_answer_is_a_named_state_with_advice(run: Run, sources: Path, closed: int) -> None:
    (sources / "dala.yml").write_text(SOURCE.format(port=closed))
    done = run("collect", "--sources-dir", sources)
    assert done.returncode == 1, "nothing answered"
    assert "robots-unreachable" in done.stdout
    assert "robots-unreachable: " in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network_each_source_has_a_named_state(run: Run, sources: Path) -> None:
    for name in ("eins", "zwei"):
        (sources / f"{name}.yml").write_text(
            f"name: {name}\nlanguages: [ru]\nhosts: [{name}.invalid]\nfeeds: ['https://{name}.invalid/rss']\n"
        )
    done = run("collect", "--sources-dir", sources)
    assert "Traceback" not in done.stderr
    assert all(f"{name}\tdns" in done.stdout for name in ("eins", "zwei"))


def test_a_full_disk_is_one_line_and_nothing_half_written(run: Run, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(full)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        (full / "filler").write_bytes(b"x" * 12_288)
        done = run("digest", "--day", "2026-11-22", "--dry-run", "--out", full / "out")
        assert done.returncode == 2
        assert "disk is full" in one_line(done)
        written = [path for path in full.rglob("*") if path.is_file() and path.name != "filler"]
        assert all(path.name.startswith("digest-") and path.read_text().strip() for path in written)
    finally:
        subprocess.run(["umount", str(full)], check=True)


def test_the_embedded_database_on_a_full_disk_is_one_line(run: Run, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(full)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        with suppress(OSError), (full / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 1024):
                pass
        done = run("alerts", KZMONITOR_DATABASE_URL="", KZMONITOR_DATA=str(full / "data"))
        assert done.returncode == 2
        assert "the disk is full" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", str(full)], check=True)


def test_mail_without_a_server_is_one_line_and_sends_later(run: Run) -> None:
    assert run("subscriber", "add", "desk@example.org").returncode == 0
    assert "KZMONITOR_SMTP_URL" in one_line(run("digest", "--day", "2026-11-22"))


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_help_reads_in_every_language(run: Run, language: str) -> None:
    done = run("--help", LANGUAGE=language)
    assert done.returncode == 0
    for command in ("collect", "understand", "alerts", "digest", "doctor", "demo", "run"):
        assert command in done.stdout
