"""Names that do not resolve for a while."""

import subprocess
import sys
from pathlib import Path

import pytest

from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from tests.faults.conftest import Make
from tests.faults.machine import PATIENCE_S, Done

HOSTS = "127.0.0.1 localhost\n"


def collect(environment: dict[str, str], folder: Path, hosts: str) -> Done:
    """`kzmonitor collect` on a machine whose file of hosts says this."""
    (folder / "hosts").write_text(hosts)
    command = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", command, "-", folder / "hosts", sys.executable, "-m", "kzmonitor", "collect"],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip


@pytest.mark.slow
def test_one_source_whose_name_is_gone_for_a_while(machine_of: Make, tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        pytest.skip("needs the right to have mounts of its own")
    outlets = [Outlet(slug, "plain", [Record("n1", "en", "A hearing", "It was heard.")]) for slug in ("here", "gone")]
    with Newsroom(outlets) as newsroom:
        declare(newsroom, tmp_path / "declared")
        gone = tmp_path / "declared" / "gone.yml"
        gone.write_text(gone.read_text().replace("127.0.0.1", "gone.example").replace("delay_s: 0.0", "delay_s: 1"))
        machine = machine_of("bare", KZMONITOR_SOURCES_DIR=str(tmp_path / "declared"))
        environment = machine.environment_of({})
        done = collect(environment, tmp_path, HOSTS)
        assert done.returncode == 0, done.stderr
        assert "gone: dns: the host has no address: moved, gone, or blocked here" in done.stderr.splitlines()
        assert machine.rows("select source from entry") == [("here",)]
        machine.rows("update host set robots_tried_at = null, next_at = now() returning 1")
        done = collect(environment, tmp_path, HOSTS + "127.0.0.1 gone.example\n")
        assert (done.returncode, done.stderr) == (0, "")
        looks = machine.rows("select state from poll where source = 'gone' order by started")
        assert looks == [("dns",), ("ok",)]
