"""What other tools make of the same pages: `python bench/collecting_peers.py TOOL PAGES.jsonl OUT.jsonl`.

Run by the Python of var/bench/peers and not by ours, so nothing of kzmonitor is imported. OUT gets a line a page:
`{"url", "text"}`. Each tool is used as its documentation says, with its own defaults but for log lines, pictures and
the files that it writes (news-please keeps its default ones, HTML and JSON)."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

AT_ONCE = 100
SETTINGS = {"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False}
Page = dict[str, Any]
Row = dict[str, str]


def scrapy_with(pages: list[Page], read: Callable[[Any, Page], str]) -> Iterator[Row]:
    """Scrapy fetches the pages, `read` takes the text from each response."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    found: list[Row] = []

    class Pages(scrapy.Spider):
        name = "pages"

        async def start(self) -> Any:
            for page in pages:
                yield scrapy.Request(page["url"], cb_kwargs={"page": page})

        def parse(self, response: Any, page: Page) -> None:
            found.append({"url": page["url"], "text": read(response, page)})

    process = CrawlerProcess(SETTINGS)
    process.crawl(Pages)
    process.start()
    yield from found


def scrapy_alone(pages: list[Page]) -> Iterator[Row]:
    """Fetched, not read."""
    return scrapy_with(pages, lambda _response, _page: "")


def scrapy_selectors(pages: list[Page]) -> Iterator[Row]:
    """Three selectors for each family, as somebody writes them who knows the outlet."""

    def read(response: Any, page: Page) -> str:
        response.css(page["css"]["title"]).xpath("string()").get()
        response.css(page["css"]["time"]).attrib.get("datetime")
        return "\n".join(block.xpath("string()").get() for block in response.css(page["css"]["body"]))

    return scrapy_with(pages, read)


def scrapy_trafilatura(pages: list[Page]) -> Iterator[Row]:
    """Text and metadata by trafilatura."""
    from trafilatura import extract

    def read(response: Any, page: Page) -> str:
        told = extract(response.text, url=page["url"], output_format="json", with_metadata=True, include_comments=False)
        return (json.loads(told)["text"] if told else "") or ""

    return scrapy_with(pages, read)


def news_please_library(pages: list[Page]) -> Iterator[Row]:
    """`NewsPlease.from_urls`, which starts a thread an address and reads pages in as many processes as there are
    processors."""
    from newsplease import NewsPlease

    urls = [page["url"] for page in pages]
    for at in range(0, len(urls), AT_ONCE):
        found = NewsPlease.from_urls(urls[at : at + AT_ONCE], request_args={"timeout": 60}, fetch_images=False)
        for url, article in found.items():
            yield {"url": url, "text": (getattr(article, "maintext", None) or "") if article else ""}


def news_please_scrapy(pages: list[Page]) -> Iterator[Row]:
    """The command `news-please` with its own configuration, given the addresses to download. Its readability extractor
    is left out: the present version of that package takes no bytes, and with it not one page is stored."""
    import newsplease

    shipped = Path(newsplease.__file__).parent / "config" / "config.cfg"
    with TemporaryDirectory() as name:
        folder = Path(name)
        settings = shipped.read_text("utf-8").replace("~/news-please-repo/", f"{folder}/data/")
        settings = settings.replace("'readability_extractor', ", "")
        (folder / "config.cfg").write_text(settings.replace("LOG_LEVEL = INFO", "LOG_LEVEL = ERROR"), "utf-8")
        sites = [{"url": [page["url"] for page in pages], "crawler": "Download"}]
        (folder / "sitelist.hjson").write_text(json.dumps({"base_urls": sites}), "utf-8")
        command = [str(Path(sys.executable).with_name("news-please")), "-c", f"{folder}/"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=3600)
        for path in folder.glob("data/data/**/*.json"):
            told = json.loads(path.read_text("utf-8"))
            yield {"url": told["url"], "text": told.get("maintext") or ""}


TOOLS = {
    "Scrapy alone": scrapy_alone,
    "Scrapy + three selectors": scrapy_selectors,
    "Scrapy + trafilatura with metadata": scrapy_trafilatura,
    "news-please, library": news_please_library,
    "news-please, Scrapy": news_please_scrapy,
}


def main() -> None:
    tool, pages, out = sys.argv[1:]
    lines = Path(pages).read_text("utf-8").splitlines()
    with Path(out).open("w", encoding="utf-8") as file:
        for row in TOOLS[tool]([json.loads(line) for line in lines]):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
