"""What happened in a cluster and when: looked at each second, past the network, and kept as JSON for the picture."""

import json
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.cluster.services import Postgres

DONE = """select
    (select count(*) from entry where state = 'fetched') as fetched,
    (select count(*) from article) as cut,
    (select count(*) from prediction) as scored,
    (select count(*) from alert) as alerts"""
TRIES = """select {key} as id, dag_id, run_id, task_id, map_index, try_number, hostname as host, state,
    start_date as started, end_date as ended from {table}
    where start_date is not null and hostname <> '' and state in ('running', 'success', 'failed')"""
Sample = dict[str, float]


@dataclass(frozen=True)
class Try:
    """One try of a task on a host. `id`: the same for all tries of one task."""

    id: str
    task: str
    number: int
    host: str
    state: str
    started: float
    ended: float | None


@dataclass
class Timeline:
    """Seconds since the start of the work; what was done by then; the tries of all tasks."""

    postgres: Postgres
    begun: float = field(default_factory=time.time)
    events: list[tuple[float, str]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Timeline":
        self._thread = threading.Thread(target=self._watch, name="timeline", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.time() - self.begun

    def note(self, what: str) -> float:
        """An event that happens now; when that is."""
        at = self.now
        self.events.append((at, what))
        print(f"{at:7.1f} s  {what}", flush=True)
        return at

    def done(self, what: str) -> float:
        """How many articles were `fetched`, `cut` or `scored` when last seen."""
        return self.samples[-1][what] if self.samples else 0

    def tries(self) -> list[Try]:
        """All tries so far, oldest first; empty while the database is away."""
        try:
            with self.postgres.connect("airflow") as connection, connection.cursor(row_factory=dict_row) as cursor:
                found: list[dict[str, Any]] = []
                for key, table in (("id", "task_instance"), ("task_instance_id", "task_instance_history")):
                    found += cursor.execute(TRIES.format(key=key, table=table)).fetchall()
        except psycopg.OperationalError:
            return []
        return sorted((self._try(row) for row in found), key=lambda one: one.started)

    def _try(self, row: dict[str, Any]) -> Try:
        identity = f"{row['dag_id']} {row['run_id']} {row['task_id']} {row['map_index']}"
        name = f"{row['dag_id']}.{row['task_id']}"
        ended = self._seconds(row["ended"]) if row["ended"] else None
        return Try(
            identity, name, row["try_number"], row["host"], str(row["state"]), self._seconds(row["started"]), ended
        )

    def _seconds(self, moment: datetime) -> float:
        return moment.timestamp() - self.begun

    def running(self, host: str) -> list[Try]:
        """The tries that run on a host, as far as Airflow knows."""
        return [one for one in self.tries() if one.host == host and one.state == "running"]

    def queued(self) -> int:
        """How many tasks wait in the broker, as far as Airflow knows."""
        with self.postgres.connect("airflow") as connection:
            row = connection.execute("select count(*) from task_instance where state = 'queued'").fetchone()
        return int(row[0]) if row else 0

    def _watch(self) -> None:
        with ExitStack() as stack:
            connection: psycopg.Connection[Any] | None = None
            while not self._over.wait(0.5):
                try:
                    if connection is None:
                        connection = stack.enter_context(self.postgres.connect("kzmonitor"))
                    row = connection.execute(DONE).fetchone()
                except psycopg.OperationalError:
                    connection = None
                    continue
                assert row is not None
                names = ("fetched", "cut", "scored", "alerts")
                self.samples.append({"at": round(self.now, 1), **dict(zip(names, row, strict=True))})

    def save(self, path: Path, facts: dict[str, Any]) -> None:
        """Write everything down."""
        content = {
            "facts": facts,
            "events": [{"at": round(at, 1), "what": what} for at, what in self.events],
            "samples": self.samples,
            "tries": [vars(one) for one in self.tries()],
        }
        path.write_text(json.dumps(content, indent=1))


def still_lost(timeline: Timeline, running: list[Try]) -> list[Try]:
    """Those that a death has cut off, of the tries that ran a moment before it: the others had just ended well."""
    well = {(one.id, one.number) for one in timeline.tries() if one.state == "success"}
    return [one for one in running if (one.id, one.number) not in well]


def again(timeline: Timeline, lost: list[Try], since: float) -> dict[str, float]:
    """When each lost task began to run again, of those that did, by its id."""
    later = [one for one in timeline.tries() if one.started > since]
    return {
        one.id: min(other.started for other in later if other.id == one.id)
        for one in lost
        if any(other.id == one.id for other in later)
    }


def over(timeline: Timeline) -> bool:
    """Whether no task of understanding is under way."""
    tries = timeline.tries()
    finished = [one for one in tries if one.task == "understand.understand" and one.state == "success"]
    return bool(finished) and not [one for one in tries if one.state == "running" and one.task.startswith("understand")]
