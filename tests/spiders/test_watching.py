"""The newsroom edits, deletes and blocks pages behind alerts, and each becomes the right event: real crawls."""

import gzip
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from kzmonitor.collect import articles, captures, crawl
from kzmonitor.evidence import watching
from kzmonitor.evidence.differences import difference
from kzmonitor.newsroom import Fault, Outlet, Record
from kzmonitor.sources import registry
from kzmonitor.store.tables import (
    Alert,
    Article,
    Capture,
    Incident,
    IncidentArticle,
    PageEvent,
    Revision,
    new_id,
)

TEXT = (
    "Полиция Алматы задержала пятерых активистов у здания акимата и увезла их в районный отдел.\n"
    "К вечеру всех отпустили, но суд назначен на пятницу, сообщил адвокат задержанных."
)


class Watched:
    """A desk whose articles are all behind alerts and watched; time passes when it is told to."""

    def __init__(self, desk) -> None:
        self.desk = desk
        desk.collect()
        declared = registry.load(desk.folder).sources
        with desk.database.session() as session:
            while articles.cut_waiting(session, declared):
                pass
            for article in session.scalars(select(Article)):
                raise_alert(session, article)
        with desk.database.session() as session:
            watching.due(session, declared, datetime.now(UTC))

    def look(self, *slugs: str, later: timedelta = timedelta(hours=7)) -> dict[str, dict[str, int]]:
        """Let time pass until all pages are due, and look at them."""
        with self.desk.database.session() as session:
            # In place of waiting, all that has happened is moved into the past.
            for column in ("first_seen", "good_at", "doubt_since", "looked_at"):
                session.execute(text(f"update watch set {column} = {column} - :later"), {"later": later})
            session.execute(text("update page_event set since = since - :later, good_at = good_at - :later"),
                            {"later": later})  # fmt: skip
            session.execute(text("update poll set started = started - :later"), {"later": later})
            session.execute(text("update watch set next_at = now() - interval '1 second'"))
        ended = crawl.run(slugs or list(self.desk.newsroom.outlets), self.desk.folder, work="watch")
        assert all(one.well for one in ended), ended
        return {one.slug: {key.removeprefix("watched:"): n for key, n in one.counts.items()} for one in ended}

    def events(self) -> list[tuple[str, str]]:
        with self.desk.database.session() as session:
            rows = session.execute(select(PageEvent.kind, PageEvent.state).order_by(PageEvent.id))
            return [tuple(row) for row in rows]

    def event(self, kind: str) -> PageEvent:
        with self.desk.database.session() as session:
            return session.scalars(select(PageEvent).where(PageEvent.kind == kind)).one()

    def stored(self) -> int:
        return self.desk.rows("select count(*) from capture")[0][0]


def raise_alert(session, article: Article, tier: str = "mail") -> Alert:
    incident = Incident(id=new_id(), title="x", first_seen=article.first_seen, last_seen=article.first_seen,
                        labels=["detention"], severity=3)  # fmt: skip
    session.add(incident)
    session.flush()
    session.add(IncidentArticle(incident_id=incident.id, article_id=article.id, why="first", score=1.0, by="grouping"))
    alert = Alert(id=new_id(), incident_id=incident.id, tier=tier, score=0.9, opened_at=article.first_seen)
    session.add(alert)
    session.flush()
    return alert


def outlet(slug: str = "dala", layout: str = "plain", words: str = TEXT, count: int = 1) -> Outlet:
    records = [
        Record(str(n), "ru", f"Задержание активистов, дело номер {n}", f"{words}\nДело {n}.") for n in range(count)
    ]
    return Outlet(slug, layout, records)


@pytest.fixture
def watched_of(desk_of):
    with ExitStack() as stack:
        yield lambda *outlets, **wishes: Watched(stack.enter_context(desk_of(*outlets, **wishes)))


@pytest.mark.slow
def test_an_edit_is_a_new_capture_a_new_revision_and_a_readable_difference(watched_of) -> None:
    one, other = outlet(layout="vlast"), outlet("other")
    watched = watched_of(one, other)
    before = watched.stored()
    one.publish(Record("9", "ru", "Совсем другая новость дня", TEXT))  # stands in the menu of the newest articles
    one.name = "Дала: новости"
    assert watched.look() == {"dala": {"good": 1}, "other": {"good": 1}}
    assert watched.stored() == before  # a page whose text is as it was leaves nothing, whatever stands around it

    one.edit("0", f"{TEXT}\nДело 0.".replace("пятерых", "двоих"))
    assert watched.look("dala") == {"dala": {"changed": 1}}
    assert watched.events() == [("changed", "edited")]
    event = watched.event("changed")
    with watched.desk.database.session() as session:
        old, new = (session.get_one(Revision, id).text for id in (event.before_revision, event.after_revision))
        spans = [(span.kind, span.text) for span in difference(old, new) if span.kind != "same"]
        assert spans == [("removed", "пятерых"), ("added", "двоих")]
        assert session.scalars(select(Article.current_revision).where(Article.source == "dala")).one() == (
            event.after_revision
        )
        assert "двоих" in gzip.decompress(captures.body(session.get_one(Capture, event.after_capture))).decode()
    assert event.confirmed
    assert event.good_at < event.since
    assert watched.look("dala") == {"dala": {"good": 1}}
    assert watched.stored() == before + 1


