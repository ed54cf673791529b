"""Writing a whole batch in one round trip: captures as they came, what was cut as articles with their texts.

A single statement does each, since a batch costs little more than one row: new articles come with their text, known
ones get it if it is new. An article that somebody else stores at the same moment is met by a second try."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Capture, new_id

TRIES = 3


@dataclass(frozen=True)
class Text:
    """A text to be stored under its article's key, with what is known of both; `search` as `search_vector` makes it.
    current: whether it becomes the text of the article; of a new article it always does."""

    key: str
    canonical_url: str
    source: str
    first_seen: datetime
    tell: bool
    capture: UUID
    text_sha256: bytes
    title: str
    text: str
    language: str
    script: str
    published_at: datetime | None
    date_doubt: str | None
    author: str | None
    cut_by: str
    search: str
    current: bool = True


@dataclass(frozen=True)
class Stored:
    """What became of a text. new: whether it was not known. before: the text that the article had until then."""

    article: UUID
    revision: UUID
    new: bool
    before: UUID | None


_TYPES = {
    "article": "uuid", "revision": "uuid", "key": "text", "canonical_url": "text", "source": "text",
    "first_seen": "timestamptz", "tell": "boolean", "capture": "uuid", "text_sha256": "bytea", "title": "text",
    "text": "text", "language": "text", "script": "text", "published_at": "timestamptz", "date_doubt": "text",
    "author": "text", "cut_by": "text", "search": "text", "current": "boolean",
}  # fmt: skip
# What this statement inserts it does not see: what was known and what is new are told apart once, at the beginning.
_STORE = sql(
    f"""
    with given as materialized (
        select * from unnest({", ".join(f"cast(:{name} as {type}[])" for name, type in _TYPES.items())})
            as given ({", ".join(_TYPES)})
    ), known as materialized (
        select article.id, article.key, article.current_revision as before from article join given using (key)
    ), opened as (
        insert into article (id, key, canonical_url, source, first_seen, tell, current_revision)
        select article, key, canonical_url, source, first_seen, tell, revision from given
        where not exists (select from known where known.key = given.key) order by key
        on conflict (key) do nothing returning id, key
    ), home as materialized (
        select id, key, before, false as opened from known union all select id, key, null, true from opened
    ), same as materialized (
        select given.key, revision.id from given join known using (key)
        join revision on revision.article = known.id and revision.text_sha256 = given.text_sha256
    ), written as (
        insert into revision (id, article, capture, text_sha256, title, text, language, script, published_at,
            date_doubt, author, cut_by, search)
        select given.revision, home.id, given.capture, given.text_sha256, given.title, given.text, given.language,
            given.script, given.published_at, given.date_doubt, given.author, given.cut_by,
            cast(given.search as tsvector)
        from given join home using (key) where not exists (select from same where same.key = given.key)
        on conflict (article, text_sha256) do nothing returning id, article
    ), changed as (
        update article set current_revision = coalesce(same.id, written.id)
        from known join given using (key) left join same using (key)
            left join written on written.article = known.id
        where article.id = known.id and (given.current or known.before is null)
            and coalesce(same.id, written.id) is distinct from known.before
            and coalesce(same.id, written.id) is not null
    )
    select home.key, home.id as article, home.before, coalesce(same.id, written.id) as revision,
        written.id is not null as new
    from home left join same using (key) left join written on written.article = home.id
    where coalesce(same.id, written.id) is not null
    """  # noqa: S608 - names of columns, no data
)


def store(session: Session, texts: Sequence[Text]) -> Mapping[str, Stored]:
    """Store a batch, each key once in it; article key -> what became of its text.

    Raises ValueError when a key stands twice."""
    left = {text.key: text for text in sorted(texts, key=lambda text: text.key)}
    if len(left) < len(texts):
        raise ValueError("an article stands twice in one batch")
    done: dict[str, Stored] = {}
    for _try in range(TRIES):
        if not left:
            break
        for row in session.execute(_STORE, _columns(list(left.values()))):
            done[row.key] = Stored(row.article, row.revision, row.new, row.before)
            del left[row.key]
    assert not left, "what another stored at the same moment is visible to the second try"
    return done


def _columns(texts: Sequence[Text]) -> dict[str, list[Any]]:
    given: dict[str, list[Any]] = {field.name: [getattr(text, field.name) for text in texts] for field in fields(Text)}
    return given | {"article": [new_id() for _ in texts], "revision": [new_id() for _ in texts]}


_CAPTURES = sql(
    """
    insert into capture (id, source, url, canonical_url, route, fetched_at, status, headers, hops, body, sha256)
    select id, source, url, canonical_url, route, fetched_at, status, cast(headers as jsonb),
        array(select jsonb_array_elements_text(cast(hops as jsonb))), body, sha256
    from unnest(
        cast(:id as uuid[]), cast(:source as text[]), cast(:url as text[]), cast(:canonical_url as text[]),
        cast(:route as text[]), cast(:fetched_at as timestamptz[]), cast(:status as smallint[]),
        cast(:headers as text[]), cast(:hops as text[]), cast(:body as bytea[]), cast(:sha256 as bytea[])
    ) as made (id, source, url, canonical_url, route, fetched_at, status, headers, hops, body, sha256)
    """
)


def store_captures(session: Session, captures: Sequence[Capture]) -> None:
    """Store captures, as `captures.made` makes them, that no session holds yet."""
    plain = ("id", "source", "url", "canonical_url", "route", "fetched_at", "status", "body", "sha256")
    given: dict[str, list[Any]] = {name: [getattr(one, name) for one in captures] for name in plain}
    given["headers"] = [json.dumps(one.headers) for one in captures]
    given["hops"] = [json.dumps(one.hops) for one in captures]
    session.execute(_CAPTURES, given)
