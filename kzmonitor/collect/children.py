"""Child processes of ours: they find our code, and die with the process that started them."""

import ctypes
import os
import signal
from collections.abc import Callable
from functools import partial

from kzmonitor.config import CHECKOUT, in_checkout

PR_SET_PDEATHSIG = 1


def environment() -> dict[str, str]:
    """The environment of a child that runs `python -m` with a module of ours."""
    found = dict(os.environ)
    if in_checkout():
        found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    return found


def dying_with_parent() -> Callable[[], None]:
    """What a child calls before it becomes another program (`preexec_fn`): it is killed when its parent is gone."""
    libc = ctypes.CDLL(None)  # loaded before the fork: other threads may hold locks
    return partial(_die_with_parent, libc)


def _die_with_parent(libc: ctypes.CDLL) -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
