"""The network that the cluster test stands on: hosts that reach each other until a cable is pulled."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.hosts import ETC, Host, Network, eventually, ip
from tests.cluster.services import Keeper

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
ANSWER = "import socket; s = socket.create_server(('', 7000))\nwhile True: s.accept()[0].close()"
PATIENCE_S = 120
ASK = "import socket; socket.create_connection(('store', 7000), timeout=1)"


def reaches(host: Host) -> bool:
    command = ["ip", "netns", "exec", host.namespace, sys.executable, "-c", ASK]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_hosts_have_names_and_wires_of_their_own_and_leave_nothing_behind(tmp_path: Path) -> None:
    with Network({"store": ["database"], "work": []}, tmp_path) as network:
        store, work = network.hosts["store"], network.hosts["work"]
        answering = store.start("answer", [sys.executable, "-c", ANSWER], dict(os.environ))
        assert eventually(lambda: reaches(work), PATIENCE_S)
        name = work.run(["sh", "-c", "hostname; getent hosts database"], dict(os.environ)).stdout.split()
        assert name == ["work", store.address, "store", "database"]

        work.unplug()
        assert not reaches(work)
        work.plug_in()
        assert eventually(lambda: reaches(work), PATIENCE_S)

        assert store.kill() >= 1
        assert answering.returncode == -9
        assert store.processes() == work.processes() == []
        store.start("answer", [sys.executable, "-c", ANSWER], dict(os.environ))
    mine = f"kz{os.getpid()}-"
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    assert mine not in listed
    assert [path for path in ETC.glob("*") if path.name.startswith(mine)] == []
    assert socket.gethostname() != "work"


def test_what_ends_is_started_again_until_its_host_is_let_go(tmp_path: Path) -> None:
    told: list[str] = []
    with Network({"store": []}, tmp_path) as network, Keeper(lambda host, service: told.append(service)) as keeper:
        store = network.hosts["store"]
        first = store.start("sleep", ["sleep", "600"], dict(os.environ))
        processes = [first, store.start("sleep", ["sleep", "600"], dict(os.environ))]
        keeper.keep(store, "sleep", lambda: processes.pop(0))
        first.kill()
        assert eventually(lambda: told == ["sleep"] and not processes, PATIENCE_S)
        keeper.let_go(store)
        assert store.kill() >= 1
    assert told == ["sleep"]


def test_what_has_not_come_in_yet_is_killed_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Network({"store": []}, tmp_path) as network:
        store = network.hosts["store"]
        monkeypatch.setattr(Host, "_inside", lambda _host: ["sh", "-c", "exec sleep 600"])
        late = store.start("late", ["sleep", "600"], dict(os.environ))
        assert store.processes() == []
    assert late.returncode == -9


def test_what_a_killed_test_left_behind_is_taken_down(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    forsaken = f"kz{ended.pid}-0"
    ip("netns", "add", forsaken)
    with Network({"store": []}, tmp_path):
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    assert forsaken not in listed
