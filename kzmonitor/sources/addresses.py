"""Hosts and addresses as declarations write them: one spelling of a host, and listing templates."""

import ipaddress
import re
import string
from datetime import date
from urllib.parse import urlsplit

import idna

from kzmonitor.i18n import _

DEFAULT_PORTS = {"http": 80, "https": 443}
PLACEHOLDERS = ("page", "yyyy", "mm", "dd")

_ASCII_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*")


def host_name(raw: str) -> str:
    """The one spelling of a host's name: lower case, IDNA, no trailing dot, IPv6 in brackets.

    Raises ValueError if no host can have that name.
    """
    try:
        if ":" in raw:
            return f"[{ipaddress.IPv6Address(raw.partition('%')[0])}]"
        name = raw.lower() if raw.isascii() else idna.encode(raw, uts46=True).decode()
    except ValueError as error:
        raise ValueError(_('"{host}" is not a host').format(host=raw)) from error
    name = name.removesuffix(".")
    if not _ASCII_HOST.fullmatch(name):
        raise ValueError(_('"{host}" is not a host').format(host=raw))
    return name


def declared_host(raw: str) -> str:
    """`host` or `host:port` as a declaration writes it, in one spelling; raises ValueError for all else."""
    if re.search(r"[/?#@*\\\s]", raw):
        raise ValueError(_('"{host}" must be a bare host such as dala.example or dala.example:8080').format(host=raw))
    return re.sub(r":80$", "", host_of(f"https://{raw}"))


def host_of(url: str) -> str:
    """The host of an http(s) address in one spelling, with its port unless that is the scheme's own.

    Raises ValueError if the address has no such host.
    """
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError(_("an address must begin with https:// or http://"))
    name = host_name(parts.hostname or "")
    return name if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f"{name}:{parts.port}"


def is_loopback(host: str) -> bool:
    """Whether `host` (with or without port) is this machine: `localhost`, 127.0.0.0/8, [::1]."""
    name = re.sub(r":\d+$", "", host)
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def placeholders(template: str) -> list[str]:
    """The names in braces of a template, in order; raises ValueError if braces don't pair or hold more."""
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(_("the braces { } do not pair")) from error
    if any(spec or conversion for _text, _name, spec, conversion in pieces):
        raise ValueError(_("braces may hold a name only"))
    return [name for _text, name, _spec, _conversion in pieces if name is not None]


def fill(template: str, page: int, day: date) -> str:
    """A listing's or sitemap's address for one page (counted from 1) and one day."""
    values = {"page": str(page), "yyyy": f"{day:%Y}", "mm": f"{day:%m}", "dd": f"{day:%d}"}
    return template.format_map(values)
