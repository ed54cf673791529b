"""Which articles may tell of the same event: those that share a clue in time, found by index, and copies.

Two articles are candidates when they share a rare name within 45 days, a target or a person within two years (a case
may run that long), region and kind within two weeks, or the kind within three days. Each such clue is a row of
`clue_token`, so that what is new is compared with a few articles and not with all. First the clues of an article are
committed, then its pairs are looked for: of two articles that come at once, the one that looks later sees the other."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, delete, or_, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from kzmonitor.incidents import duplicates
from kzmonitor.incidents.blocks import COPY_CHANCE
from kzmonitor.incidents.clues import RECIPE, Clues, clues_of
from kzmonitor.incidents.pair_model import Judged, PairModel, shipped
from kzmonitor.incidents.pairs import NEWS_DAYS, TELLING, WINDOW_DAYS
from kzmonitor.incidents.telling import UNFLAGGED, Telling
from kzmonitor.store.partitions import first_id
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
NOT_READ = 0  # in place of a recipe: no clues


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
    by_people = labelled_by_people(session, articles)
    found = [_telling(*row, by_people.get(row.Article.id, ())) for row in session.execute(query)]
    return sorted(found, key=lambda telling: telling.order)


def labelled_by_people(session: Session, articles: Collection[UUID]) -> dict[UUID, list[str]]:
    """Article -> the labels that a person gave it, by the latest word that was not taken back."""
    undo = aliased(Review)
    query = (
        select(Review.subject_id, Review.labels)
        .where(Review.subject == "article", Review.subject_id.in_(articles), ~Review.blind)
        .where(Review.decision.in_(("confirm", "correct", "reject")))
        .where(~select(undo).where(undo.undoes == Review.id).exists())
        .order_by(Review.id)
    )
    latest = {row.subject_id: row.labels for row in session.execute(query)}
    return {article: labels for article, labels in latest.items() if labels}


def _telling(article: Article, revision: Revision, said: Prediction, by_people: Sequence[str] = ()) -> Telling:
    """What the model did not flag, a person may have labelled: then it is as sure as what the model would mail."""
    by_hand = said.tier is None and by_people
    return Telling(
        article_id=article.id,
        key=article.key,
        source=article.source,
        title=revision.title,
        text=revision.text,
        language=revision.language,
        when=revision.published_at or article.first_seen,
        labels=tuple(by_people if by_hand else said.labels if said.tier else ()),
        tier="mail" if by_hand else said.tier or UNFLAGGED,
        relevance=said.relevance,
        fields=said.fields,
    )


def note_clues(session: Session, now: datetime, limit: int = BATCH) -> Counter[str]:
    """Write down the clues of up to `limit` articles that the model flagged, and enter them in the index; how many. An
    article is read again when its text, the model or the recipe is another; what is no longer flagged keeps the clues
    that it had: people decide about it.

    What was nearly flagged, and came within the window of copies, is noted without clues: a cut copy of a report is one
    of its sources, and found as a copy only."""
    waiting = _due(session, limit) or _by_another_recipe(session, limit)
    earliest = first_id(now - timedelta(days=WINDOW_DAYS))
    known = _known(session, [telling.article_id for telling, _ in waiting])
    to_note = [
        (telling, *scored)
        for telling, scored in waiting
        if telling.tier != UNFLAGGED or (telling.article_id not in known and scored[0] >= earliest)
    ]
    _note(session, to_note)
    _have_been_read(session, [telling.article_id for telling, _ in waiting])
    return Counter(read=len(waiting)) if waiting else Counter()


def note_labelled(session: Session, article_id: UUID, model_id: UUID) -> None:
    """Write down the clues of an article that a person labelled, flagged or not; the model has scored it."""
    query = (
        select(Article, Revision, Prediction)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Prediction, (Prediction.revision_id == Revision.id) & (Prediction.model_id == model_id))
        .where(Article.id == article_id)
    )
    article, revision, said = session.execute(query).one()
    by_people = labelled_by_people(session, [article_id])
    telling = _telling(article, revision, said, by_people.get(article_id, ()))
    _note(session, [(telling, revision.id, model_id)])
    _have_been_read(session, [article_id])


def _note(session: Session, waiting: Sequence[tuple[Telling, UUID, UUID]]) -> None:
    """Write down the clues of tellings, each with its revision and the model that read it, in place of earlier ones."""
    articles = [telling.article_id for telling, _, _ in waiting]
    if not articles:
        return
    for table in (ArticleClue, ClueToken):
        session.execute(delete(table).where(table.article_id.in_(articles)))
    of_them = or_(ArticlePair.first.in_(articles), ArticlePair.second.in_(articles))
    session.execute(delete(ArticlePair).where(of_them))
    rows, found = [], []
    for telling, revision_id, model_id in waiting:
        clues = clues_of(telling) if telling.tier != UNFLAGGED else None
        rows.append(
            {
                "article_id": telling.article_id, "revision_id": revision_id, "model_id": model_id,
                "recipe": RECIPE if clues else NOT_READ, "told_at": telling.when,
                "clues": clues.to_json() if clues else {}, "paired": False, "grouped": False,
            }
        )  # fmt: skip
        found += [
            {"token": number, "told_at": telling.when, "article_id": telling.article_id, "reach_days": days}
            for number, days in sorted((tokens(clues, shipped()) if clues else {}).items())
        ]
    session.execute(insert(ArticleClue), rows)
    if found:
        session.execute(insert(ClueToken), found)


Scored = tuple[UUID, UUID]  # a revision and the model that scored it


def _due(session: Session, limit: int) -> list[tuple[Telling, Scored]]:
    """Articles that were flagged, or nearly, since they were read last, locked until the commit."""
    return _read(session, _scored_articles().where(Article.clues_due).order_by(Article.current_revision), limit)


def _by_another_recipe(session: Session, limit: int) -> list[tuple[Telling, Scored]]:
    """Flagged articles whose clues were read by another recipe, locked until the commit."""
    other = or_(and_(ArticleClue.recipe > NOT_READ, ArticleClue.recipe < RECIPE), ArticleClue.recipe > RECIPE)
    query = _scored_articles().join(ArticleClue, ArticleClue.article_id == Article.id)
    return _read(session, query.where(other, Prediction.tier.is_not(None)).order_by(Article.id), limit)


def _scored_articles() -> Select[Article, Revision, Prediction]:
    """Articles with their current text and what the model that scored it last said of it."""
    said = (Prediction.revision_id == Revision.id) & (Prediction.model_id == Article.scored_by)
    return (
        select(Article, Revision, Prediction)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Prediction, said)
    )


def _read(session: Session, query: Select[Article, Revision, Prediction], limit: int) -> list[tuple[Telling, Scored]]:
    locked = query.limit(limit).with_for_update(skip_locked=True, key_share=True, of=Article)
    return [
        (_telling(article, revision, said), (revision.id, said.model_id))
        for article, revision, said in session.execute(locked)
    ]


def _have_been_read(session: Session, articles: Collection[UUID]) -> None:
    session.execute(update(Article).where(Article.id.in_(articles)).values(clues_due=False))


def _known(session: Session, articles: Collection[UUID]) -> set[UUID]:
    """Those of which something is noted."""
    return set(session.scalars(select(ArticleClue.article_id).where(ArticleClue.article_id.in_(articles))))


def judge_pairs(session: Session, limit: int = BATCH, only: UUID | None = None) -> Counter[str]:
    """Score the pairs of up to `limit` articles, or of one article `only`, with all candidates whose clues are
    committed; how many. An article waits until its own text is indexed for copies: of two copies the one that looks
    later then finds the other."""
    query = (
        select(ArticleClue)
        .join(ArticleSignature, ArticleSignature.article_id == ArticleClue.article_id)
        .where(~ArticleClue.paired)
        .order_by(ArticleClue.told_at, ArticleClue.article_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=ArticleClue)
    )
    if only is not None:
        query = query.where(ArticleClue.article_id == only)
    waiting = list(session.scalars(query))
    pairs: dict[tuple[UUID, UUID], Judged] = {}
    copies = _copies(session, waiting)
    near = _candidates(session, [row.article_id for row in waiting])
    for row in waiting:
        pairs |= _pairs(session, row, near[row.article_id], copies[row.article_id])
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


def _pairs(
    session: Session, row: ArticleClue, stored: Mapping[UUID, dict[str, Any]], copies: Collection[UUID]
) -> dict[tuple[UUID, UUID], Judged]:
    """The judged pairs of an article with its candidates (id -> clues) and its copies."""
    found = {}
    if stored:
        model, own = shipped(), Clues.from_json(row.clues)
        found = {_key(row.article_id, id): model.judge(own, Clues.from_json(clues)) for id, clues in stored.items()}
    near = select(ArticleClue.article_id, ArticleClue.told_at).where(ArticleClue.article_id.in_(copies))
    for article_id, told_at in session.execute(near).all() if copies else ():
        if abs(told_at - row.told_at).days < WINDOW_DAYS:
            key = _key(row.article_id, article_id)
            found[key] = Judged(COPY_CHANCE, [COPY, *(found[key].reasons if key in found else [])])
    return found


# Clue by clue through the index: left to choose, a planner whose statistics are older than a large batch reads the
# whole index of clues for each article.
NEAR = sql(
    """
    select distinct asked.article, found.article as other
    from unnest(
        cast(:articles as uuid[]), cast(:tokens as bigint[]),
        cast(:since as timestamptz[]), cast(:till as timestamptz[])
    ) as asked (article, token, since, till)
    cross join lateral (
        select clue_token.article from clue_token
        where clue_token.token = asked.token and clue_token.told_at between asked.since and asked.till
    ) as found
    where found.article <> asked.article
    """
)


def _candidates(session: Session, articles: Sequence[UUID]) -> dict[UUID, dict[UUID, dict[str, Any]]]:
    """Article -> the articles that share a clue with it in time -> their clues."""
    own = session.scalars(select(ClueToken).where(ClueToken.article_id.in_(articles))).all()
    reaches = [timedelta(days=token.reach_days) for token in own]
    given = {
        "articles": [token.article_id for token in own],
        "tokens": [token.token for token in own],
        "since": [token.told_at - reach for token, reach in zip(own, reaches, strict=True)],
        "till": [token.told_at + reach for token, reach in zip(own, reaches, strict=True)],
    }
    near = [(row.article, row.other) for row in session.execute(NEAR, given)] if own else []
    query = select(ArticleClue.article_id, ArticleClue.clues)
    others = list({other for _article, other in near})
    clues = {row.article_id: row.clues for row in session.execute(query.where(ArticleClue.article_id.in_(others)))}
    found: dict[UUID, dict[UUID, dict[str, Any]]] = {article: {} for article in articles}
    for article, other in near:
        if other in clues:
            found[article][other] = clues[other]
    return found


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
