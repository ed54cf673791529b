"""Runs Scrapy as a child process and judges it by what it reports, never by its exit code.

Command and DAG task call the same function. The child dies with its parent, is stopped in two steps, and
holds leases that others may take over, so that killing either loses nothing."""

import json
import logging
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kzmonitor import logs
from kzmonitor.collect import children
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.traces import span

log = logging.getLogger(__name__)

SPIDERS = ("-m", "spiders")
GRACE_S = 10
FINISHED = "finished"


@dataclass(frozen=True)
class Crawled:
    """How the crawl of one source ended. `counts`: poll:STATE, new, fetched, failed:STATE, retried, watched:OUTCOME;
    `notes`: what a probe saw, an object an address."""

    slug: str
    finished: str
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether the crawl ran to its end (single addresses may have failed, in named states)."""
        return self.finished == FINISHED


def run(
    slugs: Sequence[str],
    sources_dir: Path | None = None,
    spider: str | None = None,
    work: str | None = None,
    now: datetime | None = None,
) -> list[Crawled]:
    """Crawl these sources in one child process; how each ended, in the same order. `spider`: one for all,
    in place of those that the sources declare; `work`: watch or backfill, in place of collecting; `now`: the moment
    at which the child believes to begin, in place of that of the machine.

    Raises SetupError (one line, the child's) when nothing could be started."""
    with tempfile.TemporaryDirectory(prefix="kzmonitor-") as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, *SPIDERS, str(report), *slugs]
        if sources_dir is not None:
            command += ["--sources-dir", str(sources_dir.absolute())]
        if spider is not None:
            command += ["--spider", spider]
        if work is not None:
            command += ["--work", work]
        if now is not None:
            command += ["--now", now.isoformat()]
        with span(work or "collect", sources=len(slugs)):
            last_line, code = _run_child(command)
        if not report.exists():
            if code == 2:
                raise SetupError(last_line)
            reason = _("ended by signal {number}").format(number=-code) if code < 0 else last_line
            return [Crawled(slug, reason or "crashed") for slug in slugs]
        told = json.loads(report.read_text())
    ended = [_judged(slug, told[slug]) for slug in slugs]
    for one in ended:
        failed = sum(count for key, count in one.counts.items() if key.startswith("failed:"))
        new, fetched = one.counts.get("new", 0), one.counts.get("fetched", 0)
        logs.event("collected", source=one.slug, state=one.finished, new=new, fetched=fetched, failed=failed)
    return ended


def _judged(slug: str, told: dict[str, Any]) -> Crawled:
    finished = told["finished"]
    if finished == FINISHED and told["exceptions"]:
        finished = "exceptions"
    return Crawled(slug, finished, told["counts"], told["notes"])


def _run_child(command: list[str]) -> tuple[str, int]:
    """Run to the end, passing lines on to the log; the last line and the exit code."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=children.environment(),
        preexec_fn=children.dying_with_parent(),
    )
    assert child.stdout is not None
    last = ""
    try:
        for line in child.stdout:
            last = line.rstrip() or last
            log.info("%s", line.rstrip())
        return last, child.wait()
    finally:
        _end(child)


def _end(child: "subprocess.Popen[str]") -> None:
    """Scrapy's first SIGTERM waits for open downloads, the second does not."""
    for number, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGTERM, 3), (signal.SIGKILL, 5)):
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
