"""Which source an error of a crawl is put down to."""

import logging
from collections import Counter


class Blame(logging.Handler):
    """Counts the errors that are logged, by source; those that name none are everybody's.

    Scrapy counts each of them for all crawls of a process, so that one hostile outlet would make all look broken."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._errors: Counter[str | None] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one. What Twisted calls critical are races of its timers while a process ends."""
        if record.levelno != logging.ERROR:
            return
        declaration = getattr(getattr(record, "spider", None), "declaration", None)
        self._errors[None if declaration is None else declaration.slug] += 1

    def errors(self, slug: str) -> int:
        """How many errors there were at a source, or nobody knows where."""
        return self._errors[slug] + self._errors[None]
