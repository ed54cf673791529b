"""The spiders as they are, but impatient: what they wait in earnest for a silent or a failing server is of no use here.

At its end the process writes its peak of memory (bytes) into the file that SOAK_PEAK names."""

import os
import re
import sys
from functools import partial
from pathlib import Path

from spiders import __main__ as program
from spiders import network
from spiders.settings import scrapy_settings

TIMEOUT_S = 6.0

program.scrapy_settings = partial(scrapy_settings, timeout_s=TIMEOUT_S)
network.RETRY_WAITS_S = (0.05, 0.1)
code = program.main()
# Not ru_maxrss, which begins with what the parent held when it forked.
peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024  # type: ignore[index]
Path(os.environ["SOAK_PEAK"]).write_text(str(peak))
sys.exit(code)
