"""Which articles may tell of the same event: those that share a clue in time, found by index, and copies.

Two articles are candidates when they share a rare name within 45 days, a target or a person within two years (a case
may run that long), region and kind within two weeks, or the kind within three days. Each such clue is a row of
`clue_token`, so that what is new is compared with a few articles and not with all. First the clues of an article are
committed, then its pairs are looked for: of two articles that come at once, the one that looks later sees the other."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from kzmonitor.incidents import duplicates
from kzmonitor.incidents.blocks import COPY_CHANCE
from kzmonitor.incidents.clues import RECIPE, Clues, clues_of
from kzmonitor.incidents.pair_model import Judged, PairModel, shipped
from kzmonitor.incidents.pairs import NEWS_DAYS, TELLING, WINDOW_DAYS
from kzmonitor.incidents.telling import Telling
from kzmonitor.store.tables import (
    Article,
    ArticleClue,
    ArticlePair,
    ArticleSignature,
    ClueToken,
    PairLabel,
    Prediction,
    Review,
    Revision,
)

CASE_DAYS, NEAR_DAYS = 730, 3
# Pairs less likely than this are not kept; what is not kept counts as 0.
KEPT_FROM = 0.05
BATCH = 50
COPY = "same text"


def _words(clues: Clues, model: PairModel) -> Iterator[tuple[str, int]]:
    for name in clues.names:
        if model.rarities.names.of(name) > TELLING:
            yield f"name:{name}", WINDOW_DAYS
    for name in {*clues.targets, *clues.people}:
        yield f"party:{name}", CASE_DAYS
    for label in clues.labels:
        yield f"kind:{clues.region}:{label}", NEWS_DAYS
        yield f"kind:{label}", NEAR_DAYS


def tokens(clues: Clues, model: PairModel) -> dict[int, int]:
    """A signed 64-bit number for each clue by which an article is found -> how many days two articles that share it
    may be apart."""
    return {
        int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), signed=True): days
        for word, days in _words(clues, model)
    }


def tellings(session: Session, articles: Collection[UUID]) -> list[Telling]:
    """The tellings of articles whose clues are written down, as they were read for them, in order."""
    query = (
        select(Article, Revision, Prediction)
        .join(ArticleClue, ArticleClue.article_id == Article.id)
        .join(Revision, Revision.id == ArticleClue.revision_id)
        .join(
            Prediction,
            (Prediction.revision_id == ArticleClue.revision_id) & (Prediction.model_id == ArticleClue.model_id),
        )
        .where(Article.id.in_(articles))
    )
    return sorted((_telling(*row) for row in session.execute(query)), key=lambda telling: telling.order)


def _telling(article: Article, revision: Revision, said: Prediction) -> Telling:
    return Telling(
        article_id=article.id,
        key=article.key,
        source=article.source,
        title=revision.title,
        text=revision.text,
        language=revision.language,
        when=revision.published_at or article.first_seen,
        labels=tuple(said.labels),
        tier=said.tier or "queue",
        relevance=said.relevance,
        fields=said.fields,
    )


def note_clues(session: Session, model_id: UUID, limit: int = BATCH) -> Counter[str]:
    """Write down the clues of up to `limit` articles that a model flagged, first published first, and enter them in the
    index; how many. An article is read again when its text, the model or the recipe is another; what is no longer
    flagged keeps the clues that it had: people decide about it."""
    model = shipped()
    waiting = _unread(session, model_id, limit)
    for telling, revision_id in waiting:
        clues = clues_of(telling)
        for table in (ArticleClue, ClueToken):
            session.execute(delete(table).where(table.article_id == telling.article_id))
        of_it = or_(ArticlePair.first == telling.article_id, ArticlePair.second == telling.article_id)
        session.execute(delete(ArticlePair).where(of_it))
        session.add(
            ArticleClue(
                article_id=telling.article_id, revision_id=revision_id, model_id=model_id, recipe=RECIPE,
                told_at=telling.when, clues=clues.to_json(), paired=False, grouped=False,
            )
        )  # fmt: skip
        session.flush()
        found = [
            {"token": number, "told_at": telling.when, "article_id": telling.article_id, "reach_days": days}
            for number, days in sorted(tokens(clues, model).items())
        ]
        if found:
            session.execute(insert(ClueToken), found)
    return Counter(read=len(waiting)) if waiting else Counter()


def _unread(session: Session, model_id: UUID, limit: int) -> list[tuple[Telling, UUID]]:
    """Flagged articles whose clues are not there as they should be, with their revision, locked until the commit."""
    up_to_date = select(ArticleClue).where(
        ArticleClue.article_id == Article.id,
        ArticleClue.revision_id == Article.current_revision,
        ArticleClue.model_id == model_id,
        ArticleClue.recipe == RECIPE,
    )
    query = (
        select(Article, Revision, Prediction)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Prediction, (Prediction.revision_id == Revision.id) & (Prediction.model_id == model_id))
        .where(Prediction.tier.is_not(None), ~up_to_date.exists())
        .order_by(func.coalesce(Revision.published_at, Article.first_seen), Article.key)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True, of=Article)
    )
    return [(_telling(article, revision, said), revision.id) for article, revision, said in session.execute(query)]


def judge_pairs(session: Session, limit: int = BATCH) -> Counter[str]:
    """Score the pairs of up to `limit` articles with all candidates whose clues are committed; how many. An article
    waits until its own text is indexed for copies: of two copies the one that looks later then finds the other."""
    query = (
        select(ArticleClue)
        .join(ArticleSignature, ArticleSignature.article_id == ArticleClue.article_id)
        .where(~ArticleClue.paired)
        .order_by(ArticleClue.told_at, ArticleClue.article_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=ArticleClue)
    )
    waiting = list(session.scalars(query))
    pairs: dict[tuple[UUID, UUID], Judged] = {}
    copies = _copies(session, waiting)
    for row in waiting:
        pairs |= _pairs(session, row, copies[row.article_id])
    kept = [
        {"first": one, "second": other, "chance": judged.chance, "reasons": judged.reasons}
        for (one, other), judged in sorted(pairs.items())
        if judged.chance >= KEPT_FROM
    ]
    if kept:
        # In the order of their keys: two workers that write the same pairs wait for each other, but not in a circle.
        statement = insert(ArticlePair)
        known = {name: statement.excluded[name] for name in ("chance", "reasons")}
        session.execute(statement.on_conflict_do_update(index_elements=["first", "second"], set_=known), kept)
    for row in waiting:
        row.paired, row.grouped = True, False
    return Counter(paired=len(waiting)) if waiting else Counter()


def _pairs(session: Session, row: ArticleClue, copies: Collection[UUID]) -> dict[tuple[UUID, UUID], Judged]:
    model, own = shipped(), Clues.from_json(row.clues)
    found = {}
    for article_id, stored in _candidates(session, row.article_id):
        found[_key(row.article_id, article_id)] = model.judge(own, Clues.from_json(stored))
    near = select(ArticleClue.article_id, ArticleClue.told_at).where(ArticleClue.article_id.in_(copies))
    for article_id, told_at in session.execute(near).all() if copies else ():
        if abs(told_at - row.told_at).days < WINDOW_DAYS:
            key = _key(row.article_id, article_id)
            found[key] = Judged(COPY_CHANCE, [COPY, *(found[key].reasons if key in found else [])])
    return found


def _candidates(session: Session, article_id: UUID) -> list[tuple[UUID, dict[str, object]]]:
    mine, theirs = aliased(ClueToken), aliased(ClueToken)
    reach = func.make_interval(0, 0, 0, mine.reach_days)
    near = (
        select(theirs.article_id)
        .join(mine, mine.token == theirs.token)
        .where(mine.article_id == article_id, theirs.article_id != article_id)
        .where(theirs.told_at.between(mine.told_at - reach, mine.told_at + reach))
    )
    query = select(ArticleClue.article_id, ArticleClue.clues).where(ArticleClue.article_id.in_(near))
    return [(row.article_id, row.clues) for row in session.execute(query)]


def _copies(session: Session, rows: Sequence[ArticleClue]) -> dict[UUID, list[UUID]]:
    """Article -> the articles that tell the same text."""
    query = select(Revision.id, Revision.text).where(Revision.id.in_([row.revision_id for row in rows]))
    texts = {row.id: row.text for row in session.execute(query)}
    asked = [duplicates.Asked(row.article_id, texts[row.revision_id]) for row in rows]
    found = duplicates.copies_of(session, asked)
    return {article: [copy.article_id for copy in copies] for article, copies in found.items()}


def _key(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


def labelled_pairs(session: Session) -> list[tuple[Clues, Clues, bool]]:
    """Pairs of articles that people judged, by their latest word that they did not take back: what trains the model
    beside the seed."""
    undone = select(Review.undoes).where(Review.undoes.is_not(None))
    query = select(PairLabel).where(PairLabel.review_id.not_in(undone)).order_by(PairLabel.review_id)
    latest = {(said.first, said.second): said.same for said in session.scalars(query)}
    articles = {article for pair in latest for article in pair}
    stored = session.execute(
        select(ArticleClue.article_id, ArticleClue.clues).where(
            ArticleClue.article_id.in_(articles), ArticleClue.recipe == RECIPE
        )
    )
    clues = {row.article_id: Clues.from_json(row.clues) for row in stored}
    return [(clues[a], clues[b], same) for (a, b), same in latest.items() if a in clues and b in clues]
