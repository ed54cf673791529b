"""What a piece of work costs: seconds by the clock, CPU seconds of all processes meant, most memory at one time."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from kzmonitor.store import embedded

MIB = 2**20


@dataclass
class Cost:
    """wall_s: by the clock; cpu_s: of this process and the children that it has waited for; database_cpu_s: of the
    database server's processes."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    database_cpu_s: float = 0.0

    @property
    def all_cpu_s(self) -> float:
        """Of everything that worked on it."""
        return self.cpu_s + self.database_cpu_s


@contextmanager
def measured(data: Path | None = None) -> Iterator[Cost]:
    """What the block costs, filled in at its end. data: the data folder of the embedded database, if it is used."""
    server = server_of(data) if data is not None else None
    cost = Cost()
    began, cpu, database = time.perf_counter(), own_cpu_s(), cpu_of(server)
    yield cost
    cost.wall_s = time.perf_counter() - began
    cost.cpu_s = own_cpu_s() - cpu
    cost.database_cpu_s = cpu_of(server) - database


def own_cpu_s() -> float:
    """User and system time of this process and of the children that have ended."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in both)


def peak_mib() -> float:
    """The most memory that this process, or one of its ended children, has held."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return max(one.ru_maxrss for one in both) * 1024 / MIB


def server_of(data: Path) -> psutil.Process | None:
    """The first process of the embedded database server of a data folder; None when it does not run."""
    file = embedded.Cluster(data).pgdata / "postmaster.pid"
    return psutil.Process(int(file.read_text().split()[0])) if file.exists() else None


def cpu_of(process: psutil.Process | None) -> float:
    """User and system time of a process, of its children that ended, and of those that live."""
    if process is None:
        return 0.0
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it has just ended and is counted with its parent
        total += times.user + times.system + times.children_user + times.children_system
    return total
