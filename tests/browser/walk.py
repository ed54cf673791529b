"""Every page of the app that can be reached by links and forms from the first one."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx
import lxml.html
from fastapi import FastAPI
from starlette.routing import Match, Mount, Route

from tests.browser.conftest import Desk

# What links ask for that makes no other page.
SAME = {"lang", "done"}
# Each says why no link leads there.
NOT_LINKED = {
    "/healthz": "for machines",
    "/metrics": "for machines",
    "/api/v1/openapi.json": "for machines",
    "/api/v1/alerts/{alert_id}": "for machines",
    "/api/v1/alerts/{alert_id}/reviews": "for machines",
    "/login": "for those who are not in",
    "/login/code": "after the password of who has a second factor",
    "/login/single-sign-on": "where a provider is set",
    "/login/single-sign-on/back": "from the provider",
    "/invitation": "in the address that an invited person is given",
    "/blank": "after leaving",
    "/me/second-factor.svg": "while a second factor is being set up",
    "/feeds/{token}.atom": "in a secret address",
    "/confirm/{subscriber_id}/{signature}": "in a mail",
    "/unsubscribe/{subscriber_id}/{signature}": "in a mail",
}
# Where the walk begins: the first page, and what programs ask, which no page links to.
BEGIN = ("/", "/api/v1/alerts", "/api/v1/incidents", "/api/v1/sources", "/api/v1/models")


@dataclass(frozen=True)
class Seen:
    """An address that answered: the route behind it, what it is (text/html, ...), its headers."""

    path: str
    route: str
    type: str
    headers: httpx.Headers


def walk(desk: Desk, each: int = 2) -> list[Seen]:
    """What a person finds who follows every link, up to `each` addresses of one route with the same parameters."""
    with httpx.Client(base_url=desk.address, follow_redirects=True, timeout=60) as client:
        client.get(desk.entrance())
        waiting, known = deque(BEGIN), set(BEGIN)
        seen: list[Seen] = []
        taken: dict[tuple[str, frozenset[str]], int] = {}
        while waiting:
            path = waiting.popleft()
            key = (route_of(desk.app, path), frozenset(parse_qs(urlsplit(path).query)))
            if taken.get(key, 0) >= each:
                continue
            taken[key] = taken.get(key, 0) + 1
            response = client.get(path)
            assert response.status_code == 200, f"{path} answers {response.status_code}"
            type = response.headers.get("content-type", "").split(";")[0]
            seen.append(Seen(path, key[0], type, response.headers))
            if type == "text/html" and response.text:
                for found in _links(str(response.url), response.text):
                    if found.startswith(desk.address + "/") and "/static/" not in found:
                        inside = _same(found.removeprefix(desk.address))
                        if inside not in known:
                            known.add(inside)
                            waiting.append(inside)
        return seen


def _same(address: str) -> str:
    """The address without what makes no other page of it."""
    parts = urlsplit(address)
    asked = [(name, said) for name, said in parse_qsl(parts.query, keep_blank_values=True) if name not in SAME]
    return parts.path + (f"?{urlencode(asked)}" if asked else "")


def _links(base: str, html: str) -> Iterator[str]:
    dom = lxml.html.document_fromstring(html)
    for attribute in ("href", "src"):
        for element in dom.xpath(f"//*[@{attribute}]"):
            yield urljoin(base, element.get(attribute))
    for form in dom.xpath("//form[not(@method) or translate(@method, 'GET', 'get') = 'get']"):
        yield urljoin(base, form.get("action") or "")


def route_of(app: FastAPI, path: str) -> str:
    """The route that answers an address, as it is written in the code."""
    scope = {"type": "http", "path": urlsplit(path).path, "method": "GET", "root_path": "", "headers": []}
    for route in app.routes:
        if route.matches(scope)[0] is Match.FULL:
            return getattr(route, "path", "")
    raise AssertionError(f"a link leads to {path}, which no route answers")


def get_routes(app: FastAPI) -> set[str]:
    """The routes that a browser may open."""
    return {
        route.path
        for route in app.routes
        if isinstance(route, Route) and not isinstance(route, Mount) and "GET" in (route.methods or ())
    }
