"""Files that are whole or not there, and their owner's alone."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# A file this young may belong to a process that has opened it and not locked it yet.
YOUNG_S = 60


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file (mode 0600) to write to piece by piece, beside `path` and put in place at the end; a failure leaves
    nothing, and what stood there before stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_abandoned(path.parent, f".{path.name}.", ".part")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` as such a file."""
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def private_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder `.name-...` of `parent` (mode 0700) that is gone at the end; so are those that killed processes left."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_abandoned(parent, f".{name}-", "")
    folder = parent / f".{name}-{os.getpid()}"
    folder.mkdir(mode=0o700)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder)


def remove_abandoned(folder: Path, beginning: str, ending: str) -> None:
    """Remove what so begins and ends and nobody writes any more: a writer holds a lock, which ends with its process."""
    for left in folder.iterdir():
        if not (left.name.startswith(beginning) and left.name.endswith(ending)):
            continue
        try:
            if time.time() - left.lstat().st_mtime < YOUNG_S:
                continue
            held = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:  # put in place or removed meanwhile, or not ours to read
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        except BlockingIOError:
            pass
        finally:
            os.close(held)
