"""A process that cuts pages for another: `python -m kzmonitor.collect.cutter SOCKET`, started by `collect.cutting`.

It takes pages over an inherited socket and gives back plain JSON, one message a page: who parses hostile pages is not
to be trusted with more. It never opens the database or the network."""

import json
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from multiprocessing.connection import Connection

from kzmonitor.collect.cutting import LONGEST_S, READY
from kzmonitor.collect.pages import Page, article_of, reading_of
from kzmonitor.errors import PageError
from kzmonitor.language.detect import detect
from kzmonitor.sources.declaration import Declaration

# A page of 10 MB takes 700 MB at worst; what takes more is given up, before the machine is out of memory.
MOST_MEMORY_BYTES = 3 * 2**30


def told(page: Page, declaration: Declaration) -> dict[str, object]:
    """What a page holds, as JSON can say it: article, language, search; or `state`, why it defeats us."""
    try:
        reading = reading_of(article_of(page, declaration))
    except PageError as error:
        return {"state": error.state}
    except MemoryError:
        return {"state": "too-large"}
    article = asdict(reading.article)
    published_at = reading.article.published_at
    article["published_at"] = published_at.isoformat() if published_at else None
    return {"article": article, "language": asdict(reading.language), "search": reading.search}


def limit_memory() -> None:
    """Nothing that this process does takes more memory than is reasonable."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MOST_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def main() -> None:
    """Cut what comes, until nothing more can come."""
    work = Connection(int(sys.argv[1]))
    limit_memory()
    detect("One short text, so that the statistics are read before the first page is waited for.")
    work.send_bytes(READY)
    while True:
        try:
            pages: list[Page]
            declarations: Mapping[str, Declaration]
            pages, declarations = work.recv()
            for page in pages:
                signal.alarm(LONGEST_S)
                work.send_bytes(json.dumps(told(page, declarations[page.source])).encode())
            signal.alarm(0)
        except (EOFError, ConnectionError):
            return  # nobody waits any more


if __name__ == "__main__":
    main()
