"""Cutting alone, in this process: a page as text in, its text out. CPU milliseconds a page, ours beside the bare tools.

The bare tools: trafilatura with the options that we give it, and lxml with the three selectors of the family. Ours
finds title, time and author besides, with either."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml.cssselect import CSSSelector
from lxml.html import document_fromstring
from trafilatura import extract

from bench.figures import OURS, Figure
from kzmonitor.collect.cut import Hint, cut
from kzmonitor.sources import registry

Page = Mapping[str, Any]
SELECTORS, TRAFILATURA = "lxml + three selectors", "trafilatura, no metadata"
WITH_METADATA = "trafilatura with metadata"


def figures(pages: Sequence[Page], folder: Path, runs: int) -> list[Figure]:
    """pages: with `html`; folder: of the declarations, see `collecting_pages`."""
    ways = {
        ("cutting alone, declared", OURS): ours(folder / "declared"),
        ("cutting alone, declared", SELECTORS): selectors,
        ("cutting alone, general", OURS): ours(folder / "general"),
        ("cutting alone, general", TRAFILATURA): lambda page: extract(
            page["html"], fast=True, include_comments=False, include_tables=True, with_metadata=False
        ),
        ("cutting alone, general", WITH_METADATA): lambda page: extract(
            page["html"], include_comments=False, with_metadata=True, output_format="json"
        ),
    }
    times: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    for work in ways.values():
        for page in pages[: len(pages) // 10]:
            work(page)
    for _run in range(runs):
        for way, work in ways.items():
            began = time.process_time()
            for page in pages:
                work(page)
            times[way].append((time.process_time() - began) / len(pages) * 1000)
    return [Figure("collecting", name, tool, "CPU ms a page", each, "less") for (name, tool), each in times.items()]


def ours(folder: Path) -> Callable[[Page], object]:
    """Our cutter with these declarations."""
    declared, now = registry.load(folder).sources, datetime.now(UTC)
    return lambda page: cut(page["html"], page["url"], now, declared[page["family"]], Hint(page["title"], None))


def selectors(page: Page) -> object:
    """What somebody writes who knows the outlet."""
    tree = document_fromstring(page["html"].encode())
    title, body, stamp = (selected(tree, page["css"][name]) for name in ("title", "body", "time"))
    text = "\n".join(" ".join(block.text_content().split()) for block in body)
    return title[0].text_content() if title else "", text, stamp[0].get("datetime") if stamp else None


_SELECTORS: dict[str, CSSSelector] = {}


def selected(tree: Any, css: str) -> Any:
    """The elements that a selector finds; each is compiled once."""
    if css not in _SELECTORS:
        _SELECTORS[css] = CSSSelector(css, translator="html")
    return _SELECTORS[css](tree)
