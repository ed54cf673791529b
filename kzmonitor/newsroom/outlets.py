"""An outlet: what it published under which addresses, what it took back, and what is wrong with it today."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from threading import RLock
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from kzmonitor.errors import InputError
from kzmonitor.i18n import _

from .faults import Fault
from .layouts import Layout, address_parts, layout_named, slug_of
from .records import ALMATY, Record, headline, paragraphs, parse_record, read_records
from .words import tongue_of

OPEN_ROBOTS = "User-agent: *\nDisallow: /search/\n"
UNDATED_SPREAD = timedelta(hours=24)


@dataclass(frozen=True)
class Article:
    """One published report. Pages are made of title, lang, lines and times; the record is for tests."""

    record: Record
    number: int
    title: str
    slug: str
    published: datetime
    modified: datetime
    address: str
    canonical: str
    key: str

    @property
    def lang(self) -> str:
        """The language of the report, as its record says."""
        return self.record.lang

    @property
    def tongue(self) -> str:
        """The language that its page speaks around it, which tells Kazakh in Latin letters from Cyrillic."""
        return tongue_of(self.lang, self.record.text)

    @property
    def lines(self) -> list[str]:
        """The paragraphs."""
        return paragraphs(self.record.text)


class Outlet:
    """One outlet of the newsroom; safe to change from any thread while it is served.

    full_text_feed: RSS items carry the whole text; by default as the layout does.
    heavy: pages of articles weigh 31 to 79 KB, of which most is clutter; by default as the layout does.
    feed_items: how many of the newest articles feeds list; None is all.
    id_space: what a declaration names as the space of the outlet's ids.
    robots: the text of robots.txt.
    port: set when the newsroom starts; 0 before."""

    def __init__(
        self,
        slug: str,
        layout: str = "plain",
        records: Iterable[Record] = (),
        *,
        name: str | None = None,
        now: datetime | None = None,
        feed_items: int | None = None,
        page_size: int = 20,
        full_text_feed: bool | None = None,
        heavy: bool | None = None,
        id_space: str | None = None,
    ) -> None:
        self.slug = slug
        self.name = name or slug.replace("-", " ").title()
        self.layout: Layout = layout_named(layout)
        self.feed_items = feed_items
        self.page_size = page_size
        self.full_text_feed = self.layout.full_text_feed if full_text_feed is None else full_text_feed
        self.heavy = self.layout.heavy if heavy is None else heavy
        self.id_space = id_space or slug
        self.robots = OPEN_ROBOTS
        self.port = 0
        self.lock = RLock()
        self.version = 0
        self._next_number = self.layout.first_number
        self._by_id: dict[str, Article] = {}
        self._by_key: dict[str, Article] = {}
        self._gone: dict[str, int] = {}
        self._blocked: dict[str, int] = {}
        self._faults: dict[str, tuple[Fault, int]] = {}
        self.changed = (now or datetime.now(UTC)).replace(microsecond=0)
        for record in dated(list(records), self.changed):
            self._add(record)

    @property
    def base_url(self) -> str:
        """Where the outlet answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def languages(self) -> list[str]:
        """The languages of what it has published, in alphabetical order."""
        with self.lock:
            return sorted({article.lang for article in self._by_id.values()})

    def articles(self, section: str | None = None, day: str | None = None) -> list[Article]:
        """What it has on its site, newest first; only of a section, only of a day (`2025/8/18`)."""
        with self.lock:
            found = sorted(self._by_id.values(), key=lambda one: (one.published, one.number), reverse=True)
        if section is not None:
            found = [article for article in found if article.address.startswith(f"/{section}/")]
        if day is not None:
            wanted, almaty = [int(part) for part in day.split("/")], ZoneInfo(ALMATY)
            found = [one for one in found if [*one.published.astimezone(almaty).timetuple()[:3]] == wanted]
        return found

    def address(self, record_id: str) -> str:
        """The full address under which feeds and listings show a record."""
        return self.base_url + self._by_id[record_id].address

    def addresses(self) -> dict[str, str]:
        """The record's id for each address that feeds and listings show."""
        return {self.base_url + article.address: article.record.id for article in self.articles()}

    def variants(self, record_id: str) -> list[str]:
        """Other addresses under which the site shows the same record."""
        article = self._by_id[record_id]
        parts = parts_of(article)
        return [self.base_url + form.format(address=article.address, **parts) for form in self.layout.variants]

    def text_at(self, address: str) -> str:
        """The text of the article at an address or a path, also a variant: what a perfect reader gives back.

        One paragraph a line. Raises InputError where no article is."""
        path = urlsplit(address).path
        article = self.find(path)[0]
        if article is None:
            raise InputError(_("{slug}: no article at {path}").format(slug=self.slug, path=path))
        return "\n".join(article.lines)

    def find(self, path: str) -> tuple[Article | None, int, bool]:
        """The article at `path`, the status it answers with (404 where there is none), and whether it is AMP."""
        match = re.fullmatch(self.layout.finds, path)
        if match is None:
            return None, 404, False
        key, amp = match["key"], bool(match.groupdict().get("amp"))
        with self.lock:
            article = self._by_key.get(key)
            if article is None:
                return None, self._gone.get(key, 404), amp
            return article, self._blocked.get(article.record.id, 200), amp

    def publish(self, record: Record | Mapping[str, object], now: datetime | None = None) -> Article:
        """Put one more report on the site, dated `now` unless it says otherwise."""
        moment = now or datetime.now(UTC)
        if not isinstance(record, Record):
            record = parse_record(record, self.slug)
        with self.lock:
            article = self._add(replace(record, published=record.published or moment.replace(microsecond=0)))
            self._touch(moment)
        return article

    def edit(self, record_id: str, new_text: str, *, title: str | None = None, now: datetime | None = None) -> None:
        """Change the text (and the title) of a report; its address stays."""
        with self.lock:
            old = self._by_id[record_id]
            raw = {"id": record_id, "lang": old.lang, "title": title or old.record.title, "text": new_text}
            record = replace(parse_record(raw, self.slug), labels=old.record.labels, published=old.record.published)
            self._touch(now)
            self._keep(replace(old, record=record, title=headline(record), modified=self.changed))

    def delete(self, record_id: str, status: int = 404, now: datetime | None = None) -> None:
        """Take a report off the site: its addresses answer `status`, feeds and listings forget it."""
        with self.lock:
            article = self._by_id.pop(record_id)
            del self._by_key[article.key]
            self._gone[article.key] = status
            self._touch(now)

    def block(self, record_id: str, status: int = 403) -> None:
        """All addresses of a report answer `status`, while feeds and listings go on showing it."""
        with self.lock:
            self._blocked[self._by_id[record_id].record.id] = status
            self.version += 1  # a page that was answered before is blocked, too

    def fault(self, pattern: str, fault: Fault) -> None:
        """From now on `fault` spoils the answers whose path, with or without query, matches a shell pattern.

        Where several patterns match, the one set last holds."""
        with self.lock:
            self._faults.pop(pattern, None)
            self._faults[pattern] = (fault, 0)

    def heal(self, pattern: str | None = None) -> None:
        """End the fault that was set with this very pattern; without one, all of them."""
        with self.lock:
            if pattern is None:
                self._faults.clear()
            else:
                self._faults.pop(pattern, None)

    def fault_for(self, target: str) -> Fault | None:
        """The fault that holds for a request, which counts as one of its `times`."""
        with self.lock:
            for pattern, (fault, used) in reversed(self._faults.items()):
                matches = fnmatchcase(target.partition("?")[0], pattern) or fnmatchcase(target, pattern)
                if matches and (fault.times is None or used < fault.times):
                    self._faults[pattern] = (fault, used + 1)
                    return fault
        return None

    def _touch(self, now: datetime | None) -> None:
        """Note a change. A full second passes at least, or If-Modified-Since would miss it."""
        moment = (now or datetime.now(UTC)).replace(microsecond=0)
        self.changed = max(moment, self.changed + timedelta(seconds=1))
        self.version += 1

    def _add(self, record: Record) -> Article:
        if record.id in self._by_id:
            raise InputError(_("{slug}: the id {id} was used above").format(slug=self.slug, id=repr(record.id)))
        published = record.published or self.changed
        number, title = self._next_number, headline(record)
        self._next_number += self.layout.step
        slug = self._free_slug(slug_of(title))
        parts = address_parts(number, slug, record.lang, published)
        address, canonical, key = (
            form.format(**parts) for form in (self.layout.address, self.layout.canonical, self.layout.key)
        )
        article = Article(record, number, title, slug, published, published, address, canonical, key)
        self._keep(article)
        return article

    def _keep(self, article: Article) -> None:
        self._by_id[article.record.id] = article
        self._by_key[article.key] = article

    def _free_slug(self, slug: str) -> str:
        """`slug`, or with the next number where addresses are made of slugs alone and it is taken."""
        taken, found = 1, slug
        while found in self._by_key or found in self._gone:
            taken += 1
            found = f"{slug}-{taken}"
        return found


def parts_of(article: Article) -> dict[str, str]:
    """What address templates may name, for an article that has its address."""
    return address_parts(article.number, article.slug, article.lang, article.published)


def dated(records: list[Record], now: datetime) -> list[Record]:
    """The records with a date each: those without one spread evenly over the day before `now`, last newest."""
    undated = sum(record.published is None for record in records)
    found, before = [], 0
    for record in records:
        if record.published is None:
            age = UNDATED_SPREAD * (undated - before - 0.5) / undated
            record = replace(record, published=(now - age).replace(second=0, microsecond=0))
            before += 1
        found.append(record)
    return found


def outlet_from_jsonl(
    path: Path, slug: str | None = None, layout: str = "plain", *, now: datetime | None = None
) -> Outlet:
    """An outlet that has published the reports of one labelled JSONL file; its slug is the file's name.

    Raises InputError that names the file and the line."""
    return Outlet(slug or slug_of(path.stem), layout, read_records(path), now=now)
