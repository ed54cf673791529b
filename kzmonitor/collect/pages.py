"""A stored page, and what is read from it: article, language and words, with no database at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kzmonitor.collect.cut import Article, Hint, cut
from kzmonitor.collect.decode import decode_body, html_text, unpacked
from kzmonitor.collect.records import RECORD_TYPE, cut_record
from kzmonitor.language.detect import Language, detect
from kzmonitor.language.searching import search_vector
from kzmonitor.sources.declaration import Declaration


@dataclass(frozen=True)
class Page:
    """A capture as it is stored. source: the slug of its declaration; headers: see `captures.flat`; body: zstd of what
    was received, None when it was erased; sha256: of what was received; hint: what the feed said of it."""

    source: str
    url: str
    fetched_at: datetime
    headers: Mapping[str, str]
    body: bytes | None
    sha256: bytes
    hint: Hint


@dataclass(frozen=True)
class Reading:
    """What a page holds. search: the words of title and text as `search_vector` makes them."""

    article: Article
    language: Language
    search: str


def article_of(page: Page, declaration: Declaration) -> Article:
    """The article in a stored page. Raises PageError with a named state."""
    received = unpacked(page.body, page.sha256, page.url)
    if page.headers.get("content-type") == RECORD_TYPE:
        return cut_record(received, page.url, page.fetched_at, declaration, page.hint)
    html = html_text(decode_body(received, page.headers), page.headers)
    return cut(html, page.url, page.fetched_at, declaration, page.hint)


def reading_of(article: Article) -> Reading:
    """An article with its language and its words."""
    language = detect(f"{article.title}\n{article.text}")
    return Reading(article, language, search_vector(article.title, article.text, language.code))
