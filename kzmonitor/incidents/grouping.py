"""From flagged articles to incidents: whatever the order and the number of workers, the same articles make the same
incidents (see blocks.py), which keep their ids.

Reading clues and scoring pairs is done by any number of workers at once; they commit what they found. Grouping takes
milliseconds a block and holds one advisory lock for all blocks: which articles a block has is only known when its
pairs are read, so that locks for each block would have to be given back and taken anew while it grows."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.incidents import blocks, candidates, duplicates, keeping
from kzmonitor.incidents.blocks import SAME_FROM, Pair
from kzmonitor.incidents.constraints import Word, settle
from kzmonitor.incidents.identity import settle_ids
from kzmonitor.incidents.round_ups import is_round_up
from kzmonitor.incidents.telling import UNFLAGGED, Telling
from kzmonitor.store.tables import ArticleClue, ArticlePair, Incident, IncidentArticle, PairLabel, Review

GROUPING_LOCK = 0x6B7A6772
BATCH = 50
FIRST, COPY, SAME, PERSON, ROUND_UP = "first", "copy", "same event", "person", "round-up"


@dataclass(frozen=True)
class Block:
    """Articles that may share incidents with one another and with no others, and what is known of their pairs."""

    tellings: Sequence[Telling]
    pairs: Mapping[Pair, ArticlePair]
    words: Sequence[Word[UUID]]


def group_waiting(session: Session, now: datetime, limit: int = BATCH) -> Counter[str]:
    """Group the blocks of up to `limit` articles whose pairs are scored; how many of them opened an incident, joined
    one, or only list some (empty: none waits)."""
    lock(session)
    query = (
        select(ArticleClue.article_id)
        .where(ArticleClue.paired, ~ArticleClue.grouped)
        .order_by(ArticleClue.told_at, ArticleClue.article_id)
        .limit(limit)
    )
    return group_again(session, list(session.scalars(query)), now)


def group_again(session: Session, articles: Sequence[UUID] | set[UUID], now: datetime) -> Counter[str]:
    """Group the blocks of some articles anew, under the lock; what became of those articles."""
    lock(session)
    outcomes: Counter[str] = Counter()
    left = list(articles)
    while left:
        done = _write(session, _block(session, left[0]), now)
        outcomes.update(outcome for article, outcome in done.items() if article in articles)
        session.execute(update(ArticleClue).where(ArticleClue.article_id.in_(done)).values(grouped=True))
        left = [article for article in left[1:] if article not in done]
    return outcomes


def lock(session: Session) -> None:
    """Let nobody else group until the caller's transaction ends."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": GROUPING_LOCK})


def group_now(session: Session, now: datetime) -> Counter[str]:
    """All steps for all that waits, in the caller's transaction; outcomes as of `group_waiting`."""
    outcomes: Counter[str] = Counter()
    for step in (
        duplicates.index_waiting,
        partial(candidates.note_clues, now=now),
        candidates.judge_pairs,
        partial(group_waiting, now=now),
    ):
        outcomes = Counter()
        while done := step(session):
            outcomes += done
    return outcomes


def resolve(session: Session, incident_id: UUID) -> UUID:
    """The incident that this one was merged into, or itself: links to merged incidents keep working."""
    return session.scalar(select(Incident.redirect_to).where(Incident.id == incident_id)) or incident_id


def _block(session: Session, article_id: UUID) -> Block:
    """The block of an article: what likely pairs, people's words and incidents of before connect with it."""
    reached: set[UUID] = set()
    edge = {article_id}
    while edge:
        reached |= edge
        edge = _scored(session, _connected(session, edge) - reached)
    return Block(candidates.tellings(session, reached), _pairs(session, reached), _words(session, reached))


