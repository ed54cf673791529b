"""From captures to articles: an edit is a new revision, and a page that defeats us is set aside by name."""

import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kzmonitor.collect import articles, captures, crawl, cutting, entries
from kzmonitor.collect.captures import Received
from kzmonitor.collect.feeds import Item
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.newsroom.declarations import declaration as declared
from kzmonitor.newsroom.site import Site
from kzmonitor.sources import registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, Capture, Entry, Revision

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
TEXT = "Суд в Алматы рассмотрел жалобу редакции на отказ в аккредитации её корреспондента.\nЗаседание длилось два часа."


def an_outlet(layout: str = "vlast", count: int = 3) -> Outlet:
    records = [
        Record(
            str(n),
            "ru",
            f"Суд рассмотрел жалобу редакции номер {n}",
            f"{TEXT}\nДело номер {n}.",
            published=NOW - timedelta(hours=n),
        )
        for n in range(count)
    ]
    outlet = Outlet("dala", layout, records, now=NOW)
    outlet.port = 8000
    return outlet


def declaration_of(outlet: Outlet) -> Declaration:
    return Declaration(slug="dala", **declared(outlet))


def fetch(session: Session, outlet: Outlet, url: str, body: bytes | None = None, title: str | None = None) -> None:
    """Put one page of an outlet where the spiders would have put it."""
    declaration = declaration_of(outlet)
    entries.register(session, declaration)
    entries.add(session, declaration, [Item(url, title)], NOW)
    session.execute(update(Entry).where(Entry.url == url).values(state="found", retry_at=None))
    held = next(one for one in entries.lease(session, "dala", 1, 50, NOW) if one.url == url)
    answer = Site(outlet).answer(url.removeprefix(outlet.base_url), {"Accept-Encoding": "gzip"})
    received = Received(
        url, held.canonical_url, "direct", NOW, 200, {name: [value] for name, value in answer.headers.items()}, [],
        answer.body if body is None else body,
    )  # fmt: skip
    assert entries.fetched(session, held, captures.keep(session, "dala", received))


def cut(session: Session, outlet: Outlet) -> Counter[str]:
    return articles.cut_waiting(session, {"dala": declaration_of(outlet)})


def revisions(session: Session) -> list[Revision]:
    return list(session.scalars(select(Revision).order_by(Revision.id)))


@pytest.mark.parametrize("layout", ["vlast", "pangea", "wordpress", "agency", "plain"])
def test_each_page_becomes_an_article_with_its_text_time_and_language(session: Session, layout: str) -> None:
    outlet = an_outlet(layout)
    for url in outlet.addresses():
        fetch(session, outlet, url)
    assert cut(session, outlet) == {"revision": 3}
    assert cut(session, outlet) == {}
    shown = {article.title: article for article in outlet.articles()}
    for revision in revisions(session):
        article = shown[revision.title]
        assert revision.text.split("\n") == article.lines
        assert (revision.language, revision.script, revision.cut_by) == ("ru", "cyrillic", "layout:0")
        assert revision.published_at == article.published
        assert revision.date_doubt is None
    kept = session.scalars(select(Article)).all()
    assert len(kept) == 3
    assert all(article.current_revision for article in kept)


def test_a_page_fetched_again_is_unchanged_until_it_is_edited(session: Session) -> None:
    outlet = an_outlet()
    url = outlet.address("1")
    fetch(session, outlet, url)
    assert cut(session, outlet) == {"revision": 1}
    fetch(session, outlet, url)
    assert cut(session, outlet) == {"unchanged": 1}
    outlet.edit("1", TEXT + "\nДополнено: решение будет обжаловано.")
    fetch(session, outlet, url)
    assert cut(session, outlet) == {"revision": 1}
    first, second = revisions(session)
    article = session.scalars(select(Article)).one()
    assert first.article_id == second.article_id == article.id
    assert article.current_revision == second.id
    assert "Дополнено" in second.text


def test_an_edit_that_is_taken_back_brings_back_the_old_revision(session: Session) -> None:
    outlet = an_outlet()
    url, old = outlet.address("1"), outlet.articles()[1].record.text
    for text_of_the_day in (old, TEXT + "\nДополнено: стороны помирились.", old):
        outlet.edit("1", text_of_the_day)
        fetch(session, outlet, url)
        assert cut(session, outlet) == {"revision": 1}
    first, _second = revisions(session)
    assert session.scalars(select(Article.current_revision)).one() == first.id


