"""Our way with the pages, as a process of its own: `python -m bench.collecting_ours SOURCES_DIR`.

One crawl of all sources, then all that it brought is cut, as `kzmonitor collect` and `kzmonitor understand` do it. The
database is that of the environment."""

import sys
from pathlib import Path

from kzmonitor import config, store
from kzmonitor.collect import articles, crawl
from kzmonitor.collect.cutting import cutters
from kzmonitor.sources import registry


def main() -> None:
    """Exits with a line when a crawl did not end well."""
    folder = Path(sys.argv[1])
    declared = registry.load(folder).sources
    ended = crawl.run(list(declared), folder)
    if bad := [f"{one.slug}: {one.finished}" for one in ended if not one.well]:
        sys.exit("; ".join(bad))
    with store.opened(config.settings()) as database:
        outcomes = None
        while outcomes is None or outcomes:
            with database.session() as session:
                outcomes = articles.cut_waiting(session, declared)
    cutters().close()


if __name__ == "__main__":
    main()
