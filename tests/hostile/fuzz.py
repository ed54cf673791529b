"""`python -m tests.hostile.fuzz`: mutated documents against everything that reads them, in processes with limits.

Document number N of a run is made from the seed of the run and N alone, so that what was found can be made again. What
breaks a rule is written to a folder: the bytes, and beside them the number and what happened."""

import argparse
import json
import multiprocessing
import os
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from kzmonitor.errors import KzmonitorError
from tests.hostile.mutate import mutated, mutated_archive, mutated_packed
from tests.hostile.readers import READERS
from tests.hostile.seeds import Seeds, seeds

# Shares of the kinds, by what they cost and how much of what is collected comes that way.
KINDS = {
    "feed": 19, "page": 19, "listing": 13, "sitemap": 13, "robots": 10, "jsonl": 8, "warc": 8, "csv": 6, "packed": 3,
    "model": 1,
}  # fmt: skip
OURS = 0.8
# CPU seconds and memory that one document may take; a process that waits for longer than WAIT_S has hung.
MOST_CPU_S, WAIT_S = 10.0, 120.0
MOST_BYTES = 400_000_000
ADDRESS_SPACE_BYTES = 1_500_000_000
LOOK_S = 0.2


@dataclass
class Report:
    """What a run found. outcomes: kind -> "ok", or the error that named what is wrong -> documents; `slowest`: CPU
    seconds of the slowest document of each kind; `peak_bytes`: the most that a process grew by."""

    documents: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, done: dict[str, Any]) -> None:
        """Count one document."""
        kind = done["kind"]
        self.documents += 1
        self.outcomes.setdefault(kind, Counter())[done["outcome"]] += 1
        self.slowest[kind] = max(self.slowest.get(kind, 0.0), done["cpu_s"])
        self.peak_bytes = max(self.peak_bytes, done["grown"])


def document(known: Seeds, seed: int, number: int) -> tuple[str, bytes, random.Random]:
    """The kind and the bytes of a document of a run, and the dice that its reader goes on with."""
    rng = random.Random(f"{seed}:{number}")
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    ours, theirs = known[kind]
    others = ours if rng.random() < OURS or not theirs else theirs
    damage = {"model": mutated_archive, "packed": mutated_packed}.get(kind, mutated)
    if kind in ("warc", "sitemap") and rng.random() < 0.5:
        damage = mutated_packed
    return kind, damage(rng, rng.choice(others), others), rng


def work(known: Seeds, seed: int, numbers: Iterator[int], told: Connection) -> None:
    """Read documents, and tell of each when it begins and when it ends."""
    space = psutil.Process().memory_info().vms + ADDRESS_SPACE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    # A child of a large process begins with the peak of that process unless it is told to forget it.
    Path("/proc/self/clear_refs").write_text("5")
    before = psutil.Process().memory_info().rss
    for number in numbers:
        kind, data, rng = document(known, seed, number)
        told.send({"begins": number, "cpu_s": time.process_time()})
        begun, why = time.process_time(), ""
        try:
            READERS[kind](rng, data)
            outcome = "ok"
        except KzmonitorError as error:
            outcome = getattr(error, "state", type(error).__name__)
        except BaseException as error:
            outcome, why = type(error).__name__, traceback.format_exc()
        spent, grown = time.process_time() - begun, _peak() - before
        if spent > MOST_CPU_S:
            why = f"took {spent:.0f} CPU seconds"
        if grown > MOST_BYTES:
            why = f"took {grown / 1e6:.0f} MB"
        told.send({"kind": kind, "number": number, "outcome": outcome, "cpu_s": spent, "grown": grown, "why": why})
        if why:
            return  # what this process holds now says nothing about the next document
    told.send({"finished": True})


