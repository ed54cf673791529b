"""The guard: whatever kills a command, nothing that it started outlives it for long.

A small process of its own (`python guard.py DATA`) that waits at a pipe. It needs only the standard library until it
has something to do, and is started by its path, so that it costs ten megabytes and not those of the whole package."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY_S = 0.2
PATIENCE_S = 10
DONE = "done"


@dataclass(frozen=True)
class Guard:
    """Our end of the pipe to the guard, who ends the watched sessions when we are gone without a word."""

    pipe: int

    def watch(self, session: int) -> None:
        """From now on this session must not outlive us."""
        os.write(self.pipe, b"%d\n" % session)

    def forget(self, session: int) -> None:
        """This session has ended; its number may be somebody else's one day."""
        os.write(self.pipe, b"%d\n" % -session)


@contextmanager
def guarded(data: Path) -> Iterator[Guard]:
    """A guard for the length of the block, who also stops the embedded server of `data` when nobody else uses it."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, str(data)], stdin=reading, stdout=subprocess.DEVNULL, start_new_session=True
    )
    os.close(reading)
    try:
        yield Guard(writing)
    finally:
        with suppress(BrokenPipeError):  # the guard itself was killed
            os.write(writing, f"{DONE}\n".encode())
        os.close(writing)
        process.wait()


def in_sessions(sessions: set[int]) -> list[int]:
    """The living processes of these sessions. Children of a child stay in its session, whatever becomes of it."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it has ended meanwhile
                # proc_pid_stat(5): after the name in brackets come state, parent, group, session.
                state, _parent, _group, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) in sessions and state != "Z":
                    found.append(int(folder.name))
    return found


def end_sessions(sessions: set[int], patience_s: float) -> None:
    """End all processes of these sessions: SIGTERM, and after a while SIGKILL until there is none."""
    until = time.monotonic() + patience_s
    number = signal.SIGTERM if patience_s else signal.SIGKILL
    while pids := in_sessions(sessions):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while time.monotonic() < until and in_sessions(sessions):
            time.sleep(LOOK_EVERY_S)
        number = signal.SIGKILL
        time.sleep(LOOK_EVERY_S / 4)


def watched(told: Iterable[str]) -> set[int] | None:
    """The sessions to end by what was told until the pipe broke; None when all was well."""
    sessions: set[int] = set()
    for word in told:
        if word == DONE:
            return None
        if int(word) > 0:
            sessions.add(int(word))
        else:
            sessions.discard(-int(word))
    return sessions


def main() -> None:
    """Wait for the end of the command; if nobody said that all is well, end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left = watched(sys.stdin.read().split())
    if left is None:
        return
    end_sessions(left, PATIENCE_S)

    from kzmonitor.store import embedded

    data = Path(sys.argv[1])
    if embedded.is_running(embedded.Cluster(data)):
        with embedded.running(data):
            pass  # whoever leaves last stops it


if __name__ == "__main__":
    main()
