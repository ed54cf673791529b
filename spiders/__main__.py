"""`python -m spiders REPORT SLUG...`: crawl these sources in one reactor and write what happened to REPORT (JSON).

Started by `kzmonitor.collect.crawl`, which reads the report; the exit code of Scrapy says nothing."""

import argparse
import json
import logging
import sys
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler

from kzmonitor import config
from kzmonitor.errors import KzmonitorError, SetupError
from kzmonitor.i18n import _
from kzmonitor.sources import registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import leases, opened
from spiders.backfilling import Backfilling
from spiders.blame import Blame
from spiders.canaries import Canaries
from spiders.declared import DeclaredSpider
from spiders.house import House, clock_from
from spiders.settings import scrapy_settings
from spiders.watching import Watching

WORKS: dict[str, type[DeclaredSpider]] = {"watch": Watching, "backfill": Backfilling, "canary": Canaries}


def spider_named(name: str) -> type[DeclaredSpider]:
    """The spider of this name: a module of this folder with one class of that name. Raises SetupError."""
    found = find_spec(f"spiders.{name}")
    things = vars(import_module(found.name)).values() if found else ()
    for thing in things:
        if isinstance(thing, type) and issubclass(thing, DeclaredSpider) and thing.name == name:
            return thing
    raise SetupError(_("spiders/{name}.py: no such spider, but a declaration names it").format(name=name))


def at_work(spider: type[DeclaredSpider], work: str | None) -> type[DeclaredSpider]:
    """An outlet's own spider, put to another work than collecting."""
    return type(work, (WORKS[work], spider), {"name": work}) if work else spider


def crawl(
    house: House, declarations: list[Declaration], spider: str | None, work: str | None = None
) -> dict[str, dict[str, object]]:
    """Run all crawls to their end, each by its own spider unless one is given; how each finished, and what
    was counted and noted. A source without its spider does not keep the others from theirs."""
    process = AsyncCrawlerProcess(scrapy_settings(house.settings, house.agent, house.proxies()))
    blame = Blame()
    logging.getLogger().addHandler(blame)
    finished: dict[str, str] = {}
    crawlers: dict[str, Crawler] = {}
    report: dict[str, dict[str, object]] = {}
    for declaration in declarations:
        try:
            crawler = process.create_crawler(at_work(spider_named(spider or declaration.spider), work))
        except SetupError as error:
            report[declaration.slug] = not_begun(str(error))
            continue

        def closed(spider: DeclaredSpider, reason: str) -> None:
            finished[spider.declaration.slug] = reason

        crawler.signals.connect(closed, signals.spider_closed, weak=False)
        crawlers[declaration.slug] = crawler
        process.crawl(crawler, declaration=declaration, house=house)
    if crawlers:
        process.start()
    return report | {
        slug: {
            "finished": finished.get(slug, "never"),
            "exceptions": sum(
                int(count) for key, count in crawler.stats.get_stats().items() if key.startswith("spider_exceptions/")
            )
            + blame.errors(slug),
            "counts": dict(house.counts.get(slug, {})),
            "notes": house.notes.get(slug, []),
        }
        for slug, crawler in crawlers.items()
    }


def not_begun(why: str) -> dict[str, object]:
    """The report of a source that could not be crawled at all."""
    return {"finished": why, "exceptions": 0, "counts": {}, "notes": []}


def why_unknown(slug: str, known: registry.Registry) -> str:
    """One line: what is wrong with the declaration of this name, or that there is none."""
    mistakes = (str(error) for error in known.errors if f"/{slug}.yml:" in str(error))
    return next(mistakes, _("{slug}: no source of that name; see: kzmonitor sources list").format(slug=slug))


def main() -> int:
    """The command line; 2 when nothing could be started."""
    arguments = argparse.ArgumentParser(prog="spiders", description=__doc__)
    arguments.add_argument("report", type=Path)
    arguments.add_argument("slugs", nargs="+")
    arguments.add_argument("--sources-dir", type=Path)
    arguments.add_argument("--spider", help="this one for all sources")
    arguments.add_argument("--work", choices=WORKS, help="in place of collecting")
    arguments.add_argument("--now", type=datetime.fromisoformat, help="as if it began at this moment, with its offset")
    given = arguments.parse_args()
    settings = config.settings()
    try:
        folder = given.sources_dir or settings.sources_dir
        known = registry.load(*([folder] if folder else []))
        unknown = {slug: why_unknown(slug, known) for slug in given.slugs if slug not in known.sources}
        wanted = [known.sources[slug] for slug in dict.fromkeys(given.slugs) if slug not in unknown]
        if not wanted:
            raise SetupError(next(iter(unknown.values())))
        with opened(settings) as database, leases.holder(database.engine) as holder:
            house = House(database, settings, config.agent(), holder, known.sources, clock_from(given.now))
            report = crawl(house, wanted, given.spider, given.work)
    except KzmonitorError as error:
        print(error, file=sys.stderr)
        return 2
    unfinished = given.report.with_suffix(".part")
    unfinished.write_text(json.dumps(report | {slug: not_begun(why) for slug, why in unknown.items()}))
    unfinished.replace(given.report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