def _peak() -> int:
    """The most memory that this process had resident, bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


class Worker:
    """A process that reads every `of`-th document, and another in its place when one brings it down."""

    def __init__(self, known: Seeds, seed: int, first: int, step: int, end: int | None) -> None:
        self.known, self.seed, self.next, self.step, self.end = known, seed, first, step, end
        self.done = False
        self.begin()

    def begin(self) -> None:
        """Start a process at the next document."""
        here, there = multiprocessing.Pipe(duplex=False)
        numbers = iter(range(self.next, sys.maxsize if self.end is None else self.end, self.step))
        self.process = multiprocessing.get_context("fork").Process(
            target=work, args=(self.known, self.seed, numbers, there), daemon=True
        )
        self.process.start()
        there.close()
        self.told, self.at, self.cpu_s, self.since = here, None, 0.0, time.monotonic()

    def look(self) -> Iterator[dict[str, Any]]:
        """What it has done since the last look."""
        try:
            while self.told.poll():
                said = self.told.recv()
                self.since = time.monotonic()
                if "begins" in said:
                    self.at, self.cpu_s = said["begins"], said["cpu_s"]
                elif "finished" in said:
                    self.done = True
                else:
                    self.at, self.next = None, said["number"] + self.step
                    yield said
        except EOFError:
            self.process.join()
            if not self.done:
                yield from self._brought_down(f"brought the process down (exit {self.process.exitcode})")
            return
        if self.at is not None and self._stuck():
            self.process.kill()
            self.process.join()
            yield from self._brought_down(f"was not done after {MOST_CPU_S:.0f} CPU seconds")

    def _stuck(self) -> bool:
        try:
            times = psutil.Process(self.process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return False
        return times.user + times.system - self.cpu_s > MOST_CPU_S + 1 or time.monotonic() - self.since > WAIT_S

    def _brought_down(self, why: str) -> Iterator[dict[str, Any]]:
        if self.at is not None:
            self.next = self.at + self.step
            kind = document(self.known, self.seed, self.at)[0]
            yield {"kind": kind, "number": self.at, "outcome": "down", "cpu_s": MOST_CPU_S, "grown": 0, "why": why}
        self.begin()

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()


def run(
    seed: int, count: int | None, seconds: float | None, processes: int, folder: Path, most_failures: int = 50
) -> Report:
    """Read `count` documents, or as many as there is time for; failures are written to `folder`."""
    known, report = seeds(), Report()
    workers = [Worker(known, seed, first, processes, count) for first in range(processes)]
    until = None if seconds is None else time.monotonic() + seconds
    try:
        while not all(worker.done for worker in workers):
            for worker in workers:
                for done in worker.look():
                    report.add(done)
                    if done["why"]:
                        report.failures.append(_kept(known, seed, done, folder))
            if (until is not None and time.monotonic() > until) or len(report.failures) >= most_failures:
                break
            time.sleep(LOOK_S)
    finally:
        for worker in workers:
            worker.stop()
    return report


def _kept(known: Seeds, seed: int, done: dict[str, Any], folder: Path) -> str:
    """Write down what went wrong and with what; in one line."""
    kind, data, _rng = document(known, seed, done["number"])
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{kind}-{seed}-{done['number']}"
    (folder / f"{name}.bin").write_bytes(data)
    again = f"python -m tests.hostile.fuzz --seed {seed} --only {done['number']}"
    (folder / f"{name}.txt").write_text(f"{done['outcome']}\n{again}\n\n{done['why']}\n")
    return f"{name}: {done['outcome']}: {done['why'].strip().splitlines()[-1][:200]}"


def main() -> int:
    """The command line: 1 when anything was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=None, help="of the run; another one each time without it")
    arguments.add_argument("--count", type=int, help="so many documents")
    arguments.add_argument("--seconds", type=float, help="as many as there is time for; without both, until Ctrl-C")
    arguments.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--folder", type=Path, default=Path("var/fuzz"))
    arguments.add_argument("--only", type=int, help="this one document, in this process")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    seed = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    if given.only is not None:
        kind, data, rng = document(seeds(), seed, given.only)
        READERS[kind](rng, data)
        return 0
    report = run(seed, given.count, given.seconds, given.processes, given.folder)
    if given.json:
        print(json.dumps(vars(report)))
    else:
        print(f"seed {seed}: {report.documents} documents, at most {report.peak_bytes / 1e6:.0f} MB more in a process")
        for kind, outcomes in sorted(report.outcomes.items()):
            shown = ", ".join(f"{name} {times}" for name, times in outcomes.most_common(8))
            print(f"{kind:8} slowest {report.slowest[kind]:5.2f} CPU s  {shown}")
        print("\n".join(report.failures) or "nothing found")
    return 1 if report.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
