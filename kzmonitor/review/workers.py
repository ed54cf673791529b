"""Several processes behind one port: one process makes pages on one processor, however many the machine has.

They are forked before the first request and share the listening socket. What they must agree on is in the database
(logins, failed logins, kept figures) or was settled before they were made (the key, the token of this start)."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType

from kzmonitor.collect.children import dying_with_parent

# More would wait for the database rather than for a processor.
MOST = 4
# One that ends as soon as it begins must not keep the machine busy.
PAUSE_S = 1.0
STOPS = (signal.SIGTERM, signal.SIGINT)
log = logging.getLogger(__name__)


def usual_number() -> int:
    """One for each processor that this process may use, up to `MOST`."""
    return min(MOST, len(os.sched_getaffinity(0)))


def run_in(number: int, work: Callable[[], None]) -> None:
    """Do `work` in so many processes until this one is told to stop (SIGTERM, SIGINT), and then let them end.

    One that ends by itself is made again. `work` must open its own connections. When this process is killed, they end
    with it."""
    forking, dies = multiprocessing.get_context("fork"), dying_with_parent()
    told: signal.Signals | None = None
    running: list[ForkProcess] = []

    def stop(which: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = signal.Signals(which)
        for one in running:
            one.terminate()

    def begin() -> ForkProcess:
        one = forking.Process(target=_alone, args=(work, dies, os.getpid()))
        # What is sent before it has its own handlers waits for them: with ours it would never end.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            one.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return one

    before = {which: signal.signal(which, stop) for which in STOPS}
    try:
        running.extend(begin() for _each in range(number))
        while told is None:
            wait([one.sentinel for one in running], PAUSE_S)
            for place, one in enumerate(running):
                if told is None and not one.is_alive():
                    log.warning("a process of the review app ended (%s); another takes its place", one.exitcode)
                    time.sleep(PAUSE_S)
                    running[place] = begin()
        for one in running:
            # What was begun while the request to stop came in has not heard of it.
            one.terminate()
            one.join()
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
    # Whoever listened before decides what it means for this process.
    signal.raise_signal(told)


def _alone(work: Callable[[], None], dies: Callable[[], None], parent: int) -> None:
    for which in STOPS:
        signal.signal(which, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    dies()
    if os.getppid() == parent:
        work()
