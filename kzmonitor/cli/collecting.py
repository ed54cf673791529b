"""Commands: collect, and the group sources."""

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from kzmonitor import config
from kzmonitor.cli import shell
from kzmonitor.collect import captures, crawl, entries
from kzmonitor.collect.canonical import canonical_url
from kzmonitor.collect.crawl import Crawled
from kzmonitor.collect.decode import decode_body, html_text
from kzmonitor.collect.feeds import Item
from kzmonitor.errors import InputError
from kzmonitor.files import write_whole
from kzmonitor.i18n import _, ngettext
from kzmonitor.incidents.understand import understand
from kzmonitor.sources import health
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database

SourcesDir = Annotated[
    Path | None, typer.Option(help=_("Folder of declarations to use in place of the shipped ones."), show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help=_("Print JSON for programs."))]
Slugs = Annotated[
    list[str] | None, typer.Argument(metavar="[SOURCE]...", help=_("Slugs of sources; all when none is named."))
]

# So much early rather than a whole round late: a look begins some seconds after its round.
MOST_EARLY_S = 15
NOTHING = {"kind": "-", "url": "", "items": 0, "newest": None}

sources = typer.Typer(no_args_is_help=True, help=_("What is declared, how it does, and what answers."))


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        help=_("Poll the sources and fetch what is new. With --watch only what is due by its declaration."),
        epilog=_("Example: kzmonitor collect vlast azattyq"),
    )(collect)
    app.add_typer(sources, name="sources")


def collect(
    source: Slugs = None,
    sources_dir: SourcesDir = None,
    watch: Annotated[
        float | None,
        typer.Option(min=1, help=_("Go on, looking every so many seconds for what is due, and understand what came.")),
    ] = None,
    json: Json = False,
) -> None:
    declared = shell.declarations(sources_dir, source or [])
    if not declared:
        raise InputError(_("there is no enabled source; see: kzmonitor sources list"))
    with shell.database() as database:
        if watch is not None:
            _watch(database, declared, sources_dir, watch, as_json=json)
        ended = crawl.run(list(declared), sources_dir)
    _report(ended, as_json=json)
    if not any(answered(crawled) for crawled in ended):
        raise typer.Exit(1)


def _watch(
    database: Database, declared: Mapping[str, Declaration], sources_dir: Path | None, every_s: float, *, as_json: bool
) -> NoReturn:
    """Look, collect and understand, every so many seconds from start to start."""
    early = timedelta(seconds=min(every_s / 2, MOST_EARLY_S))
    left = True  # an earlier run may have ended before it understood
    while True:
        began = time.monotonic()
        with shell.going_on():  # the database may be back at the next round
            with database.session() as session:
                slugs = health.due(session, declared, shell.now() + early)
            if slugs:
                left = True
                _report(crawl.run(slugs, sources_dir), as_json=as_json)
            if left:
                understand(database, declared, config.settings(), shell.now)
                left = False
        time.sleep(max(0.0, every_s - (time.monotonic() - began)))


def _report(ended: list[Crawled], *, as_json: bool) -> None:
    if as_json:
        shell.show_json([{"source": one.slug, "finished": one.finished, "counts": one.counts} for one in ended])
        return
    shell.show(
        [_("source"), _("state"), _("new"), _("fetched"), _("failed")],
        [
            [one.slug, state_of(one), one.counts.get("new", 0), one.counts.get("fetched", 0), failures(one)]
            for one in ended
        ],
    )
    for one in ended:
        for state in troubled(one):
            shell.complain(f"{one.slug}: {state}: {health.advice(state)}")


def state_of(crawled: Crawled) -> str:
    """The crawl's state in a few words: how each poll ended, or why there was none."""
    polls = [f"{key.removeprefix('poll:')}" for key in crawled.counts if key.startswith("poll:")]
    return ", ".join(sorted(polls)) if crawled.well else ", ".join([crawled.finished, *sorted(polls)])


def answered(crawled: Crawled) -> bool:
    """Whether at least one address of the source brought what it should."""
    return crawled.well and any(f"poll:{state}" in crawled.counts for state in health.CALM | health.PARTLY)


def failures(crawled: Crawled) -> str:
    """Pages that failed, counted by named state."""
    return ", ".join(
        f"{key.removeprefix('failed:')} {count}"
        for key, count in sorted(crawled.counts.items())
        if key.startswith("failed:")
    )


