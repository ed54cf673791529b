"""Cutting beside this process: pages are parsed by processes of their own, which a hostile page may take with it.

A page that kills its process, or holds it for longer than any page takes, costs itself and no other: it ends in a
named state, and a new process goes on with the rest. The processes end with this one: nobody is at the other end of
their socket any more. (They are not tied to their parent by PR_SET_PDEATHSIG, which means the thread that made them:
it may well end before others have done with them.)"""

import json
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from multiprocessing.connection import Connection, wait
from threading import Lock
from typing import Any

from kzmonitor.collect import children
from kzmonitor.collect.cut import Article
from kzmonitor.collect.pages import Page, Reading
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.language.detect import Language
from kzmonitor.sources.declaration import Declaration

CUTTER = ("-m", "kzmonitor.collect.cutter")
READY = b"ready"
START_S = 120.0  # reading the language statistics takes one second, on a machine that is busy ten
PAGE_S = 30.0  # the worst pages that are let through take two, on a machine that is busy twenty
# A process whose parent is gone, and with it the clock that it goes by, ends at its next page; or by this alarm.
LONGEST_S = 120
# So many pages a process is given at a time; and so many must wait to be worth the start of one more.
AT_ONCE = 10
WORTH_A_START = 40
MOST_PROCESSES = 4
# A start may fail by accident, when memory is short for a moment.
STARTS = 3
DIED, HUNG = "cutter-died", "cutter-hung"


class Lost(Exception):  # noqa: N818 - what has happened to a process
    """A process that cuts is gone or of no more use; the state that this means for its page."""


class Cutter:
    """One process that cuts, and what it is at."""

    def __init__(self) -> None:
        ours, its = socket.socketpair()
        with its:
            self.process = subprocess.Popen(
                [sys.executable, *CUTTER, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                env=children.environment(),
            )
        self.work = Connection(ours.detach())
        self.left: deque[int] = deque()
        self.is_ready = False
        self.until = time.monotonic() + START_S

    def give(self, numbers: Sequence[int], pages: Sequence[Page], declarations: Mapping[str, Declaration]) -> None:
        """Hand over pages, known by their numbers. Raises Lost."""
        self.left.extend(numbers)
        self.until = time.monotonic() + PAGE_S
        chosen = [pages[number] for number in numbers]
        try:
            self.work.send((chosen, {page.source: declarations[page.source] for page in chosen}))
        except OSError as error:
            raise Lost(DIED) from error

    def answer(self) -> tuple[int, Reading | str] | None:
        """The next page that is done, by its number; None when it is only ready to begin. Raises Lost."""
        try:
            message = self.work.recv_bytes()
        except (EOFError, OSError) as error:
            raise Lost(DIED) from error
        self.until = time.monotonic() + PAGE_S
        if not self.is_ready:
            self.is_ready = message == READY
            return None
        return self.left.popleft(), _reading(json.loads(message))

    def end(self) -> None:
        """Kill it."""
        self.work.close()
        self.process.kill()
        self.process.wait()


class Cutters:
    """As many processes as the machine and the work ask for, kept for the next batch."""

    def __init__(self, most: int | None = None) -> None:
        self.most = most or min(MOST_PROCESSES, os.cpu_count() or 1)
        self._all: list[Cutter] = []
        self._one_batch = Lock()

    def cut(self, pages: Sequence[Page], declarations: Mapping[str, Declaration]) -> list[Reading | str]:
        """What each page holds, in their order, or the named state of one that defeats us.

        declarations: by slug. Raises SetupError when the processes don't start."""
        with self._one_batch:
            try:
                return _Batch(self._all, self.most, pages, declarations).done()
            except BaseException:
                self._close()  # what they still send belongs to no later batch
                raise

    def close(self) -> None:
        """End all processes; the next batch starts new ones."""
        with self._one_batch:
            self._close()

    def _close(self) -> None:
        while self._all:
            self._all.pop().end()


class _Batch:
    """The pages of one call, and which of them are waiting, at work, and done."""

    def __init__(
        self, cutters: list[Cutter], most: int, pages: Sequence[Page], declarations: Mapping[str, Declaration]
    ) -> None:
        self.cutters, self.most, self.pages, self.declarations = cutters, most, pages, declarations
        self.waiting = deque(range(len(pages)))
        self.doubted: set[int] = set()
        self.failed_starts = 0
        self.results: dict[int, Reading | str] = {}

    def done(self) -> list[Reading | str]:
        """Work until each page has its result."""
        while len(self.results) < len(self.pages):
            for cutter in list(self.cutters):
                self.occupy(cutter)
            while self.waiting and len(self.cutters) < min(self.most, -(-len(self.waiting) // WORTH_A_START)):
                self.cutters.append(Cutter())
            self.listen()
        return [self.results[number] for number in range(len(self.pages))]

    def occupy(self, cutter: Cutter) -> None:
        """Give a process that is idle the next pages."""
        if not cutter.is_ready or cutter.left or not self.waiting:
            return
        numbers = [self.waiting.popleft() for _page in range(min(AT_ONCE, len(self.waiting)))]
        try:
            cutter.give(numbers, self.pages, self.declarations)
        except Lost as lost:
            self.lose(cutter, str(lost))

    def listen(self) -> None:
        """Take what has come by now, or the loss of who is silent for too long."""
        busy = [cutter for cutter in self.cutters if cutter.left or not cutter.is_ready]
        patience_s = min((cutter.until for cutter in busy), default=time.monotonic()) - time.monotonic()
        heard = wait([cutter.work for cutter in busy], max(patience_s, 0.0))
        for cutter in busy:
            try:
                if cutter.work in heard:
                    answer = cutter.answer()
                    if answer is not None:
                        self.results[answer[0]] = answer[1]
                elif time.monotonic() >= cutter.until:
                    raise Lost(HUNG)
            except Lost as lost:
                self.lose(cutter, str(lost))

    def lose(self, cutter: Cutter, state: str) -> None:
        """Go on without a process: what it had not begun waits again, and once the page that it was at."""
        self.cutters.remove(cutter)
        cutter.end()
        if not cutter.is_ready:
            self.failed_starts += 1
        if self.failed_starts == STARTS:
            raise SetupError(_("the processes that cut pages do not start; see: kzmonitor doctor"))
        if not cutter.left:
            return
        at_work = cutter.left.popleft()
        self.waiting.extendleft(reversed(cutter.left))
        if state == HUNG or at_work in self.doubted:
            self.results[at_work] = state
        else:
            self.doubted.add(at_work)
            self.waiting.append(at_work)


def _reading(told: Mapping[str, Any]) -> Reading | str:
    """What a process says of a page."""
    if "state" in told:
        return str(told["state"])
    article = dict(told["article"])
    if article["published_at"] is not None:
        article["published_at"] = datetime.fromisoformat(article["published_at"])
    return Reading(Article(**article), Language(**told["language"]), told["search"])


def cutters() -> Cutters:
    """Those of this process, which end with it."""
    return _cutters_of(os.getpid())


@cache
def _cutters_of(_process: int) -> Cutters:
    """A fork has its own: the sockets of its parent are not for it."""
    return Cutters()
