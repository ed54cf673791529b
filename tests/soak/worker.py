"""The process that must stay as it is: one that collects, understands and reports for a week without a pause.

Run as `worker DECLARATIONS`. Each line of its input is a JSON object {"now": ISO, "works": [...]}; it does these works
as of that moment, whose clock goes on by itself, and answers with one line: what each gave, how long it took, and the
one line of an error if there was one. What failed is not tried again here: the next line is the next try."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from kzmonitor import config
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import Crawled
from kzmonitor.config import Settings, models_folder
from kzmonitor.digest.daily import deliver_due, digest_of
from kzmonitor.digest.period import digest_day
from kzmonitor.errors import KzmonitorError
from kzmonitor.evidence import watching
from kzmonitor.incidents.understand import understand as understand_all
from kzmonitor.sources import canary as canaries
from kzmonitor.sources import health, norms, registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database, opened, partitions
from kzmonitor.store.metrics import exposition
from spiders.house import clock_from

RUNNER = Path(__file__).with_name("runner.py")


@dataclass(frozen=True)
class Desk:
    """What every work needs. now: the virtual clock."""

    database: Database
    settings: Settings
    declared: Mapping[str, Declaration]
    folder: Path
    now: Callable[[], datetime]


def collect(desk: Desk) -> dict[str, object]:
    """As `collect --watch`: the sources that are due, in one crawl."""
    with desk.database.session() as session:
        slugs = health.due(session, desk.declared, desk.now())
    return _ended(crawl.run(slugs, desk.folder, now=desk.now())) if slugs else {}


def understand(desk: Desk) -> dict[str, object]:
    done = understand_all(desk.database, desk.declared, desk.settings, desk.now)
    return {step: dict(outcomes) for step, outcomes in vars(done).items()}


def standings(desk: Desk) -> dict[str, str]:
    """The state of each source that is not well."""
    with desk.database.session() as session:
        found = health.standings(session, desk.declared, desk.now())
    return {slug: one.state for slug, one in found.items() if not one.well}


def watch(desk: Desk) -> dict[str, object]:
    with desk.database.session() as session:
        slugs = watching.due(session, desk.declared, desk.now())
    return _ended(crawl.run(slugs, desk.folder, work="watch", now=desk.now())) if slugs else {}


def canary(desk: Desk) -> dict[str, object]:
    with desk.database.session() as session:
        canaries.choose(session, desk.declared, desk.now())
        slugs = canaries.due(session, desk.declared, desk.now())
    return _ended(crawl.run(slugs, desk.folder, work="canary", now=desk.now())) if slugs else {}


def digest(desk: Desk) -> dict[str, object]:
    """The files of the last 08:00, and its mails; manifests are sealed before."""
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    out, day = desk.settings.digests, digest_day(desk.now())
    done = digest_of(desk.database, day, desk.declared, taxonomy, desk.settings, desk.now(), out=out)
    return {"day": str(day), "alerts": len(done.digest.items), "files": len(done.files), "mails": dict(done.mails)}


def notices(desk: Desk) -> dict[str, int]:
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    return dict(deliver_due(desk.database, desk.declared, taxonomy, desk.settings, desk.now()))


def unusual(desk: Desk) -> list[list[str]]:
    """What was far less or more than usual on the last whole day."""
    with desk.database.session() as session:
        found = norms.unusual(session, desk.declared, desk.now())
    return [[one.of, one.source or one.language or "", str(one.day), one.verdict] for one in found]


def metrics(desk: Desk) -> int:
    return len(exposition(desk.database, desk.now()))


def months(desk: Desk) -> int:
    with desk.database.session() as session:
        return partitions.ensure(session, desk.now())


WORKS: dict[str, Callable[[Desk], Any]] = {
    work.__name__: work
    for work in (collect, understand, standings, watch, canary, digest, notices, unusual, metrics, months)
}


def _ended(crawled: list[Crawled]) -> dict[str, object]:
    """How each crawl ended where it did not end well, and the sums of what was counted."""
    sums: dict[str, int] = {}
    for one in crawled:
        for name, count in one.counts.items():
            sums[name] = sums.get(name, 0) + count
    return {"broken": {one.slug: one.finished for one in crawled if not one.well}, "counts": sums}


def main() -> None:
    """Answer each line of the input, to its end."""
    folder, settings = Path(sys.argv[1]), config.settings()
    crawl.SPIDERS = (str(RUNNER),)
    with opened(settings) as database:
        for line in sys.stdin:
            asked = json.loads(line)
            # Read anew each time, as every command does: people edit declarations.
            known = registry.load(folder)
            assert not known.errors, known.errors
            declared = known.sources
            desk = Desk(database, settings, declared, folder, clock_from(datetime.fromisoformat(asked["now"])))
            answer: dict[str, object] = {"took_s": {}}
            for work in asked["works"]:
                began = time.monotonic()
                try:
                    answer[work] = WORKS[work](desk)
                except (DBAPIError, KzmonitorError) as error:
                    answer.setdefault("errors", {})[work] = str(error).splitlines()[0]  # type: ignore[index]
                answer["took_s"][work] = round(time.monotonic() - began, 3)  # type: ignore[index]
            answer["now"] = desk.now().isoformat()
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
