"""Import: by the path of live reports, nothing twice, whatever was stored before and whenever it was killed."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.collect import articles, captures, entries
from kzmonitor.collect.captures import Received
from kzmonitor.collect.feeds import Item
from kzmonitor.collect.importing import Brought, Skipped, bring, bring_all, outsider
from kzmonitor.collect.records import HTML_TYPE, RECORD_TYPE, body_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.registry import Registry
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, Capture, Entry, Revision, Source

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
TEXT = "Суд в Алматы рассмотрел жалобу редакции на отказ в аккредитации её корреспондента.\nЗаседание длилось два часа."
DALA = Declaration(
    slug="dala", name="Дала", languages=("ru",), hosts=("dala.example",), feeds=("https://dala.example/rss",),
    layouts=({"title": "h1", "body": "article p"},), url_id=r"^https?://dala\.example/n/(?P<id>\d+)",
)  # fmt: skip
KNOWN = Registry({"dala": DALA}, ())


def page(url: str | None, text: str = TEXT, published: str | None = "2021-02-03", **more: object) -> Brought:
    html = f"<html><body><h1>Суд</h1><article><p>{text}</p></article></body></html>"
    given = {"where": "a.warc:1", "url": url, "body": html.encode(), "headers": {"Content-Type": [HTML_TYPE]}}
    return Brought(**{**given, "published": published, **more})  # type: ignore[arg-type]


def told(text: str = TEXT, **said: str) -> Brought:
    record = {"title": "Суд", "text": text, **said}
    return Brought(
        where="/x/cases.jsonl:1", url=said.get("url"), body=body_of(record), headers={"Content-Type": [RECORD_TYPE]},
        text=text, title="Суд", source=said.get("source"), published=said.get("published"),
    )  # fmt: skip


def brought(session: Session, *records: Brought, **more: bool) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    bring(session, KNOWN, records, NOW, outcomes, **more)
    return outcomes


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_page_of_a_declared_host_goes_to_its_source_and_is_cut_by_its_layout(session: Session) -> None:
    moment = datetime(2021, 2, 3, 12, tzinfo=UTC)
    assert brought(session, page("http://dala.example/n/17?utm_source=x", fetched_at=moment)) == {"new": 1}
    article = session.scalars(select(Article)).one()
    assert (article.source, article.key) == ("dala", "dala:17")
    revision = session.scalars(select(Revision)).one()
    assert (revision.cut_by, revision.text) == ("layout:0", TEXT.replace("\n", " "))
    capture = session.scalars(select(Capture)).one()
    assert (capture.route, capture.fetched_at) == ("import", moment)
    entry = session.scalars(select(Entry)).one()
    assert (entry.route, entry.state, entry.capture_id, entry.cut_id) == ("import", "fetched", capture.id, capture.id)


def test_a_page_of_another_host_goes_to_a_source_of_that_host(session: Session) -> None:
    brought(session, page("https://gone.example/2021/02/03/a-long-story-of-pressure/"))
    source = session.get_one(Source, "import-gone-example")
    assert (source.name, source.kind, source.enabled) == ("gone.example", "import", False)


def test_hosts_never_share_a_source() -> None:
    hosts = ["a-b.kz", "a.b.kz", "a--b.kz", "a.b-kz", "127.0.0.1:80", "x" * 60 + ".kz", "x" * 60 + ".ru"]
    assert len({outsider(host).slug for host in hosts}) == len(hosts)


@pytest.mark.parametrize(("named", "slug"), [("dala", "dala"), ("ДАЛА", "dala")])
def test_a_text_without_an_address_goes_to_the_source_it_names(session: Session, named: str, slug: str) -> None:
    assert brought(session, told(source=named)) == {"new": 1}
    article = session.scalars(select(Article)).one()
    assert article.source == slug
    assert article.canonical_url.startswith("urn:sha256:")
    assert session.scalars(select(Revision.text)).one() == TEXT


def test_a_text_that_names_nobody_goes_to_a_source_named_after_its_file(session: Session) -> None:
    brought(session, told())
    assert session.scalars(select(Source.name)).one() == "cases"


def test_a_stored_record_can_be_cut_again(session: Session) -> None:
    brought(session, told(published="2021-02-03", author="А. Автор"))
    capture = session.scalars(select(Capture)).one()
    found = articles.cut_capture(capture, DALA, articles.Hint(None, None))
    revision = session.scalars(select(Revision)).one()
    assert (found.text, found.cut_by, found.author) == (revision.text, "import", "А. Автор")
    assert revision.published_at is not None
    assert revision.published_at.year == 2021


def test_twice_is_once(session: Session) -> None:
    records = (page("https://dala.example/n/1"), page("https://dala.example/n/2", TEXT + " Ещё."), told(), told())
    assert brought(session, *records) == {"new": 3, "known": 1}
    before = {table: count(session, table) for table in (Entry, Capture, Article, Revision)}
    assert brought(session, *records) == {"known": 4}
    assert {table: count(session, table) for table in before} == before


def test_what_we_fetched_ourselves_stays_the_text(session: Session) -> None:
    fetch(session, "https://dala.example/n/5", TEXT + " Так напечатано сегодня.")
    current = session.scalars(select(Article.current_revision)).one()
    assert brought(session, page("https://dala.example/n/5")) == {"known": 1}
    # The same article under another address is one more version of it.
    assert brought(session, page("https://dala.example/n/5-old-address")) == {"version": 1}
    assert session.scalars(select(Article.current_revision)).one() == current
    assert count(session, Revision) == 2


def test_an_address_that_could_never_be_fetched_gets_its_page(session: Session) -> None:
    entries.register(session, DALA)
    entries.add(session, DALA, [Item("https://dala.example/n/7", "Заголовок")], NOW)
    assert brought(session, page("https://dala.example/n/7")) == {"new": 1}
    entry = session.scalars(select(Entry)).one()
    assert (entry.state, entry.route, entry.error) == ("fetched", "direct", None)


def fetch(session: Session, url: str, text: str) -> None:
    entries.register(session, DALA)
    entries.add(session, DALA, [Item(url)], NOW)
    [held] = entries.lease(session, "dala", 1, 5, NOW)
    body = page(url, text).body
    received = Received(url, held.canonical_url, "direct", NOW, 200, {"Content-Type": [HTML_TYPE]}, [], body)
    entries.fetched(session, held, captures.keep(session, "dala", received))
    articles.cut_waiting(session, {"dala": DALA})


def test_front_pages_and_listings_are_no_articles(session: Session) -> None:
    records = (page("https://dala.example/"), page("https://dala.example/tag/sud"), page("https://gone.example/"))
    assert brought(session, *records) == {"not-an-article": 3}
    assert count(session, Capture) == 0


def test_a_page_without_text_is_kept_and_named(session: Session) -> None:
    assert brought(session, page("https://dala.example/n/9", "")) == {"layout-changed": 1}
    assert count(session, Capture) == 1
    assert session.scalars(select(Entry.error)).one() == "layout-changed"


@pytest.mark.parametrize("url", ["ftp://dala.example/n/1", "https://", "https://" + "a" * 70 + ".kz/x", "http://[::1",
                                 "https://dala.example/" + "x" * 3000, "javascript:alert(1)"])  # fmt: skip
def test_a_bad_address_is_named_with_its_line_and_stops_nobody(session: Session, url: str) -> None:
    outcomes: Counter[str] = Counter()
    skipped = bring(session, KNOWN, [page(url), page("https://dala.example/n/1")], NOW, outcomes)
    assert outcomes == {"bad-address": 1, "new": 1}
    assert [one.why.startswith("a.warc:1: ") for one in skipped] == [True]


@pytest.mark.parametrize(
    ("published", "tell", "told_of"),
    [("2021-02-03", False, False), (None, False, False), ("2026-03-14", False, True), ("2021-02-03", True, True)],
)
def test_what_is_old_is_no_news_unless_asked(session: Session, published: str, tell: bool, told_of: bool) -> None:
    brought(session, page("https://dala.example/n/1", published=published), tell=tell)
    assert session.scalars(select(Article.tell)).one() is told_of


def test_a_killed_import_goes_on_where_it_was(database: Database) -> None:
    records = [page(f"https://dala.example/n/{number}", f"{TEXT} Номер {number}.") for number in range(7)]

    def until_killed() -> Iterator[Brought | Skipped]:
        yield from records[:5]
        raise KeyboardInterrupt

    said: list[Counter[str]] = []
    with pytest.raises(KeyboardInterrupt):
        bring_all(database, KNOWN, until_killed(), lambda: NOW, batch=2, progress=lambda so_far: said.append(+so_far))
    assert said == [{"new": 2}, {"new": 4}]
    with database.session() as session:
        assert count(session, Entry) == count(session, Revision) == 4
    skipped = Skipped("unreadable", "x:1: wrong")
    heard: list[Skipped] = []
    assert bring_all(database, KNOWN, [skipped, *records], lambda: NOW, batch=3, said=heard.append) == {
        "known": 4,
        "new": 3,
        "unreadable": 1,
    }
    assert heard == [skipped]
    with database.session() as session:
        assert count(session, Entry) == count(session, Article) == 7


@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=200), title=st.text(max_size=40), source=st.one_of(st.none(), st.text(max_size=30)))
def test_whatever_a_record_says_it_ends_in_one_outcome(
    migrated: Database, text: str, title: str, source: str | None
) -> None:
    """As the readers hand records on: without what a database can't hold."""
    text, title = (one.replace("\0", "").encode("utf-8", "replace").decode() for one in (text, title))
    record = Brought(
        where="x.jsonl:1", url=None, body=body_of({"title": title, "text": text}),
        headers={"Content-Type": [RECORD_TYPE]}, text=text, title=title,
        source=source.replace("\0", "").encode("utf-8", "replace").decode() if source else None,
    )  # fmt: skip
    with migrated.engine.connect() as connection, connection.begin() as transaction:
        session = Session(connection, join_transaction_mode="create_savepoint")
        outcomes = brought(session, record)
        assert outcomes.total() == 1
        assert set(outcomes) <= {"new", "empty"}
        transaction.rollback()
