"""Near-duplicates: reposts with another headline, agency copy with cuts, up to three words in ten changed.

Every article is indexed by the pairs of words that stand for it (signatures.py), flagged or not: an unflagged cut copy
is still a source of its incident. A lookup reads, for each key of the text, at most `BEARERS` articles that bear it,
the newest first, so that its work is the same among a thousand articles and a million. A key that so many bear is a
set phrase of an agency or a court and proves nothing.

Each candidate is verified on the words outside set phrases: two reports of two trials by one court are alike in all
but names. And its names and figures must be those of the other text, since a young archive knows no set phrases. Only
when the same few articles bear all set phrases of a text (a story that more than `BEARERS` outlets printed) is it
compared whole."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from kzmonitor.incidents.signatures import Signature, all_words, marks, signature
from kzmonitor.store.tables import Article, ArticleSignature, Revision

# Share of the shorter text's word pairs that the longer one holds, too: from here on it is a copy.
SAME_FROM = 0.4
BEARERS = 32
CANDIDATES = 16
# Of a candidate's shared keys each counts one over its bearers; what shares less is not read.
RARITY_FROM = 0.2
# Measured on planted copies: docs/decisions/010-copies-at-any-size.md.
PAIRS_FROM = 0.3
OWN_FROM = 0.52
FEWEST_OWN = 4
# Share of the names and figures of the text that has fewer of them, where these are enough to tell. Among 3,000 planted
# texts 99 copies in 100 share .66 and more, 95 in 100 pairs of two court reports .25 and less.
FEWEST_MARKS, MARKS_FROM = 3, 0.5
# A story printed everywhere: so large a share of its keys looks like set phrases, all borne by so few articles. Less
# would take the reports of one court for one story: there the names, a fifth of the keys, are borne by few.
STORY_FROM, STORY_BEARERS = 0.9, 1.5 * BEARERS
INDEX_BATCH = 500


@dataclass(frozen=True)
class Copy:
    """An article that tells the same text; `containment`: share of the shorter text's words outside set phrases that
    the other holds, too, from `OWN_FROM` to 1."""

    article_id: UUID
    containment: float


@dataclass(frozen=True)
class Asked:
    """An article whose copies are wanted, with its current text."""

    article_id: UUID
    text: str


def word_pairs(text: str) -> frozenset[int]:
    """64-bit hashes of each two neighbouring words, letter case and punctuation aside."""
    words = all_words(text)
    pairs = pairwise(words) if len(words) > 1 else [(word, "") for word in words]
    return frozenset(
        int.from_bytes(hashlib.blake2b(f"{one} {two}".encode(), digest_size=8).digest()) for one, two in pairs
    )


def containment(one: frozenset[int], other: frozenset[int]) -> float:
    """Share of the smaller set that the larger holds, 0 to 1."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 0.0


def likeness(one: Signature, other: Signature, formulas: frozenset[int]) -> float | None:
    """How far two texts are copies, from `OWN_FROM` to 1, or None if they are not.

    formulas: the pairs of `one` that are set phrases."""
    if containment(frozenset(one.pairs), frozenset(other.pairs)) < PAIRS_FROM:
        return None
    own, others = one.own_words(formulas), other.own_words(formulas)
    shared, fewest = len(own & others), max(1, min(len(own), len(others)))
    if shared < min(FEWEST_OWN, len(one.words)) or shared < OWN_FROM * fewest:
        return None
    return shared / fewest


def tell_of_the_same(one: str, other: str) -> bool:
    """Whether two texts that are alike have their names and figures in common, too, or too few to tell."""
    ours, theirs = marks(one), marks(other)
    fewest = min(len(ours), len(theirs))
    return fewest < FEWEST_MARKS or len(ours & theirs) >= MARKS_FROM * fewest


def copies(session: Session, article_id: UUID, text: str) -> list[Copy]:
    """The indexed articles that are copies of this one, closest first."""
    return copies_of(session, [Asked(article_id, text)])[article_id]


# For each asked key its newest bearers, then for each asked text the candidates that share its rarest keys.
_CANDIDATES = sql(
    """
    with borne as materialized (
        select asked.number as asked, asked.key, array(
            select article from article_band where article_band.key = asked.key order by article desc limit :bearers
        ) as articles
        from unnest(cast(:asked as integer[]), cast(:keys as integer[])) as asked (number, key)
    ), ranked as materialized (
        select asked, article, row_number() over (partition by asked order by rarity desc, article desc) as place
        from (
            select asked, article, sum(1.0 / cardinality(articles)) as rarity
            from borne cross join unnest(articles) as article group by asked, article
        ) as shared
        where rarity >= :rarity
    ), formulas as materialized (
        select asked, array_agg(distinct key) as keys, count(distinct article) as bearers
        from borne cross join unnest(articles) as article where cardinality(articles) >= :bearers group by asked
    )
    select ranked.asked, found.id, found.text, formulas.keys as formulas, formulas.bearers
    from ranked
    cross join lateral (
        select article.id, revision.text from article_signature
        join article on article.id = article_signature.article
        join revision on revision.id = article.current_revision
        where article_signature.number = ranked.article limit 1
    ) as found
    left join formulas on formulas.asked = ranked.asked
    where ranked.place <= :candidates
    """
)


