"""What a source declares about itself: its addresses, layouts, pace and expected volume.

A source is one YAML file; `read` turns it into a `Declaration` or into one line that names the mistake.
Every key is explained with an example in `docs/sources.md`.
"""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.etree import Element, XPathError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails

from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.sources import marked_yaml
from kzmonitor.sources.addresses import (
    PLACEHOLDERS,
    declared_host,
    fill,
    host_of,
    is_loopback,
    placeholders,
)
from kzmonitor.sources.mistakes import nearest, sentence, shown

Kind = Literal["outlet", "rights_group", "state_media", "official", "local"]
Route = Literal["direct", "proxy", "mirror"]
Language = Literal["ru", "kk", "ky", "en"]

MINUTES = {"rights_group": 30.0}
MINUTES_OTHERWISE = 3.0
POLITE_DELAY_S = 1.0


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value  # the next check says that it is not a day


def _selector(value: str) -> str:
    try:
        CSSSelector(value, translator="html")(Element("html"))
    except (SelectorError, XPathError) as error:
        raise ValueError(_("not a CSS selector that works: {reason}").format(reason=error)) from error
    return value


def _pattern(value: object) -> object:
    if not isinstance(value, str | re.Pattern):
        return value  # the next check says that it is not an expression
    try:
        pattern = re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(_("not a regular expression: {reason}").format(reason=error)) from error
    if "id" not in pattern.groupindex:
        raise ValueError(_("must name the part that is the article's own id: (?P<id>...)"))
    return pattern


