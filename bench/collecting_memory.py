"""The most memory that a process and its children hold together, while it runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

EVERY_S = 0.25
MIB = 2**20


@dataclass
class Peak:
    """mib: the most there has been by now. Pages that processes share are counted once (PSS)."""

    mib: float = 0.0


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """The peak of a process tree, looked at four times a second."""
    peak, over = Peak(), threading.Event()

    def look() -> None:
        while not over.wait(EVERY_S):
            peak.mib = max(peak.mib, held_mib(pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def held_mib(pid: int) -> float:
    """What a process and its children hold now; those that end meanwhile hold nothing."""
    total = 0
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for process in tree:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / MIB
