"""Separate hosts on one machine: a network namespace and a host name each, joined by a switch.

Each host has its own addresses, names and ports, and reaches others by the wire only; what they share is the disk,
which the processes started here are told not to use. Everything is taken down by the ids that were made here."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

NETWORK = "10.99.0"
ETC = Path("/etc/netns")
LONGEST_KILL_S = 60
# Making Airflow's tables takes a minute where nothing else runs.
LONGEST_COMMAND_S = 900


class NamespaceError(Exception):
    """This kernel or user may not make network namespaces; the text says what failed."""


def ip(*arguments: str) -> None:
    """A command of iproute2. Raises NamespaceError with what it said."""
    if shutil.which("ip") is None:
        raise NamespaceError("the command `ip` is missing: apt-get install iproute2")
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise NamespaceError(f"ip {' '.join(arguments)}: {done.stderr.strip()}; root and CAP_NET_ADMIN are needed")


@dataclass
class Host:
    """One machine of the network. `namespace`: its name for the kernel; `wire`: its end in the switch."""

    name: str
    address: str
    namespace: str
    switch: str
    wire: str
    logs: Path
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], user: str | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a process on this host, in a session of its own, with its output in a file."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        with (self.logs / f"{self.name}-{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self._inside(), *as_user, *command],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], user: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end on this host; it has to succeed."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        done = subprocess.run(
            [*self._inside(), *as_user, *command],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=LONGEST_COMMAND_S,
        )
        assert done.returncode == 0, f"{self.name}: {' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done

    def _inside(self) -> list[str]:
        name = f'hostname {self.name} && exec "$@"'
        return ["ip", "netns", "exec", self.namespace, "unshare", "--uts", "sh", "-c", name, "sh"]

    def processes(self) -> list[int]:
        """The ids of all that runs on this host: the trees of what was started here, whatever became of the parents."""
        return processes_in(self.namespace)

    def kill(self) -> int:
        """kill -9 for all that runs here, also for what is started meanwhile; how many.

        What was started here may not have entered the namespace yet, so it is killed by its own id as well.
        Raises TimeoutError with the ids of what does not die."""
        killed: set[int] = set()
        until = time.monotonic() + LONGEST_KILL_S
        while True:
            alive = {child.pid for child in self.started if child.poll() is None}
            found = alive | set(self.processes())
            if not found:
                break
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name}: these outlive kill -9: {sorted(found)}")
            for process in found:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            killed |= found
            time.sleep(0.05)
        self.started.clear()
        return len(killed)

    def unplug(self) -> None:
        """Pull the cable: what is sent gets lost, and nobody is told."""
        ip("-n", self.switch, "link", "set", self.wire, "down")

    def plug_in(self) -> None:
        """Put the cable back."""
        ip("-n", self.switch, "link", "set", self.wire, "up")


class Network:
    """Hosts that reach each other by name, and nothing else in the world. For a `with` block."""

    def __init__(self, names: Mapping[str, Sequence[str]], logs: Path) -> None:
        """names: of each host, what else it is called."""
        self.switch = f"kz{os.getpid()}-switch"
        self.hosts = {
            name: Host(name, f"{NETWORK}.{10 + place}", f"kz{os.getpid()}-{place}", self.switch, f"wire{place}", logs)
            for place, name in enumerate(names)
        }
        self._names = names
        self._made: list[str] = []

    def __enter__(self) -> "Network":
        remove_forsaken()
        try:
            self._build()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _build(self) -> None:
        self._add(self.switch)
        ip("-n", self.switch, "link", "add", "bridge", "type", "bridge")
        ip("-n", self.switch, "link", "set", "bridge", "up")
        lines = ["127.0.0.1 localhost"]
        lines += [f"{host.address} {name} {' '.join(self._names[name])}" for name, host in self.hosts.items()]
        for host in self.hosts.values():
            self._add(host.namespace)
            (ETC / host.namespace / "hosts").write_text("\n".join(lines) + "\n")
            (ETC / host.namespace / "resolv.conf").write_text("")
            ip("link", "add", "eth0", "netns", host.namespace, "type", "veth", "peer", "name", host.wire,
               "netns", self.switch)  # fmt: skip
            ip("-n", self.switch, "link", "set", host.wire, "master", "bridge", "up")
            ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
            for link in ("lo", "eth0"):
                ip("-n", host.namespace, "link", "set", link, "up")

    def _add(self, namespace: str) -> None:
        ip("netns", "add", namespace)
        self._made.append(namespace)
        (ETC / namespace).mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """End all that runs on the hosts, and take the hosts down."""
        for host in self.hosts.values():
            if host.namespace in self._made:
                host.kill()
        for namespace in self._made:
            take_down(namespace)
        self._made.clear()


def processes_in(namespace: str) -> list[int]:
    """The ids of all that runs in a namespace."""
    done = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, timeout=30)
    return [int(line) for line in done.stdout.split()]


def take_down(namespace: str) -> None:
    """Remove a namespace in which nothing runs any more."""
    subprocess.run(["ip", "netns", "del", namespace], capture_output=True, timeout=30)
    shutil.rmtree(ETC / namespace, ignore_errors=True)


def remove_forsaken() -> None:
    """Take down what a test that was killed has left behind."""
    ip("netns", "list")
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, timeout=30).stdout
    for namespace, maker in re.findall(r"^(kz(\d+)-\w+)", listed, re.MULTILINE):
        if not Path(f"/proc/{maker}").exists():
            for process in processes_in(namespace):
                with suppress(ProcessLookupError):  # it has ended meanwhile
                    os.kill(process, signal.SIGKILL)
            take_down(namespace)


def eventually(condition: Callable[[], bool], within_s: float, every_s: float = 0.5) -> bool:
    """Whether the condition comes to hold in time."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every_s)
    return True