def _connected(session: Session, articles: Collection[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for table, likely in ((ArticlePair, ArticlePair.chance >= SAME_FROM), (PairLabel, PairLabel.same)):
        for one, other in ((table.first, table.second), (table.second, table.first)):
            found |= set(session.scalars(select(other).where(one.in_(articles), likely)))
    own = select(IncidentArticle.incident_id).where(
        IncidentArticle.article_id.in_(articles), IncidentArticle.why != ROUND_UP
    )
    found |= set(
        session.scalars(
            select(IncidentArticle.article_id).where(
                IncidentArticle.incident_id.in_(own), IncidentArticle.why != ROUND_UP
            )
        )
    )
    return found


def _scored(session: Session, articles: Collection[UUID]) -> set[UUID]:
    """Those whose pairs are all known: the others are grouped when their turn comes."""
    query = select(ArticleClue.article_id).where(ArticleClue.article_id.in_(articles), ArticleClue.paired)
    return set(session.scalars(query))


def _pairs(session: Session, articles: Collection[UUID]) -> dict[Pair, ArticlePair]:
    query = select(ArticlePair).where(ArticlePair.first.in_(articles), ArticlePair.second.in_(articles))
    return {frozenset({pair.first, pair.second}): pair for pair in session.scalars(query)}


def _words(session: Session, articles: Collection[UUID]) -> list[Word[UUID]]:
    """What people said of pairs within a block, but for what they took back."""
    undone = select(Review.undoes).where(Review.undoes.is_not(None))
    query = (
        select(PairLabel)
        .where(PairLabel.first.in_(articles), PairLabel.second.in_(articles))
        .where(PairLabel.review_id.not_in(undone))
    )
    return [Word(str(said.review_id), said.first, said.second, said.same) for said in session.scalars(query)]


def _write(session: Session, block: Block, now: datetime) -> dict[UUID, str]:
    """Make incidents of a block; article -> what became of it."""
    told = {telling.article_id: telling for telling in block.tellings}
    lists = _listing(block)
    orders = {id: telling.order for id, telling in told.items() if id not in lists}
    chances = {pair: row.chance for pair, row in block.pairs.items()}
    grouped, loose = _flagged(blocks.groups(orders, chances, settle(block.words)), told)
    before = _before(session, told)
    homes = {article: id for article, id in before.items() if article in orders and article not in loose}
    ids = settle_ids(session, grouped, homes)
    outcomes = dict.fromkeys(lists, "listed") | dict.fromkeys(loose, UNFLAGGED)
    for id, group in zip(ids, grouped, strict=True):
        keeping.keep(session, id, [told[article] for article in group], now)
        session.get_one(Incident, id).opened_by = group[0]
        _enter(session, id, [_why(article, group, block, place) for place, article in enumerate(group)])
        _enter(session, id, [line for article in lists if (line := _listed(article, group, block))])
        outcomes |= dict.fromkeys(group, "joined")
        if id not in before.values():
            outcomes[group[0]] = "opened"
    _redirect(session, {before[article]: article for article in lists if article in before}, grouped, ids, block)
    _leave(session, grouped, ids, lists, block)
    session.execute(delete(IncidentArticle).where(IncidentArticle.article_id.in_(loose)))
    return outcomes


def _flagged(groups: Sequence[Sequence[UUID]], told: Mapping[UUID, Telling]) -> tuple[list[Sequence[UUID]], list[UUID]]:
    """The groups that make incidents, and the articles of the others: copies of what nobody flagged."""
    kept = [group for group in groups if any(told[article].tier != UNFLAGGED for article in group)]
    return kept, [article for group in groups if group not in kept for article in group]


def _listing(block: Block) -> list[UUID]:
    """The round-ups that are likely of one event with a telling. One that lists nothing known opens an incident like
    any other report: nobody would see it otherwise."""
    round_ups = {telling.article_id for telling in block.tellings if is_round_up(telling)}
    others = [telling.article_id for telling in block.tellings if telling.article_id not in round_ups]
    return sorted(article for article in round_ups if _listed(article, others, block))


def _redirect(
    session: Session,
    opened: Mapping[UUID, UUID],
    grouped: Sequence[Sequence[UUID]],
    ids: Sequence[UUID],
    block: Block,
) -> None:
    """Lead the incidents that round-ups had opened (incident -> article) to the likeliest of those that they list."""
    for incident, article in opened.items():
        lines = [
            (line.score, id) for id, group in zip(ids, grouped, strict=True) if (line := _listed(article, group, block))
        ]
        if lines and incident not in ids:
            session.get_one(Incident, incident).redirect_to = max(lines)[1]
    session.flush()


def _before(session: Session, articles: Collection[UUID]) -> dict[UUID, UUID]:
    """Article -> the incident that it tells of until now."""
    query = select(IncidentArticle.article_id, IncidentArticle.incident_id).where(
        IncidentArticle.article_id.in_(articles), IncidentArticle.why != ROUND_UP
    )
    return {row.article_id: row.incident_id for row in session.execute(query)}


@dataclass(frozen=True)
class Line:
    """Why an article stands in an incident."""

    article_id: UUID
    why: str
    score: float
    reasons: Sequence[str]


def _best(article: UUID, group: Iterable[UUID], block: Block) -> ArticlePair | None:
    """The likeliest pair of an article with one of a group."""
    pairs = [block.pairs[pair] for other in group if (pair := frozenset({article, other})) in block.pairs]
    return max(pairs, key=lambda pair: (pair.chance, str(pair.first), str(pair.second)), default=None)


def _why(article: UUID, group: Sequence[UUID], block: Block, place: int) -> Line:
    """The first of a group stands for itself, the others for the likeliest pair with one of it."""
    if place == 0:
        return Line(article, FIRST, 1.0, [])
    best = _best(article, group, block)
    if best is None or best.chance < SAME_FROM:
        return Line(article, PERSON, best.chance if best else 0.0, best.reasons if best else [])
    return Line(article, COPY if candidates.COPY in best.reasons else SAME, best.chance, best.reasons)


def _listed(article: UUID, group: Sequence[UUID], block: Block) -> Line | None:
    """That a round-up lists an incident, if it is likely of one event with a telling of it."""
    best = _best(article, group, block)
    return Line(article, ROUND_UP, best.chance, best.reasons) if best and best.chance >= SAME_FROM else None


def _enter(session: Session, incident_id: UUID, lines: Sequence[Line]) -> None:
    rows = [
        {
            "incident_id": incident_id, "article_id": line.article_id, "why": line.why, "score": line.score,
            "reasons": list(line.reasons), "by": "grouping",
        }
        for line in lines
    ]  # fmt: skip
    if rows:
        statement = insert(IncidentArticle)
        known = {name: statement.excluded[name] for name in ("why", "score", "reasons")}
        session.execute(statement.on_conflict_do_update(index_elements=["incident", "article"], set_=known), rows)


def _leave(
    session: Session, grouped: Sequence[Sequence[UUID]], ids: Sequence[UUID], lists: Sequence[UUID], block: Block
) -> None:
    """Take articles out of the incidents that they do not tell of any more."""
    for id, group in zip(ids, grouped, strict=True):
        session.execute(
            delete(IncidentArticle).where(IncidentArticle.article_id.in_(group), IncidentArticle.incident_id != id)
        )
    for article in lists:
        of = [id for id, group in zip(ids, grouped, strict=True) if _listed(article, group, block)]
        session.execute(
            delete(IncidentArticle).where(IncidentArticle.article_id == article, IncidentArticle.incident_id.not_in(of))
        )
    session.flush()
