"""Where benchmarks take place: a database of their own with a model in it, and a newsroom in a process of its own."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kzmonitor import config, store
from kzmonitor.classify import persist, registry
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.classify.model import Classifier
from kzmonitor.classify.train import train
from kzmonitor.config import models_folder
from kzmonitor.store import Database, embedded, partitions

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "var" / "bench"
WAIT_S = 120
# What these say makes no other model.
NO_MATTER = ("scoring.py", "registry.py", "evaluate.py", "intervals.py", "reliability.py", "persist.py")


def baseline() -> Classifier:
    """The model that a first run trains, kept from one run to the next while its data and code stay the same: several
    processes that want it at once train it once."""
    digest = hashlib.sha256()
    package = ROOT / "kzmonitor"
    code = [path for folder in ("classify", "language") for path in (package / folder).rglob("*.py")]
    data = [path for path in models_folder().rglob("*.*") if path.suffix in (".jsonl", ".yaml", ".tsv", ".txt")]
    for path in sorted([*data, *(path for path in code if path.name not in NO_MATTER)]):
        digest.update(path.read_bytes())
    file = KEPT / f"baseline-{digest.hexdigest()[:16]}.skops"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            body = persist.save(train(registry.seed_texts(), read_taxonomy(models_folder() / "taxonomy.yaml")))
            unfinished = file.with_suffix(".part")
            unfinished.write_bytes(body)
            unfinished.replace(file)
    return persist.load(file.read_bytes())


@contextmanager
def database(model: Classifier | None = None, **settings: str) -> Iterator[Database]:
    """An empty database on an embedded server of its own, with partitions for now and `model` as its champion. This
    process and its children find it by their environment, which also gets `settings` (KZMONITOR_...)."""
    before = {name: value for name, value in os.environ.items() if name.startswith("KZMONITOR_")}
    folder = Path(tempfile.mkdtemp(prefix="kzmonitor-bench-"))
    for name in before:
        del os.environ[name]
    os.environ.update(KZMONITOR_DATA=str(folder), KZMONITOR_ENV_FILE=os.devnull, **settings)
    try:
        with store.opened(config.settings()) as opened:
            with opened.session() as session:
                partitions.ensure(session, datetime.now(UTC))
                if model is not None:
                    registry.add(session, model, "champion", datetime.now(UTC))
            yield opened
    finally:
        for name in [name for name in os.environ if name.startswith("KZMONITOR_")]:
            del os.environ[name]
        os.environ.update(before)
        shutil.rmtree(embedded.Cluster(folder).server_home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def child(module: str, *arguments: str, ready: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A benchmark's helper as a process of its own, ended with SIGTERM; entered when its file `ready` is there."""
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT)
    try:
        until = time.monotonic() + WAIT_S
        while ready is not None and not ready.exists():
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{module} does not start")
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_S)
