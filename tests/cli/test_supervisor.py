"""Real processes: small ones that sleep, refuse to go, or have children of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kzmonitor.cli.guard import Guard, guarded, in_sessions, watched
from kzmonitor.cli.supervisor import Supervisor, Wish, claimed, listening
from kzmonitor.errors import SetupError

PATIENCE_S = 120
SLEEP = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); {SLEEP}"
PARENT_OF_STUBBORN = PARENT.replace(repr(SLEEP), repr(STUBBORN))
NOTES_ITS_END = "import signal, sys, time; {handler}; print('up', flush=True); time.sleep(600)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "what was waited for never came"
        time.sleep(0.02)


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    with guarded(tmp_path / "data") as found:
        yield found


@pytest.fixture
def supervisor(tmp_path: Path, guard: Guard) -> Iterator[Supervisor]:
    found = Supervisor(tmp_path / "logs", Wish(), guard)
    yield found
    found.wish.hurry = True
    found.stop()


def started(supervisor: Supervisor, name: str, code: str, ups: int = 1, **options: float) -> int:
    """Start it and wait until it, and as many of its children, say that they are up."""
    child = supervisor.start(name, python(code), dict(os.environ), **options)  # type: ignore[arg-type]
    until(lambda: child.log.read_text().count("up") >= ups)
    return child.process.pid


def test_what_a_child_says_is_in_its_log_for_nobody_else_to_read(supervisor: Supervisor) -> None:
    started(supervisor, "talker", SLEEP)
    log = supervisor.logs / "talker.log"
    assert log.read_text() == "up\n"
    assert supervisor.logs.stat().st_mode & 0o777 == 0o700


def test_output_that_may_hold_a_secret_is_not_kept(supervisor: Supervisor) -> None:
    code = "import sys; print('token'); print('trouble', file=sys.stderr)"
    child = supervisor.start("secret", python(code), dict(os.environ), keep_output=False)
    assert supervisor.finish(child) == 0
    assert child.log.read_text() == "trouble\n"


def test_a_child_that_ends_is_noticed_with_its_exit_code(supervisor: Supervisor) -> None:
    started(supervisor, "well", SLEEP)
    ill = supervisor.start("ill", python("raise SystemExit(7)"), dict(os.environ))
    assert not supervisor.undisturbed(PATIENCE_S)
    assert supervisor.ended() is ill
    assert ill.process.returncode == 7


def test_a_child_that_ends_by_plan_is_not_missed(supervisor: Supervisor) -> None:
    child = supervisor.start("short", python(""), dict(os.environ))
    assert supervisor.finish(child) == 0
    assert supervisor.ended() is None
    assert supervisor.undisturbed(0)


def test_children_of_a_higher_stage_end_first(supervisor: Supervisor, tmp_path: Path) -> None:
    book = tmp_path / "book"
    for name, stage in (("last", 0), ("first", 2), ("middle", 1)):
        note = f"open({str(book)!r}, 'a').write('{name} ')"
        handler = f"signal.signal(signal.SIGTERM, lambda *_: ({note}, sys.exit()))"
        started(supervisor, name, NOTES_ITS_END.format(handler=handler), stage=stage)
    supervisor.stop()
    assert book.read_text().split() == ["first", "middle", "last"]


def test_a_stubborn_child_is_killed_when_patience_ends(supervisor: Supervisor) -> None:
    session = started(supervisor, "stubborn", STUBBORN, patience_s=0.1)
    supervisor.stop()
    assert in_sessions({session}) == []


def test_nobody_waits_for_a_stubborn_child_in_a_hurry(supervisor: Supervisor) -> None:
    session = started(supervisor, "stubborn", STUBBORN, patience_s=3600)
    supervisor.wish.hurry = True
    supervisor.stop()
    assert in_sessions({session}) == []


def test_what_a_child_has_started_ends_with_it(supervisor: Supervisor) -> None:
    session = started(supervisor, "parent", PARENT_OF_STUBBORN, ups=2)
    assert len(in_sessions({session})) == 2
    supervisor.wish.hurry = True
    supervisor.stop()
    assert in_sessions({session}) == []


def test_after_kill_9_the_guard_leaves_nothing(tmp_path: Path) -> None:
    code = f"""
import os, time
from pathlib import Path
from kzmonitor.cli.guard import guarded
from kzmonitor.cli.supervisor import Supervisor, Wish
with guarded(Path({str(tmp_path / "data")!r})) as guard:
    supervisor = Supervisor(Path({str(tmp_path)!r}), Wish(), guard)
    child = supervisor.start("parent", [{sys.executable!r}, "-c", {PARENT!r}], dict(os.environ))
    while child.log.read_text().count("up") < 2:
        time.sleep(0.02)
    print(child.process.pid, flush=True)
    time.sleep(600)
"""
    with subprocess.Popen(python(code), stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        session = int(victim.stdout.readline())
        assert len(in_sessions({session})) == 2
        victim.kill()
    until(lambda: not in_sessions({session}))


def test_the_guard_is_told_by_number_and_by_a_word() -> None:
    assert watched(["5", "7", "-5"]) == {7}
    assert watched([]) == set()
    assert watched(["5", "done"]) is None


def test_the_first_signal_is_a_wish_and_the_second_a_hurry() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with listening() as wish:
        signal.raise_signal(signal.SIGINT)
        assert (wish.stop.is_set(), wish.hurry) == (True, False)
        signal.raise_signal(signal.SIGTERM)
        assert wish.hurry
    assert signal.getsignal(signal.SIGTERM) is before


def test_one_run_a_data_folder(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(SetupError, match="another kzmonitor runs in this folder"), claimed(tmp_path):
        pass
    with claimed(tmp_path):
        pass