def copies_of(session: Session, articles: Sequence[Asked]) -> dict[UUID, list[Copy]]:
    """For each article its indexed copies, closest first, in one round trip; an article need not be indexed."""
    signed = [signature(article.text) for article in articles]
    found: dict[UUID, list[Copy]] = {article.article_id: [] for article in articles}
    given = {
        "asked": [number for number, one in enumerate(signed) for _ in one.keys],
        "keys": [key for one in signed for key in one.keys],
        "bearers": BEARERS,
        "rarity": RARITY_FROM,
        "candidates": CANDIDATES + 1,  # one of them is the article itself
    }
    for row in session.execute(_CANDIDATES, given) if given["keys"] else ():
        asked = articles[row.asked].article_id
        if row.id != asked:
            one = signed[row.asked]
            like = likeness(one, signature(row.text), _formulas(one, row.formulas or (), row.bearers or 0))
            if like is not None and tell_of_the_same(articles[row.asked].text, row.text):
                found[asked].append(Copy(row.id, like))
    for list_ in found.values():
        list_.sort(key=lambda copy: (-copy.containment, copy.article_id))
    return found


def _formulas(asked: Signature, borne_by_many: Sequence[int], bearers: int) -> frozenset[int]:
    """Which keys of a text are set phrases: those that many articles bear, unless it is one story in all of them."""
    is_story = len(borne_by_many) >= STORY_FROM * len(asked.keys) and bearers <= STORY_BEARERS
    return frozenset() if is_story else frozenset(borne_by_many)


def index_waiting(session: Session, limit: int = INDEX_BATCH) -> Counter[str]:
    """Index up to `limit` articles that are new or were edited; how many (empty: none waits). For any number of
    workers: rows that another one holds are left to it."""
    waiting = (
        select(Article.id)
        .where(Article.current_revision.is_distinct_from(Article.indexed_revision))
        .where(Article.current_revision.is_not(None))
        .order_by(Article.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    ids = list(session.scalars(waiting))
    index(session, ids)
    return Counter(indexed=len(ids)) if ids else Counter()


def index(session: Session, articles: Sequence[UUID]) -> None:
    """Index the current texts of these articles, whose rows the caller has locked."""
    _index(session, _waiting(session, _to_index().where(Article.id.in_(articles))))


@dataclass(frozen=True)
class Waiting:
    """An article whose text `before`, if any, is indexed in place of `text`."""

    article_id: UUID
    revision_id: UUID
    text: str
    before: str | None


def _waiting(session: Session, query: Select[UUID, UUID, str, str]) -> list[Waiting]:
    return [Waiting(*row) for row in session.execute(query)]


def _to_index() -> Select[UUID, UUID, str, str]:
    old = aliased(Revision)
    return (
        select(Article.id, Revision.id, Revision.text, old.text)
        .join(Revision, Revision.id == Article.current_revision)
        .outerjoin(ArticleSignature, ArticleSignature.article_id == Article.id)
        .outerjoin(old, old.id == ArticleSignature.revision_id)
    )


_DROP = sql(
    """
    delete from article_band using unnest(cast(:numbers as integer[]), cast(:keys as integer[])) as gone (number, key)
    where article_band.key = gone.key and article_band.article = gone.number
    """
)
_ADD = sql(
    """
    insert into article_band (key, article)
    select key, number from unnest(cast(:numbers as integer[]), cast(:keys as integer[])) as new (number, key)
    order by key on conflict do nothing
    """
)
_INDEXED = sql(
    """
    update article set indexed_revision = done.revision
    from unnest(cast(:articles as uuid[]), cast(:texts as uuid[])) as done (article, revision)
    where article.id = done.article
    """
)


def _index(session: Session, rows: Sequence[Waiting]) -> None:
    if not rows:
        return
    signed = insert(ArticleSignature).values(
        [{"article_id": row.article_id, "revision_id": row.revision_id} for row in rows]
    )
    signed = signed.on_conflict_do_update(
        index_elements=[ArticleSignature.article_id], set_={"revision": signed.excluded.revision}
    )
    answer = session.execute(signed.returning(ArticleSignature.article_id, ArticleSignature.number))
    numbers = {row.article_id: row.number for row in answer}
    new = [(numbers[row.article_id], set(signature(row.text).keys)) for row in rows]
    old = [set(signature(row.before).keys) if row.before is not None else set() for row in rows]
    gone = [(number, before - keys) for (number, keys), before in zip(new, old, strict=True)]
    session.execute(_DROP, _columns(gone))
    session.execute(_ADD, _columns(new))
    session.execute(
        _INDEXED, {"articles": [row.article_id for row in rows], "texts": [row.revision_id for row in rows]}
    )


def _columns(keys: Sequence[tuple[int, set[int]]]) -> dict[str, list[int]]:
    return {
        "numbers": [number for number, of in keys for _ in of],
        "keys": [key for _, of in keys for key in of],
    }
