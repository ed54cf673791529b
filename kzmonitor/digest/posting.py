"""One POST to a host that was named beforehand: no redirect is followed, no private address reached, nothing of the
environment's proxies; through KZMONITOR_PROXY if there is one."""

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from kzmonitor import config
from kzmonitor.config import Settings
from kzmonitor.reaching import open_address

TIMEOUT = httpx.Timeout(20, connect=10)
MOST_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back. status: of HTTP, or 0; failure: why there is none: `not-reached` (nothing was handed over),
    `no-answer` (it may have been), `private-address`; content: the beginning of the body."""

    status: int
    failure: str | None = None
    content: bytes = b""
    retry_after: str | None = None


class Poster:
    """Keeps connections between posts; opened by `with`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # Its lines hold whole addresses, the token of a bot among them.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        proxy = settings.proxy.get_secret_value() if settings.proxy else None
        self._client = httpx.Client(
            timeout=TIMEOUT, follow_redirects=False, trust_env=False, proxy=proxy,
            headers={"User-Agent": config.agent()},
        )  # fmt: skip

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def post(self, url: str, content: bytes, headers: dict[str, str]) -> Answer:
        """Post to an http(s) address."""
        try:
            request = self._request(url, content, headers)
            if request is None:
                return Answer(0, "private-address")
            response = self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, OSError):
            return Answer(0, "not-reached")
        except httpx.HTTPError:
            return Answer(0, "no-answer")
        try:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_ANSWER_BYTES:
                    break
        except httpx.HTTPError:
            body = b""
        finally:
            response.close()
        return Answer(response.status_code, None, body[:MOST_ANSWER_BYTES], response.headers.get("retry-after"))

    def _request(self, url: str, content: bytes, headers: dict[str, str]) -> httpx.Request | None:
        """The request to the very address that was looked at: a name that points elsewhere a moment later leads
        nowhere. Behind a proxy the names are the proxy's to resolve."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if self.settings.proxy is not None:
            return self._client.build_request("POST", url, content=content, headers=headers)
        address = open_address(
            host, parts.port or {"http": 80, "https": 443}[parts.scheme], self.settings.allow_loopback
        )
        if address is None:
            return None
        port = f":{parts.port}" if parts.port else ""
        there = httpx.URL(url).copy_with(host=address)
        return self._client.build_request(
            "POST", there, content=content, headers={"Host": f"{parts.hostname}{port}"} | headers,
            extensions={"sni_hostname": host},
        )  # fmt: skip
