"""Scrapy's settings: polite, patient, and never wider than a declaration allows."""

from collections.abc import Sequence

from kzmonitor.config import Settings

MAX_BYTES = 10_000_000
TIMEOUT_S = 30


def scrapy_settings(
    settings: Settings, agent: str, proxies: Sequence[str] = (), timeout_s: float = TIMEOUT_S
) -> dict[str, object]:
    """The settings of every crawl. `proxies`: their names. `timeout_s`: the longest that an answer may take."""
    return {
        "BOT_NAME": "kzmonitor",
        "USER_AGENT": agent,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/html;q=0.9, */*;q=0.5",
            "Accept-Language": "ru, kk;q=0.9, en;q=0.8",
        },
        "KZMONITOR_ALLOW_LOOPBACK": settings.allow_loopback,
        "KZMONITOR_PROXIES": list(proxies),
        "DNS_RESOLVER": "spiders.guard.PublicResolver",
        "DNS_TIMEOUT": 15,
        # Our own gate reads robots.txt: Scrapy's takes an unreachable one for consent.
        "ROBOTSTXT_OBEY": False,
        "DOWNLOAD_HANDLERS": {
            "http": "spiders.network.TurnTakingHandler",
            "https": "spiders.network.TurnTakingHandler",
            "file": None,
            "ftp": None,
            "s3": None,
            "data": None,
        },
        "DOWNLOADER_MIDDLEWARES": {
            "spiders.guard.GuardMiddleware": 40,
            "spiders.network.BackoffMiddleware": 550,
            "spiders.network.CaptureMiddleware": 700,
        },
        # Entries are leased newest first; Scrapy's own queue would turn that round.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "RETRY_ENABLED": False,
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REDIRECT_MAX_TIMES": 5,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_TIMEOUT": timeout_s,
        "DOWNLOAD_MAXSIZE": MAX_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": 0,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        # Addresses of pages tell what is watched: only errors of our own reach the log.
        "LOG_LEVEL": "ERROR",
        "LOGSTATS_INTERVAL": 0,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }
