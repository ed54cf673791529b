"""A batch of texts in one round trip: the same rows as one by one."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from kzmonitor.collect.storing import Text, store
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, Capture, Revision, Source, new_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_capture(session: Session) -> UUID:
    session.merge(Source(slug="orda", name="Orda", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    capture = Capture(
        id=new_id(), source="orda", url="x", canonical_url="x", route="direct", fetched_at=NOW, status=200, headers={},
        hops=[], body=None, sha256=b"",
    )  # fmt: skip
    session.add(capture)
    session.flush()
    return capture.id


def a_text(capture: UUID, key: str, text: str) -> Text:
    return Text(
        key=key, canonical_url=f"https://orda.example/{key}", source="orda", first_seen=NOW, tell=True, capture=capture,
        text_sha256=sha256(text.encode()).digest(), title=f"Title {key}", text=text, language="ru", script="cyrl",
        published_at=NOW, date_doubt=None, author=None, cut_by="layout:0", search="'суд':1 'арест':2",
    )  # fmt: skip


def current(session: Session) -> dict[str, str]:
    query = select(Article.key, Revision.text).join(Revision, Revision.id == Article.current_revision)
    return {row.key: row.text for row in session.execute(query)}


def test_new_articles_come_with_their_texts(session: Session) -> None:
    capture = a_capture(session)
    stored = store(session, [a_text(capture, "b", "two"), a_text(capture, "a", "one")])
    assert current(session) == {"a": "one", "b": "two"}
    assert {key: (one.new, one.before) for key, one in stored.items()} == {"a": (True, None), "b": (True, None)}
    revision = session.get_one(Revision, stored["a"].revision)
    assert (revision.article_id, revision.title, revision.search) == (
        stored["a"].article,
        "Title a",
        "'арест':2 'суд':1",
    )


def test_an_edit_becomes_the_text_and_an_old_text_is_no_new_one(session: Session) -> None:
    capture = a_capture(session)
    first = store(session, [a_text(capture, "a", "one"), a_text(capture, "b", "two")])
    second = store(
        session, [a_text(capture, "a", "edited"), a_text(capture, "b", "two"), a_text(capture, "c", "three")]
    )
    assert {key: one.new for key, one in second.items()} == {"a": True, "b": False, "c": True}
    assert second["a"].before == first["a"].revision
    assert current(session) == {"a": "edited", "b": "two", "c": "three"}
    third = store(session, [a_text(capture, "a", "one")])
    assert (third["a"].new, third["a"].revision) == (False, first["a"].revision)
    assert current(session)["a"] == "one"


def test_a_text_that_is_not_to_be_the_current_one_is_kept_beside_it(session: Session) -> None:
    capture = a_capture(session)
    store(session, [a_text(capture, "a", "ours")])
    stored = store(session, [replace(a_text(capture, "a", "archived"), current=False)])
    assert stored["a"].new
    assert current(session) == {"a": "ours"}


def test_a_batch_is_one_round_trip(database: Database) -> None:
    seen: list[str] = []
    with database.session() as session:
        capture = a_capture(session)
        event.listen(session.connection(), "before_cursor_execute", lambda *given: seen.append(given[2]))
        store(session, [a_text(capture, str(number), f"text {number}") for number in range(200)])
    assert len(seen) == 1


def test_a_key_that_stands_twice_is_refused(session: Session) -> None:
    capture = a_capture(session)
    with pytest.raises(ValueError, match="twice"):
        store(session, [a_text(capture, "a", "one"), a_text(capture, "a", "two")])


def test_two_that_store_the_same_articles_at_once_store_each_once(database: Database) -> None:
    with database.session() as session:
        capture = a_capture(session)
    keys = [str(number) for number in range(100)]
    found: list[dict[str, UUID]] = []

    def work() -> None:
        with database.session() as own:
            stored = store(own, [a_text(capture, key, f"text {key}") for key in keys])
            found.append({key: one.article for key, one in stored.items()})

    workers = [Thread(target=work) for _worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found[0] == found[1] == found[2]
    with database.session() as session:
        assert len(session.scalars(select(Revision.id)).all()) == len(keys)
