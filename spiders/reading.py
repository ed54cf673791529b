"""What stands in a page: its charset told by our own rules, which every stored page is read by and which never fail.

Scrapy's own reading takes a server's word for it, and raises for what Python calls charsets and no page is written in
(idna, punycode); others of these (utf-7) yield letters that no database holds."""

from scrapy import Selector
from scrapy.http import Response

from kzmonitor.collect.decode import html_text


def html_of(response: Response) -> str:
    """The text of a page, without NUL characters and halves of surrogate pairs."""
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return html_text(response.body, {"content-type": content_type})


def selector_of(response: Response) -> Selector:
    """The same page, to be searched."""
    return Selector(text=html_of(response), type="html")
