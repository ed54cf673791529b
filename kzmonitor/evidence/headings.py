"""What a page says of itself in its title and headings, read from any markup, however broken."""

import re
from html import unescape

HEADING = re.compile(r"<(title|h1|h2)\b[^>]{0,500}>(.{0,1000}?)</\1", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[^>]{0,500}>")
MOST_HEADINGS = 5
# Headings stand at the beginning; the rest of a page of megabytes is not searched.
BEGINNING = 200_000


def heading_of(page: str) -> str:
    """The title and the first headings, a line each, without markup."""
    found = [unescape(TAG.sub(" ", match[2])) for match in HEADING.finditer(page[:BEGINNING])]
    return "\n".join(" ".join(one.split()) for one in found[:MOST_HEADINGS])