NOTICE = (
    "<!doctype html><html><head><title>Страница не найдена</title></head><body><article><h1>Страница не найдена</h1>"
    "<p>Запрошенный материал не существует или был удалён редакцией. Перейдите на главную страницу сайта.</p>"
    "</article></body></html>"
)
ERROR_TEXT = Fault(body=NOTICE.encode(), content_type="text/html; charset=utf-8")
CHALLENGE = Fault(body=NOTICE.replace("Страница не найдена", "Just a moment...").encode(),
                  content_type="text/html; charset=utf-8")  # fmt: skip
ANOTHER = "В городе прошёл праздник урожая, гости пели и танцевали до позднего вечера. " * 4
# What is done to a page before the first look and what after the second one; the outcomes of three looks; the events.
FATES: list[tuple[str, Callable[[Outlet, str], None], bool, list[str], list[tuple[str, str]]]] = [
    ("left alone", lambda outlet, id: None, False, ["good"] * 3, []),
    ("edited", lambda outlet, id: outlet.edit(id, TEXT.replace("пятерых", "двоих")), False,
     ["changed", "good", "good"], [("changed", "edited")]),
    ("404, then back", lambda outlet, id: spoil(outlet, id, Fault(status=404)), True,
     ["doubt:404", "gone", "back"], [("gone", "404"), ("back", "ok")]),
    ("410", lambda outlet, id: spoil(outlet, id, Fault(status=410)), False,
     ["doubt:404", "gone", "still:gone"], [("gone", "404")]),
    ("deleted", lambda outlet, id: outlet.delete(id), False, ["doubt:404", "gone", "still:gone"], [("gone", "404")]),
    ("404 once", lambda outlet, id: spoil(outlet, id, Fault(status=404, times=1)), False,
     ["doubt:404", "good", "good"], []),
    ("soft 404 once", lambda outlet, id: spoil(outlet, id, Fault(redirect="/", times=1)), False,
     ["doubt:soft-404", "good", "good"], []),
    ("error text once", lambda outlet, id: spoil(outlet, id, replace(ERROR_TEXT, times=1)), False,
     ["doubt:soft-404", "good", "good"], []),
    ("server error", lambda outlet, id: spoil(outlet, id, Fault(status=502)), True,
     ["doubt:server-error", "doubt:server-error", "good"], []),
    ("error text", lambda outlet, id: spoil(outlet, id, ERROR_TEXT), False,
     ["doubt:soft-404", "gone", "still:gone"], [("gone", "soft-404")]),
    ("front page", lambda outlet, id: spoil(outlet, id, Fault(redirect="/")), True,
     ["doubt:soft-404", "gone", "back"], [("gone", "soft-404"), ("back", "ok")]),
    ("another host", lambda outlet, id: spoil(outlet, id, Fault(redirect="http://127.0.0.2:9/stub")), False,
     ["doubt:soft-404", "gone", "still:gone"], [("gone", "soft-404")]),
    ("blocked", lambda outlet, id: outlet.block(id), False,
     ["doubt:403-wall", "blocked", "still:blocked"], [("blocked", "403-wall")]),
    ("blocked by region", lambda outlet, id: outlet.block(id, 451), False,
     ["doubt:451", "blocked", "still:blocked"], [("blocked", "451")]),
    ("challenge", lambda outlet, id: spoil(outlet, id, CHALLENGE), True,
     ["doubt:403-wall", "blocked", "back"], [("blocked", "403-wall"), ("back", "ok")]),
    ("another text", lambda outlet, id: outlet.edit(id, ANOTHER, title="Праздник урожая"), False,
     ["doubt:replaced", "changed", "good"], [("changed", "replaced")]),
]  # fmt: skip


def spoil(outlet: Outlet, id: str, fault: Fault) -> None:
    outlet.fault(path_of(outlet, id), fault)


def path_of(outlet: Outlet, id: str) -> str:
    return next(one.address for one in outlet.articles() if one.record.id == id)


@pytest.mark.parametrize("layout", ["plain", pytest.param("pangea", marks=pytest.mark.slow)])
def test_each_page_becomes_the_right_event(watched_of, layout: str) -> None:
    one = outlet(layout=layout, count=len(FATES))
    paths = {number: path_of(one, str(number)) for number in range(len(FATES))}
    watched = watched_of(one)
    for number, (_name, doing, *_rest) in enumerate(FATES):
        doing(one, str(number))
    for look in range(3):
        if look == 2:
            for number, (_name, _doing, healed, *_rest) in enumerate(FATES):
                if healed:
                    one.heal(paths[number])
        counts = Counter(watched.look()["dala"])
        counts.pop("retried", None)
        assert counts == Counter(looks[look] for *_, looks, _events in FATES)
    with watched.desk.database.session() as session:
        told = session.execute(
            select(Revision.title, PageEvent.kind, PageEvent.state)
            .join(Revision, Revision.id == PageEvent.before_revision)
            .order_by(PageEvent.id)
        ).all()
        texts = select(Revision.title, Revision.text).join(Article, Article.current_revision == Revision.id)
        current = dict(session.execute(texts).all())
    for number, (name, _doing, _healed, _looks, events) in enumerate(FATES):
        title = f"Задержание активистов, дело номер {number}"
        assert [(kind, state) for of, kind, state in told if of == title] == events, name
        assert "активистов" in current[title], name  # nothing that took a page's place became the article's text