def test_a_page_that_defeats_us_is_named_and_not_tried_again(session: Session) -> None:
    outlet = an_outlet(count=4)
    empty, packed, bare, well = outlet.addresses()
    fetch(session, outlet, empty, body=b"")
    fetch(session, outlet, packed, body=b"\x1f\x8b not gzip")
    fetch(session, outlet, bare, body=gzip.compress(b"<html><body><p>Soon</p></body></html>"))
    fetch(session, outlet, well)
    outcomes = cut(session, outlet)
    assert outcomes.pop("revision") == 1
    assert outcomes.total() == 3
    assert set(outcomes) <= {"bad-encoding", "empty", "layout-changed"}
    errors = dict(session.execute(select(Entry.url, Entry.error)).all())
    assert errors[well] is None
    assert errors[packed] == "bad-encoding"
    assert errors[bare] == "layout-changed"
    assert cut(session, outlet) == {}
    # When the page is fetched anew and well, its name is cleared.
    fetch(session, outlet, packed)
    assert cut(session, outlet) == {"revision": 1}
    assert session.scalar(select(Entry.error).where(Entry.url == packed)) is None


def test_a_damaged_capture_stops_nobody_else(session: Session) -> None:
    outlet = an_outlet()
    for url in outlet.addresses():
        fetch(session, outlet, url)
    one = select(Entry.capture_id).limit(1).scalar_subquery()
    session.execute(update(Capture).where(Capture.id == one).values(body=b"no zstd"))
    assert cut(session, outlet) == {"revision": 2, "tampered": 1}
    assert cut(session, outlet) == {}


def test_a_page_that_kills_who_cuts_it_is_set_aside_by_name(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    outlet = an_outlet()
    for url in outlet.addresses():
        fetch(session, outlet, url)
    one = select(Entry.capture_id).limit(1).scalar_subquery()
    session.execute(update(Capture).where(Capture.id == one).values(url=f"{outlet.base_url}/kill"))
    monkeypatch.setattr(cutting, "CUTTER", (str(Path(__file__).with_name("cutter.py")),))
    hostile = cutting.Cutters(1)
    monkeypatch.setattr(articles, "cutters", lambda: hostile)
    assert cut(session, outlet) == {"revision": 2, "cutter-died": 1}
    hostile.close()
    assert session.scalars(select(Entry.error).where(Entry.error.is_not(None))).all() == ["cutter-died"]
    assert cut(session, outlet) == {}


def test_one_article_under_two_addresses_of_one_batch_is_stored_once(session: Session) -> None:
    outlet = an_outlet()
    first, other = outlet.address("1"), outlet.variants("1")[0]
    fetch(session, outlet, first)
    session.execute(update(Entry).values(canonical_url=f"{first}?old"))
    fetch(session, outlet, other)
    assert cut(session, outlet) == {"revision": 1, "unchanged": 1}
    assert len(session.scalars(select(Article)).all()) == len(revisions(session)) == 1


def test_only_so_many_are_cut_at_once_and_only_of_known_sources(session: Session) -> None:
    outlet = an_outlet(count=5)
    for url in outlet.addresses():
        fetch(session, outlet, url)
    known = {"dala": declaration_of(outlet)}
    assert articles.cut_waiting(session, {}) == {}
    assert [articles.cut_waiting(session, known, limit=2).total() for _turn in range(4)] == [2, 2, 1, 0]


def test_two_who_cut_at_once_share_the_pages(database: Database) -> None:
    outlet = an_outlet(count=4)
    known = {"dala": declaration_of(outlet)}
    with database.session() as session:
        for url in outlet.addresses():
            fetch(session, outlet, url)
    with database.session() as one, database.session() as other:
        assert articles.cut_waiting(one, known, limit=3) == {"revision": 3}
        assert articles.cut_waiting(other, known) == {"revision": 1}
    with database.session() as session:
        assert len(revisions(session)) == 4


def test_a_future_date_in_the_feed_gives_way_to_that_of_the_page(session: Session) -> None:
    outlet = an_outlet()
    declaration = declaration_of(outlet)
    url = outlet.address("1")
    entries.register(session, declaration)
    entries.add(session, declaration, [Item(url, None, NOW + timedelta(days=99))], NOW)
    fetch(session, outlet, url)
    cut(session, outlet)
    [revision] = revisions(session)
    assert (revision.published_at, revision.date_doubt) == (NOW - timedelta(hours=1), None)


def test_from_the_newsroom_to_revisions_and_an_edit_that_is_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("KZMONITOR_ALLOW_LOOPBACK", "1")
    outlet = an_outlet("pangea")
    with Newsroom([outlet]) as newsroom:
        declare(newsroom, tmp_path)
        known = registry.load(tmp_path).sources
        crawl.run(["dala"], tmp_path)
        with database.session() as session:
            assert articles.cut_waiting(session, known) == {"revision": 3}
            session.execute(text("update entry set state = 'found'"))
        outlet.edit("2", TEXT + "\nДополнено: приговор отменён.", title="Приговор отменён")
        crawl.run(["dala"], tmp_path)
        with database.session() as session:
            assert articles.cut_waiting(session, known) == {"revision": 1, "unchanged": 2}
            assert [one.title for one in revisions(session)][-1] == "Приговор отменён"
