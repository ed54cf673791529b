"""How many alerts each list has. Counting a large queue takes longer than showing a page of it, so there the numbers
are kept for a few seconds, in each process of the app for itself, and until somebody decides there."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request

KEPT_S = 5.0
# With fewer alerts than this everything is counted each time.
LARGE = 10_000


@dataclass
class Counts:
    """Numbers by what was counted; `read` is the clock."""

    read: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, dict[str, int]]] = field(default_factory=dict)

    def of(self, what: str, count: Callable[[], dict[str, int]], *, large: bool | None = None) -> dict[str, int]:
        """What `count` gives, or gave a moment ago. large: whether the queue is; else the numbers' sum says."""
        until, numbers = self._kept.get(what, (0.0, {}))
        if self.read() < until:
            return numbers
        numbers = count()
        if sum(numbers.values()) >= LARGE if large is None else large:
            self._kept[what] = self.read() + KEPT_S, numbers
        return numbers

    def forget(self) -> None:
        """Count anew next time."""
        self._kept.clear()


def counts_of(request: Request) -> Counts:
    """The numbers that this app keeps."""
    state = request.app.state
    if not hasattr(state, "counts"):
        state.counts = Counts()
    kept: Counts = state.counts
    return kept