@pytest.mark.slow
def test_what_is_still_gone_is_stored_once(watched_of) -> None:
    one = outlet()
    watched = watched_of(one)
    one.delete("0")
    watched.look()
    watched.look()
    event, stored = watched.event("gone"), watched.stored()
    with watched.desk.database.session() as session:
        assert session.get_one(Capture, event.after_capture).status == 404
        assert session.get_one(Capture, event.before_capture).status == 200
    assert watched.look() == {"dala": {"still:gone": 1}}
    assert watched.stored() == stored


@pytest.mark.slow
def test_a_wall_before_robots_txt_is_a_wall_before_the_page(watched_of) -> None:
    one = outlet()
    watched = watched_of(one)
    one.fault("*", Fault(status=403))
    for _look in range(2):
        with watched.desk.database.session() as session:  # no copy of robots.txt is young enough
            session.execute(text("update host set robots_at = now() - interval '2 days', robots_tried_at = null"))
        watched.look()
    assert watched.events() == [("blocked", "403-wall")]


@pytest.mark.slow
def test_a_name_that_is_gone_is_told_when_others_answer(watched_of) -> None:
    dala, other = outlet(), outlet("other", "vlast")
    watched = watched_of(dala, other)
    watched.desk.change("dala", hosts=[f"127.0.0.1:{dala.port}", "no-such-name.invalid"], delay_s=1)
    with watched.desk.database.session() as session:
        session.execute(text("update capture set url = 'http://no-such-name.invalid/x' where source = 'dala'"))
    for _look in range(2):
        assert watched.look("dala") == {"dala": {"doubt:dns": 1}}
    assert watched.events() == []  # nobody else was asked: it may be our own line
    watched.look("other")
    assert watched.look("dala")["dala"]["blocked"] == 1
    assert watched.events() == [("blocked", "dns")]


def test_a_rejected_alert_is_watched_no_longer(watched_of) -> None:
    watched = watched_of(outlet())
    with watched.desk.database.session() as session:
        session.execute(text("insert into review (id, subject, subject_id, decision) "
                             "select gen_random_uuid(), 'alert', id, 'reject' from alert"))  # fmt: skip
    watched.desk.newsroom.requests.clear()
    assert watched.look() == {"dala": {}}
    assert watched.desk.asked("dala") == []


@pytest.mark.slow
def test_no_look_goes_out_that_robots_txt_forbids(watched_of) -> None:
    one = outlet()
    watched = watched_of(one)
    one.fault("/robots.txt", Fault(body=b"User-agent: *\nDisallow: /\n"))
    with watched.desk.database.session() as session:
        session.execute(text("update host set robots_at = null, robots_tried_at = null"))
    watched.desk.newsroom.requests.clear()
    assert watched.look() == {"dala": {"unclear:robots-denied": 1}}
    assert watched.desk.asked("dala") == ["/robots.txt"]
    assert watched.events() == []


@pytest.mark.slow
def test_a_killed_look_is_made_by_the_next_run(watched_of, monkeypatch: pytest.MonkeyPatch) -> None:
    one = outlet(count=4)
    watched = watched_of(one)
    with watched.desk.database.session() as session:
        session.execute(text("update watch set next_at = now() - interval '1 second'"))
    monkeypatch.setenv("KILL_AFTER_ANSWERS", "3")
    [ended] = crawl.run(["dala"], watched.desk.folder, work="watch")
    assert not ended.well
    monkeypatch.delenv("KILL_AFTER_ANSWERS")
    [ended] = crawl.run(["dala"], watched.desk.folder, work="watch")
    assert ended.well
    assert watched.desk.rows("select count(*), count(looked_at), count(lease_until) from watch") == [(4, 4, 0)]


def test_the_sources_with_a_look_due_are_named(watched_of) -> None:
    watched = watched_of(outlet(), outlet("other", "vlast"))
    declared = registry.load(watched.desk.folder).sources

    def due(at: datetime) -> Sequence[str]:
        with watched.desk.database.session() as session:
            return watching.due(session, declared, at)

    now = datetime.now(UTC)
    assert due(now) == []
    assert due(now + timedelta(hours=1)) == ["dala", "other"]
    with watched.desk.database.session() as session:
        assert len(watching.lease(session, "dala", 1, 10, now + timedelta(hours=2))) == 1
        assert watching.lease(session, "dala", 2, 10, now + timedelta(hours=2)) != []  # holder 1 is no living process
