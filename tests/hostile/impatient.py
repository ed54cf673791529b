"""The spiders as they are, with all their limits, but with less patience (PATIENCE_S) for slow servers."""

import os
import sys
from functools import partial

from spiders import __main__ as program
from spiders import network
from spiders.settings import scrapy_settings

program.scrapy_settings = partial(scrapy_settings, timeout_s=float(os.environ["PATIENCE_S"]))
network.RETRY_WAITS_S = (0.01, 0.02)
sys.exit(program.main())
