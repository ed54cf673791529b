"""Child processes that live and die with one command: started, watched, and stopped in order."""

import ctypes
import fcntl
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from kzmonitor.cli.guard import LOOK_EVERY_S, Guard, end_sessions
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _

PR_SET_PDEATHSIG = 1
LONGEST_LOG_BYTES = 10_000_000


@dataclass
class Wish:
    """What the person at the keyboard wants: `stop` after the first Ctrl-C (or SIGTERM, SIGHUP), `hurry` after
    the second."""

    stop: threading.Event = field(default_factory=threading.Event)
    hurry: bool = False

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        """A signal handler."""
        self.hurry = self.stop.is_set()
        self.stop.set()


@contextmanager
def listening() -> Iterator[Wish]:
    """Signals are wishes for the length of the block, and never interrupt what is going on."""
    wish = Wish()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # not under nohup
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, wish.hear) for number in numbers}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Child:
    """A running process. `stage`: those of the highest are stopped first. `patience_s`: until it is killed."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stage: int
    patience_s: float


class Supervisor:
    """Starts children whose output goes to files in `logs`, and leaves none of them behind."""

    def __init__(self, logs: Path, wish: Wish, guard: Guard) -> None:
        self.logs = logs
        self.wish = wish
        self.guard = guard
        self.children: list[Child] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stage: int = 0,
        patience_s: float = 15,
        keep_output: bool = True,
    ) -> Child:
        """Start a child in a session of its own, so that Ctrl-C reaches it through us only.

        keep_output: False keeps standard output, which may hold a secret, out of the log; errors stay."""
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = self.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=errors if keep_output else subprocess.DEVNULL,
                stderr=errors,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self.guard.watch(process.pid)
        child = Child(name, process, log, stage, patience_s)
        self.children.append(child)
        return child

    def ended(self) -> Child | None:
        """A child that has ended although nobody asked it to."""
        return next((child for child in self.children if child.process.poll() is not None), None)

    def finish(self, child: Child) -> int | None:
        """Wait for a child that ends by itself; its exit code, or None when we are to stop first."""
        while child.process.poll() is None and not self.wish.stop.wait(LOOK_EVERY_S):
            pass
        if child.process.poll() is not None:
            self.children.remove(child)
            self.guard.forget(child.process.pid)
        return child.process.returncode

    def undisturbed(self, seconds: float) -> bool:
        """Let time pass; False as soon as a child has ended or we are to stop."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.wish.stop.wait(LOOK_EVERY_S) or self.ended() is not None:
                return False
        return True

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until the condition holds; False when a child ended, time ran out, or we are to stop."""
        until = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > until or not self.undisturbed(LOOK_EVERY_S):
                return False
        return True

    def stop(self) -> None:
        """Ask each child to end, the highest stage first; kill what does not, and all that they started."""
        for stage in sorted({child.stage for child in self.children}, reverse=True):
            self._stop_stage([child for child in self.children if child.stage == stage])
        end_sessions({child.process.pid for child in self.children}, patience_s=0 if self.wish.hurry else 3)
        for child in self.children:
            self.guard.forget(child.process.pid)
        self.children.clear()

    def _stop_stage(self, children: list[Child]) -> None:
        asked = time.monotonic()
        for child in children:
            if child.process.poll() is None:
                child.process.terminate()
        while waiting := [child for child in children if child.process.poll() is None]:
            for child in waiting:
                if self.wish.hurry or time.monotonic() - asked > child.patience_s:
                    child.process.kill()
            time.sleep(LOOK_EVERY_S / 4)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def claimed(data: Path) -> Iterator[None]:
    """One run a data folder. Raises SetupError when another has it."""
    with (data / "run.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            problem = _("{path}: another kzmonitor runs in this folder; stop it first")
            raise SetupError(problem.format(path=data)) from error
        yield
