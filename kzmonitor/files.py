"""Files that are whole or not there, and their owner's alone."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` (mode 0600) beside `path` and put it in place at the end; a failure leaves nothing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
