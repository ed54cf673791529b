"""`kzmonitor run` and `kzmonitor demo` as their user runs them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from kzmonitor.store.embedded import Cluster
from tests.ports import free_port

PATIENCE_S = 600
POLLED = {"alatau-vestnik", "dala-uni", "steppe-observer"}
KZMONITOR = [sys.executable, "-m", "kzmonitor"]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A user with an empty data folder, and with settings that no demo may use."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KZMONITOR_", "LANG", "LC_"))}
    yield own | {
        "KZMONITOR_DATA": str(tmp_path / "data"),
        "KZMONITOR_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
        "KZMONITOR_PROXY": "http://127.0.0.1:1",
        "AIRFLOW__CORE__EXECUTOR": "NoSuchExecutor",
        "LANG": "C.UTF-8",
    }
    for home in (tmp_path / "data", tmp_path / "data" / "demo"):
        shutil.rmtree(Cluster(home).server_home, ignore_errors=True)


def test_a_taken_port_is_one_line_before_anything_starts(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*KZMONITOR, "run", "--demo", "--port", str(port)]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"port {port} can't be used \(Address already in use\).*--port\n", done.stderr)
    assert not (tmp_path / "data").exists()


def test_one_port_for_both_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    command = [*KZMONITOR, "run", "--port", "8123", "--airflow-port", "8123"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "--port, --airflow-port name the same port\n")


@pytest.mark.slow
def test_the_demo_shows_sources_articles_alerts_and_a_digest_twice(environment: dict[str, str], tmp_path: Path) -> None:
    seen = []
    for _again in range(2):
        command = [*KZMONITOR, "demo", "--out", "out"]
        # The first one trains the model.
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stderr
        tables = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
        assert len([line for line in tables.values() if line.startswith("ok\t")]) == 3
        assert int(tables["all alerts"]) > 0
        digest = re.search(r"^digest: (.*\.html) \((\d+) alerts\)$", done.stdout, re.MULTILINE)
        assert digest is not None
        assert Path(digest[1]).stat().st_size > 1000
        assert Path(digest[1]).parent == tmp_path / "out"
        seen.append((tables["all sources"], tables["all alerts"], digest[2]))
    assert seen[0] == seen[1]
    assert not (tmp_path / "data" / "postgres.json").exists()


@pytest.mark.slow
def test_run_works_by_itself_and_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    review, airflow = free_port(), free_port()
    command = [*KZMONITOR, "run", "--demo", "--port", str(review), "--airflow-port", str(airflow)]
    begun = time.monotonic()
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            said = read_until(running, "Ctrl-C stops everything")
            ready_s = time.monotonic() - begun
            assert_addresses_answer(said, review, airflow, tmp_path)
            read_until(running, r"articles: [1-9]\d*; open alerts: [1-9]")
            alerts_s = time.monotonic() - begun
            states = finished_tasks(airflow, tmp_path)
            everything = family(running.pid, tmp_path)
            memory = {process.pid: pss_bytes(process) for process in everything}
            running.send_signal(signal.SIGINT)
            stopping = time.monotonic()
            rest, _errors = running.communicate(timeout=PATIENCE_S)
            stopped_s = time.monotonic() - stopping
        finally:
            running.kill()
    assert running.returncode == 0, rest
    assert rest.endswith("stopped\n")
    assert [process for process in everything if alive(process)] == []
    print(
        f"\nready {ready_s:.0f} s, first alerts {alerts_s:.0f} s, stopped {stopped_s:.1f} s, "
        f"{len(memory)} processes, PSS {sum(memory.values()) / 2**20:.0f} MiB"
    )
    for dag_id, tasks in states.items():
        print(dag_id, tasks)


def read_until(running: "subprocess.Popen[str]", pattern: str) -> str:
    """Everything up to the first line with the pattern; fails at the end of the output."""
    assert running.stdout is not None
    said = ""
    for line in running.stdout:
        said += line
        if re.search(pattern, line):
            return said
    raise AssertionError(f"{pattern!r} was never said, but:\n{said}")


def assert_addresses_answer(said: str, review: int, airflow: int, tmp_path: Path) -> None:
    address = re.search(rf"http://127\.0\.0\.1:{review}/\?token=\S+", said)
    assert address is not None
    assert f"http://127.0.0.1:{airflow}" in said
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=PATIENCE_S) as client:
        assert client.get(f"http://127.0.0.1:{review}/").status_code in (401, 403)
        assert client.get(address[0]).status_code == 200
        assert client.get(f"http://127.0.0.1:{airflow}/").status_code == 200
    files = [*(tmp_path / "data" / "demo" / "airflow").glob("*.json"), *(tmp_path / "data" / "demo" / "logs").iterdir()]
    assert {path.name: path.stat().st_mode & 0o077 for path in files if path.stat().st_mode & 0o077} == {}
    assert not any(address[0].rpartition("=")[2] in path.read_text() for path in files)


def finished_tasks(port: int, tmp_path: Path) -> dict[str, list[tuple[str, str | None, str | None]]]:
    """By the REST API: task, mapped name and state, of all runs. What collects and understands runs by itself to its
    end; its alerts are there a little before Airflow says so."""
    password = json.loads((tmp_path / "data/demo/airflow/passwords.json").read_text())["admin"]
    until = time.monotonic() + PATIENCE_S
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE_S) as client:
        login = client.post("/auth/token", json={"username": "admin", "password": password})
        assert login.status_code == 201
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        while True:
            states = {}
            for dag_id in ("collect", "understand"):
                path = f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances?limit=100&order_by=start_date"
                found = client.get(path).json()["task_instances"]
                states[dag_id] = [(one["task_id"], one["rendered_map_index"], one["state"]) for one in found]
            polls = {name for task, name, state in states["collect"] if task == "poll" and state == "success"}
            if polls == POLLED and ("understand", None, "success") in states["understand"]:
                return states
            assert time.monotonic() < until, states
            time.sleep(1)


def alive(process: psutil.Process) -> bool:
    """Whether it still does anything: one that has ended may wait for the machine's first process to take notice."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pss_bytes(process: psutil.Process) -> int:
    """Memory with shared pages shared out; 0 for a task that has just ended."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def family(pid: int, tmp_path: Path) -> list[psutil.Process]:
    """The command, all that it started, and the database server."""
    command = psutil.Process(pid)
    pgdata = Cluster(tmp_path / "data" / "demo").pgdata
    server = psutil.Process(int((pgdata / "postmaster.pid").read_text().split()[0]))
    return [command, *command.children(recursive=True), server, *server.children(recursive=True)]