def _address(url: str, info: ValidationInfo) -> str:
    """`url` if it is on a host that the source itself declares (a mirror is not its own)."""
    parts = urlsplit(url)
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError(_("an address holds no spaces"))
    host = host_of(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError(_("an address holds no name or password"))
    own = [known for known in info.data.get("hosts", [host]) if isinstance(known, str)]
    if host not in own:
        raise ValueError(_('"{host}" is not among the hosts').format(host=host) + nearest(host, own))
    return url


def _feed(url: str, info: ValidationInfo) -> str:
    if "{" in url or "}" in url:
        raise ValueError(_("a feed has one fixed address; only listings and sitemaps take {page} and days"))
    return _address(url, info)


def _template(template: str, info: ValidationInfo) -> str:
    names = _known_placeholders(template, PLACEHOLDERS)
    if ("dd" in names and "mm" not in names) or ("mm" in names and "yyyy" not in names):
        raise ValueError(_("{dd} needs {mm}, and {mm} needs {yyyy}"))
    _address(fill(template, page=1, day=date(2026, 1, 2)), info)
    return template


def _canonical(template: str, info: ValidationInfo) -> str:
    if "url_id" not in info.data:
        return template  # its own mistake is reported
    if info.data["url_id"] is None:
        raise ValueError(_("needs url_id, whose named parts it puts together"))
    groups = list(info.data["url_id"].groupindex)
    names = _known_placeholders(template, groups)
    _address(template.format_map(dict.fromkeys(names, "1")), info)
    return template


def _known_placeholders(template: str, known: Iterable[str]) -> list[str]:
    names = placeholders(template)
    for name in names:
        if name not in known:
            problem = _('unknown placeholder "{name}"').format(name=name)
            raise ValueError(problem + nearest(name, known))
    if re.match(r"[^/]*(?://)?[^/]*[{}]", template):
        raise ValueError(_("a placeholder may stand only after the host"))
    return names


def _proxy(url: str) -> str:
    try:
        host_of(url)
    except ValueError as error:  # without the value: a proxy's address may hold a password
        raise ValueError(_("a proxy is http://host:port or https://host:port")) from error
    return url


def _spoken(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise ValueError(_("must be a line of visible text"))
    return name.strip()


def _distinct(values: tuple[object, ...]) -> tuple[object, ...]:
    names = [value.host if isinstance(value, Mirror) else value for value in values]
    if len(set(names)) != len(names):
        raise ValueError(_("the same entry stands here twice"))
    return values


def _some(values: tuple[object, ...]) -> tuple[object, ...]:
    if not values:
        raise ValueError(_("must not be empty"))
    return _distinct(values)


Day = Annotated[date, Strict(), BeforeValidator(_day)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_spoken)]
Selector = Annotated[str, AfterValidator(_selector)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
HostName = Annotated[str, AfterValidator(declared_host)]
Number = Annotated[float, Strict(), Field(ge=0, le=1_000_000)]
Feeds = Annotated[tuple[Annotated[str, AfterValidator(_feed)], ...], AfterValidator(_distinct)]
Templates = Annotated[tuple[Annotated[str, AfterValidator(_template)], ...], AfterValidator(_distinct)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Layout(_Part):
    """Where an article page keeps its parts (CSS selectors), for articles published before day `until`."""

    until: Day | None = None
    title: Selector | None = None
    body: Selector
    time: Selector | None = None


class Expect(_Part):
    """What is plausible: below it the source is silent or broken, above it something else is wrong.

    items_per_day: (fewest, most); with_text: the share of pages, 0 to 1, that yield a text.
    """

    items_per_day: tuple[Number, Number] | None = None
    with_text: Annotated[float, Strict(), Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.items_per_day and self.items_per_day[0] > self.items_per_day[1]:
            raise ValueError(_("items_per_day is [fewest, most]"))
        return self


class Mirror(_Part):
    """A second host with the same articles: requested before day `until`, recognised for ever."""

    host: HostName
    until: Day


AnyHost = Annotated[
    Annotated[HostName, Tag("host")] | Annotated[Mirror, Tag("mirror")],
    Discriminator(lambda value: "mirror" if isinstance(value, dict | Mirror) else "host"),
]


class Declaration(_Part):
    """One source. `slug` is the file's stem; the other fields are the file's keys."""

    slug: Slug
    name: Text
    tier: Annotated[int, Strict(), Field(ge=1, le=5)] = 1
    kind: Kind = "outlet"
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "KZ"
    languages: Annotated[tuple[Language, ...], AfterValidator(_some)]
    hosts: Annotated[tuple[AnyHost, ...], AfterValidator(_some)]
    feeds: Feeds = ()
    listings: Templates = ()
    sitemaps: Templates = ()
    layouts: tuple[Layout, ...] = ()
    url_id: Annotated[re.Pattern[str], BeforeValidator(_pattern)] | None = None
    id_space: Slug = Field(default_factory=lambda known: known["slug"])
    canonical: Annotated[str, AfterValidator(_canonical)] | None = None
    every_minutes: Annotated[float, Strict(), Field(gt=0, le=10_080)] = Field(
        default_factory=lambda known: MINUTES.get(known["kind"], MINUTES_OTHERWISE)
    )
    delay_s: Annotated[float, Strict(), Field(ge=0, le=3600)] = POLITE_DELAY_S
    expect: Expect = Expect()
    spider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)] = "declared"
    proxy: Annotated[str, AfterValidator(_proxy)] | None = Field(default=None, repr=False)
    routes: Annotated[tuple[Route, ...], AfterValidator(_some)] = ("direct",)
    enabled: Annotated[bool, Strict()] = True
    checked: Day | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not (self.feeds or self.listings or self.sitemaps):
            raise ValueError(_("one of feeds, listings, sitemaps is needed"))
        if "mirror" in self.routes and not self.mirrors:
            raise ValueError(_("the route mirror needs a host written as {host: ..., until: ...}"))
        if self.delay_s < POLITE_DELAY_S and not all(is_loopback(host) for host in self.known_hosts):
            raise ValueError(_("delay_s is at least {least:g} outside this machine").format(least=POLITE_DELAY_S))
        return self

    @property
    def mirrors(self) -> tuple[Mirror, ...]:
        """The declared mirrors, past and present."""
        return tuple(host for host in self.hosts if isinstance(host, Mirror))

    @property
    def known_hosts(self) -> frozenset[str]:
        """All hosts whose addresses are this source's, including mirrors of the past."""
        return frozenset(host.host if isinstance(host, Mirror) else host for host in self.hosts)

    def hosts_on(self, day: date) -> frozenset[str]:
        """The hosts that may be requested on `day`; nothing outside them ever is."""
        expired = {mirror.host for mirror in self.mirrors if mirror.until <= day}
        return self.known_hosts - expired


def read(path: Path) -> Declaration:
    """The declaration in one file, whose stem is the slug.

    Raises SetupError: one line with the file, the line and what is wrong there.
    """
    lines: dict[marked_yaml.Place, int] = {}
    try:
        content, lines = marked_yaml.load(path)
        if not isinstance(content, dict):
            raise marked_yaml.LineError(_("holds no keys; a declaration needs name, languages, hosts and feeds"))
        if "slug" in content:
            raise marked_yaml.LineError(_('unknown key "slug"; the file name is the slug'), lines["slug",])
        return Declaration.model_validate({**content, "slug": path.stem})
    except marked_yaml.LineError as mistake:
        raise _setup_error(path, mistake.line, str(mistake)) from mistake
    except ValidationError as invalid:
        error = min(invalid.errors(), key=lambda error: _precedence(error, lines))
        raise _setup_error(
            path, _line(error, lines), sentence(error, _place(error), _known_keys(error["loc"]))
        ) from invalid


def _setup_error(path: Path, line: int, problem: str) -> SetupError:
    return SetupError(f"{shown(path.parent.name)}/{shown(path.name)}:{line}: {problem}")


def _place(error: ErrorDetails) -> marked_yaml.Place:
    """Where in the file: pydantic's place without the tag that tells a host from a mirror."""
    place = error["loc"]
    return (*place[:2], *place[3:]) if place[:1] == ("hosts",) else place


def _precedence(error: ErrorDetails, lines: dict[marked_yaml.Place, int]) -> tuple[int, int]:
    """Misspelt keys first, since other keys are then missing; last, defaults that other mistakes withheld."""
    order = {"extra_forbidden": 0, "default_factory_not_called": 2}
    return order.get(error["type"], 1), _line(error, lines)


def _line(error: ErrorDetails, lines: dict[marked_yaml.Place, int]) -> int:
    place = _place(error)
    while place not in lines:
        place = place[:-1]
    return lines[place]


def _known_keys(place: marked_yaml.Place) -> list[str]:
    """The keys that the mapping at `place` may hold."""
    parts: dict[str | int, type[BaseModel]] = {"layouts": Layout, "expect": Expect, "hosts": Mirror}
    model = parts.get(place[0], Declaration) if len(place) > 1 else Declaration
    return [key for key in model.model_fields if key != "slug"]