def troubled(crawled: Crawled) -> list[str]:
    """The named states of a crawl that ask for somebody's attention."""
    states = [key.split(":", 1)[1] for key in crawled.counts if key.startswith(("poll:", "failed:"))]
    return [*([] if crawled.well else [crawled.finished]), *sorted({s for s in states if s not in health.CALM})]


@sources.command(
    "list",
    help=_("What is declared, and how each source does: state, last success, newest item, volume."),
    epilog=_("Example: kzmonitor sources list --json"),
)
def list_sources(
    sources_dir: SourcesDir = None,
    all: Annotated[bool, typer.Option("--all", help=_("Also those that are switched off."))] = False,
    json: Json = False,
) -> None:
    declared = shell.declarations(sources_dir, off=all)
    with shell.database() as database, database.session() as session:
        healths = [health.health(session, declaration, shell.now()) for declaration in declared.values()]
    if json:
        shell.show_json(
            [
                {
                    **vars(one),
                    "name": declared[one.slug].name,
                    "languages": declared[one.slug].languages,
                    "enabled": declared[one.slug].enabled,
                }
                for one in healths
            ]
        )
        return
    shell.show(
        [
            _("source"),
            _("state"),
            _("last success"),
            _("newest"),
            _("entries"),
            _("articles"),
        ],
        [
            [
                one.slug,
                one.state if declared[one.slug].enabled else _("switched off"),
                moment(one.last_success),
                moment(one.newest),
                one.entries,
                one.articles,
            ]
            for one in healths
        ],
    )
    shell.say(ngettext("{n} source", "{n} sources", len(healths)).format(n=len(healths)))


@sources.command(
    "probe",
    help=_("Ask each feed, listing and sitemap and one article once; what answers, and what to change."),
    epilog=_("Example: kzmonitor sources probe vlast"),
)
def probe(source: Slugs = None, sources_dir: SourcesDir = None, json: Json = False) -> None:
    declared = shell.declarations(sources_dir, source or [])
    with shell.database():
        ended = crawl.run(list(declared), sources_dir, spider="probe")
    if json:
        shell.show_json([{"source": one.slug, "finished": one.finished, "addresses": one.notes} for one in ended])
        return
    rows = [
        [one.slug, note["kind"], note["url"], note["state"], note["items"], note["newest"], change(note)]
        for one in ended
        for note in one.notes or [{**NOTHING, "state": one.finished}]
    ]
    columns = [_("source"), _("what"), _("address"), _("state"), _("items"), _("newest"), _("what to change")]
    shell.show(columns, rows)
    if not any(note["state"] == "ok" for one in ended for note in one.notes):
        shell.complain(_("nothing answered: is this machine on the internet?"))
        raise typer.Exit(1)


def change(note: Mapping[str, Any]) -> str:
    """What a maintainer changes after a probe saw this."""
    if note["kind"] == "announced":
        return _("the home page announces this feed: declare it")
    return health.advice(note["state"])


@sources.command(
    "record",
    help=_("Keep one page of a source in the data folder, as a page to test its layout with."),
    epilog=_("Example: kzmonitor sources record vlast https://vlast.kz/novosti/66096-example.html"),
)
def record(source: str, url: str, sources_dir: SourcesDir = None) -> None:
    declared = shell.declarations(sources_dir, [source])[source]
    with shell.database() as database:
        with database.session() as session:
            entries.register(session, declared)
            entries.add(session, declared, [Item(url)], shell.now())
        crawl.run([source], sources_dir)
        with database.session() as session:
            found = captures.of(session, canonical_url(url, declared))
            if not found:
                raise InputError(
                    _("{url}: could not be fetched; see: kzmonitor collect {source}").format(url=url, source=source)
                )
            headers = captures.flat_headers(found[-1])
            page = html_text(decode_body(captures.body(found[-1]), headers), headers)
    path = config.settings().data / "pages" / source / f"{found[-1].sha256.hex()[:16]}.html"
    write_whole(path, page.encode())
    shell.say(str(path))


def moment(when: object) -> str:
    """A time as this table shows it: UTC, to the minute."""
    return when.strftime("%Y-%m-%d %H:%M") if hasattr(when, "strftime") else ""
