"""The spiders as they are, but soon asking again, and killed where a test wants it.

KILL_AFTER_POLLS, KILL_AFTER_ANSWERS: after so many committed looks, or answers of any kind that were kept if
they are to be kept, the process kills itself, so that the moment is chosen and not met by luck.
MOST_LEASED: how many pages one process holds at a time.
PATIENCE_S: for tests in which a server never answers. Without it an answer is waited for as long as in earnest: on a
busy machine it may well take seconds, and would count as another try."""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from spiders import __main__ as program
from spiders import declared, network
from spiders.settings import TIMEOUT_S, scrapy_settings


def until_killed(work: Callable[..., Awaitable[Any]], times: int) -> Callable[..., Awaitable[Any]]:
    """`work`, after whose n-th call nothing else happens in this process."""
    done = 0

    async def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal done
        result = await work(*args, **kwargs)
        done += 1
        if done == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return counted


program.scrapy_settings = partial(scrapy_settings, timeout_s=float(os.environ.get("PATIENCE_S", TIMEOUT_S)))
network.RETRY_WAITS_S = (0.01, 0.02)
declared.MOST_LEASED = int(os.environ.get("MOST_LEASED", declared.MOST_LEASED))
if polls := int(os.environ.get("KILL_AFTER_POLLS", "0")):
    declared.DeclaredSpider.record = until_killed(declared.DeclaredSpider.record, polls)
if answers := int(os.environ.get("KILL_AFTER_ANSWERS", "0")):
    network.CaptureMiddleware.process_response = until_killed(network.CaptureMiddleware.process_response, answers)
sys.exit(program.main())
