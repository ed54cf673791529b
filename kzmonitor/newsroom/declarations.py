"""Declarations of the newsroom's outlets, as files that a collector reads."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from kzmonitor.errors import InputError
from kzmonitor.i18n import _

from .layouts import layout_declaration
from .outlets import Outlet
from .server import LOOPBACK, Newsroom

LANGUAGES = ("ru", "kk", "ky", "en")  # those that a declaration may name
NO_SPIDERS: Mapping[str, str] = {}


def declare(
    newsroom: Newsroom,
    folder: Path,
    every_minutes: float = 1,
    delay_s: float = 0.0,
    *,
    listings: bool = False,
    sitemaps: bool = False,
    spiders: Mapping[str, str] = NO_SPIDERS,
) -> list[Path]:
    """Write `SLUG.yml` for each outlet of a started newsroom and return the files.

    listings, sitemaps: name them beside the feed. spiders: the spider of a slug, where it isn't the usual one.
    Raises InputError if the folder can't be written."""
    written = []
    for outlet in newsroom.outlets.values():
        facts = declaration(outlet) | {"every_minutes": every_minutes, "delay_s": delay_s}
        if listings:
            facts["listings"] = listing_addresses(outlet)
        if sitemaps:
            facts["sitemaps"] = [f"{outlet.base_url}/sitemap.xml"]
        if outlet.slug in spiders:
            facts["spider"] = spiders[outlet.slug]
        path = folder / f"{outlet.slug}.yml"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(facts, allow_unicode=True, sort_keys=False), encoding="utf-8")
        except OSError as error:
            raise InputError(
                _("{path}: can't be written: {reason}").format(path=path, reason=error.strerror)
            ) from error
        written.append(path)
    return written


def declaration(outlet: Outlet) -> dict[str, object]:
    """What a declaration says of an outlet whatever the wishes of the caller."""
    layout = outlet.layout
    facts: dict[str, object] = {
        "name": outlet.name,
        "kind": "local",
        "languages": [lang for lang in outlet.languages if lang in LANGUAGES] or ["en"],
        "hosts": [f"{LOOPBACK}:{outlet.port}"],
        "feeds": [f"{outlet.base_url}/feed/"],
        "layouts": [layout_declaration(layout.name)],
    }
    if layout.url_id:
        facts["url_id"] = f"^{re.escape(outlet.base_url)}{layout.url_id}"
        facts["canonical"] = outlet.base_url + layout.canonical_url
        facts["id_space"] = outlet.id_space
    return facts


def listing_addresses(outlet: Outlet) -> list[str]:
    """Templates over {page} for the archives: of each section where the outlet has sections, or the only one."""
    pages = outlet.layout.pages
    if "{section}" not in pages:
        return [outlet.base_url + pages]
    sections = sorted({article.address.split("/")[1] for article in outlet.articles()})
    return [outlet.base_url + pages.replace("{section}", section) for section in sections]
