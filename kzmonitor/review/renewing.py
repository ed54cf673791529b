"""Kept figures are renewed after the answer was given, one after the other, so that no reader waits for them."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kzmonitor.store import Database

log = logging.getLogger(__name__)
Work = Callable[[Session], None]


@dataclass
class Renewal:
    """Does work by its name in a thread of its own, which ends with the process: what is cut off is done again by
    whoever asks next. The same work does not wait twice."""

    database: Database
    _waiting: SimpleQueue[tuple[str, Work]] = field(default_factory=SimpleQueue)
    _names: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def __call__(self, name: str, work: Work) -> None:
        with self._lock:
            if name in self._names:
                return
            self._names.add(name)
            self._waiting.put((name, work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="renewal", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            name, work = self._waiting.get()
            try:
                with self.database.session() as session:
                    work(session)
            except DBAPIError as error:
                log.warning("figures could not be renewed: %s", type(error).__name__)
            finally:
                with self._lock:
                    self._names.discard(name)
