"""Imported records that are texts and no pages: what a line of JSONL or a row of CSV says, kept as it was said.

Their capture holds the record itself, so that its text can be cut again and nothing is made up around it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kzmonitor.collect.cut import Article, Hint
from kzmonitor.collect.dates import bounded, parse_date
from kzmonitor.collect.metadata import AUTHOR_CHARACTERS, TITLE_CHARACTERS, clean
from kzmonitor.collect.paragraphs import kept
from kzmonitor.errors import PageError
from kzmonitor.i18n import _
from kzmonitor.sources.declaration import Declaration

RECORD_TYPE = "application/vnd.kzmonitor.record+json"
HTML_TYPE = "text/html; charset=utf-8"
# Names under which files say the same; the first is ours.
NAMES = {
    "url": ("url", "link", "address", "canonical_url"),
    "title": ("title", "headline"),
    "text": ("text", "body", "content"),
    "html": ("html",),
    "published": ("published", "published_at", "date", "publication_date"),
    "source": ("source", "outlet", "publisher"),
    "language": ("language", "lang"),
    "author": ("author",),
}


def field(record: Mapping[str, Any], name: str) -> str | None:
    """What a record says under this name or another spelling of it; None when it says nothing.

    Raises ValueError, with the key, when it is no text."""
    for key in NAMES[name]:
        value = record.get(key)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise ValueError(key)
        return value
    return None


def body_of(record: Mapping[str, Any]) -> bytes:
    """The bytes of a record that was no JSON; halves of surrogate pairs become "?", as no text can hold them."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")


def cut_record(body: bytes, url: str, fetched_at: datetime, declaration: Declaration, hint: Hint) -> Article:
    """The article in a stored record. Raises PageError "empty" when there is no text in it."""
    record = json.loads(body)
    title = clean(field(record, "title") or hint.title or "")[:TITLE_CHARACTERS]
    text = "\n".join(kept((clean(line), 0) for line in (field(record, "text") or "").split("\n")))
    if not text:
        raise PageError(_("{url}: the record has no text").format(url=url), "empty")
    said = parse_date(field(record, "published") or "", fetched_at, declaration.languages)
    published_at, doubt = bounded(said, fetched_at)
    return Article(
        title,
        text,
        clean(field(record, "author") or "")[:AUTHOR_CHARACTERS] or None,
        published_at,
        doubt,
        None,
        "import",
    )
