"""The process of the product that the week is played to, as seen from outside."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from kzmonitor.config import CHECKOUT


class Worker:
    """The long-living process of the product, spoken to a line at a time."""

    def __init__(self, declarations: Path, environment: dict[str, str], log: Path) -> None:
        self._log = log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.worker", str(declarations)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environment, cwd=CHECKOUT,
        )  # fmt: skip

    def ask(self, now: datetime, works: list[str]) -> dict[str, Any]:
        """What these works gave."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"now": now.isoformat(), "works": works}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker ended with {self.process.wait()}; see {self._log.name}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def measured(self) -> dict[str, int]:
        """What the process holds: bytes resident, bytes of its own, open files (sockets among them), threads."""
        process = psutil.Process(self.process.pid)
        memory = process.memory_full_info()
        return {
            "rss": memory.rss, "uss": memory.uss, "files": process.num_fds(), "threads": process.num_threads(),
            "children": len(process.children(recursive=True)),
        }  # fmt: skip

    def crawls(self) -> list[psutil.Process]:
        """Its crawls that are under way."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in children if any(part.endswith("runner.py") for part in _command(one))]

    def close(self) -> None:
        """End it in order."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(120)
        self._log.close()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
