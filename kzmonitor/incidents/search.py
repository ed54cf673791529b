"""Searching: the articles that hold some words, with what became of them, and the incidents of somebody by name.

A search must never cost more than a moment, whatever is typed: only so many of the newest matches are ranked; common
words are looked for along the time, where the next match is near, and rare ones by the index of words; and where that
was misjudged, the search is broken off and asked the other way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from sqlalchemy import Float, Row, Select, cast, func, literal, select, text, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.types import REAL

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.language.queries import Query
from kzmonitor.store.tables import Alert, Article, Incident, IncidentArticle, Party, Proceeding, Revision, Source

# So many of the newest matches are ranked, and so many letters of a text are read for its excerpt.
MOST_RANKED = 1000
READ_LETTERS = 20_000
MOST_PARTIES = 50
# Weights of `ts_rank` for D, C, B (text) and A (title).
WEIGHTS = [0.1, 0.1, 0.2, 1.0]
# By the logarithm of its length: a long text holds any word more often.
BY_LENGTH = 1
FIRST_TRY_MS, SECOND_TRY_MS = 1000, 3000
# Up to so many matches are read and sorted by time in a tenth of a second. Of a word that the statistics do not know
# the planner expects one text in a thousand, and would look for it in all of them, newest first.
FEW = 20_000
CANCELLED = "57014"
told_at = func.coalesce(Revision.published_at, Revision.created_at)
Order = Literal["best", "newest"]
T = TypeVar("T")


class TooBroad(InputError):  # noqa: N818 - the word for it
    """The search was broken off since it took too long."""


@dataclass(frozen=True)
class Filters:
    """Which articles: in this language, of this source, told since and before, flagged or not; None for any."""

    language: str | None = None
    source: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    flagged: bool | None = None


@dataclass(frozen=True)
class Cursor:
    """The last article of a page. rank: None in the order of time."""

    told: datetime
    revision: UUID
    rank: float | None = None


@dataclass(frozen=True)
class Hit:
    """An article that was found. text: its beginning, enough for an excerpt; alert: of its incident, None where it
    was not flagged."""

    article: UUID
    revision: UUID
    capture: UUID
    title: str
    text: str
    language: str
    source_name: str
    told: datetime
    rank: float | None
    alert: UUID | None = None
    status: str | None = None
    incident_title: str | None = None

    @property
    def cursor(self) -> Cursor:
        """Where the next page goes on after this one."""
        return Cursor(self.told, self.revision, self.rank)


@dataclass(frozen=True)
class Results:
    """A page of what was found. ranked: how many matches were looked at to rank them, None in the order of time."""

    hits: list[Hit]
    more: bool
    ranked: int | None


@dataclass(frozen=True)
class PartyHit:
    """Somebody whose name fits, with an incident that concerns them."""

    name: str
    alert: UUID
    status: str
    title: str
    last_seen: datetime


def articles(
    session: Session, query: Query, filters: Filters, *, order: Order, limit: int, after: Cursor | None = None
) -> Results:
    """A page of the articles whose current text fits; nothing where nothing is wanted.

    best: the newest `MOST_RANKED` matches by rank. Raises TooBroad when that took too long both ways."""
    asked = query.tsquery()
    if not asked:
        return Results([], False, None)
    wanted: Any = cast(literal(asked), TSQUERY)
    matching, few = _matching(wanted, filters), _expected(session, asked) <= FEW
    if order == "best":
        rows, ranked = _bounded(session, lambda: _best(session, matching, wanted, limit + 1, after), by_words=few)
    else:
        rows = _bounded(session, lambda: _newest(session, matching, limit + 1, after), by_words=few)
        ranked = None
    hits = _with_alerts(session, _read(session, rows[:limit]))
    return Results(hits, len(rows) > limit, ranked)


def _matching(wanted: Any, filters: Filters) -> Select[Any]:
    columns: tuple[Any, ...] = Revision.id, told_at.label("told")
    query: Select[Any] = select(*columns).join(Article, Article.current_revision == Revision.id)
    query = query.where(Revision.search.op("@@")(wanted))
    if filters.language is not None:
        query = query.where(Revision.language == filters.language)
    if filters.source is not None:
        query = query.where(Article.source == filters.source)
    if filters.since is not None:
        query = query.where(told_at >= filters.since)
    if filters.before is not None:
        query = query.where(told_at < filters.before)
    if filters.flagged is not None:
        flagged = select(IncidentArticle).where(IncidentArticle.article_id == Article.id).exists()
        query = query.where(flagged if filters.flagged else ~flagged)
    return query


def _newest(session: Session, query: Select[Any], limit: int, after: Cursor | None) -> list[Row[Any]]:
    if after is not None:
        query = query.where(tuple_(told_at, Revision.id) < tuple_(after.told, after.revision))
    query = query.add_columns(cast(None, Float).label("rank"))
    return list(session.execute(query.order_by(told_at.desc(), Revision.id.desc()).limit(limit)))


def _best(
    session: Session, query: Select[Any], wanted: Any, limit: int, after: Cursor | None
) -> tuple[list[Row[Any]], int]:
    weights = cast(literal(WEIGHTS, ARRAY(REAL)), ARRAY(REAL))
    rank = cast(func.ts_rank(weights, Revision.search, wanted, BY_LENGTH), Float(53)).label("rank")
    newest = query.add_columns(rank).order_by(told_at.desc(), Revision.id.desc()).limit(MOST_RANKED)
    ranked = newest.cte("ranked")
    found = ranked.c
    page = select(found.id, found.told, found.rank)
    if after is not None and after.rank is not None:
        page = page.where(tuple_(found.rank, found.told, found.id) < tuple_(after.rank, after.told, after.revision))
    page = page.order_by(found.rank.desc(), found.told.desc(), found.id.desc()).limit(limit)
    shown = page.subquery()
    number = select(func.count().label("number")).select_from(ranked).subquery()
    # The number stands in each row, and in one of its own where the page is empty.
    columns: tuple[Any, ...] = shown.c.id, shown.c.told, shown.c.rank, number.c.number
    rows = session.execute(
        select(*columns)
        .select_from(number.outerjoin(shown, true()))
        .order_by(shown.c.rank.desc(), shown.c.told.desc(), shown.c.id.desc())
    ).all()
    return [row for row in rows if row.id is not None], rows[0].number


def _expected(session: Session, asked: str) -> float:
    """How many texts the planner expects to match, from the statistics alone."""
    plan = session.scalar(
        text("explain (format json) select from revision where search @@ cast(:asked as tsquery)"), {"asked": asked}
    )
    return float(plan[0]["Plan"]["Plan Rows"]) if plan else 0.0


def _bounded(session: Session, ask: Callable[[], T], *, by_words: bool = False) -> T:
    """The answer, within a second the likelier way, `by_words` or as the planner chooses, or within three the other."""
    for allowed_ms, only_words in ((FIRST_TRY_MS, by_words), (SECOND_TRY_MS, not by_words)):
        try:
            with session.begin_nested() as attempt:
                session.execute(text(f"set local statement_timeout = {allowed_ms:d}"))
                if only_words:
                    session.execute(text("set local enable_indexscan = off"))
                answer = ask()
                # Rolled back, the settings are as they were; nothing was written.
                attempt.rollback()
                return answer
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != CANCELLED:
                raise
    raise TooBroad(_("this search would take too long; add a word, or a shorter time"))


def _read(session: Session, rows: Sequence[Row[Any]]) -> list[Hit]:
    """The articles of these matches, in their order."""
    query = (
        select(
            Revision.id, Article.id.label("article"), Revision.capture_id, Revision.title,
            func.left(Revision.text, READ_LETTERS).label("text"), Revision.language, Source.name,
        )
        .join(Article, Article.id == Revision.article_id)
        .join(Source, Source.slug == Article.source)
        .where(Revision.id.in_([row.id for row in rows]))
    )  # fmt: skip
    known = {row.id: row for row in session.execute(query)}
    return [
        Hit(
            article=one.article, revision=one.id, capture=one.capture_id, title=one.title, text=one.text,
            language=one.language, source_name=one.name, told=row.told, rank=row.rank,
        )
        for row in rows
        if (one := known.get(row.id)) is not None
    ]  # fmt: skip


def _with_alerts(session: Session, hits: list[Hit]) -> list[Hit]:
    """The articles with the alert of their incident; of several, for a round-up tells of more than one, the gravest."""
    query = (
        select(IncidentArticle.article_id, Alert.id, alert_standing.c.status, Incident.title)
        .join(Incident, Incident.id == IncidentArticle.incident_id)
        .join(Alert, Alert.incident_id == Incident.id)
        .join(alert_standing, alert_standing.c.alert == Alert.id)
        .where(IncidentArticle.article_id.in_([hit.article for hit in hits]), Incident.redirect_to.is_(None))
        .order_by(Incident.severity, Alert.id.desc())
    )
    alerts = {article: told for article, *told in session.execute(query)}
    return [
        replace(hit, alert=alerts[hit.article][0], status=alerts[hit.article][1], incident_title=alerts[hit.article][2])
        if hit.article in alerts
        else hit
        for hit in hits
    ]


def parties(session: Session, query: Query, *, limit: int = 10) -> list[PartyHit]:
    """Incidents of people and organisations whose name holds all that is wanted, the latest first."""
    asked = query.tsquery()
    if not asked:
        return []
    wanted: Any = cast(literal(asked), TSQUERY)
    named = select(Party.id).where(Party.search.op("@@")(wanted)).limit(MOST_PARTIES)

    def ask() -> list[PartyHit]:
        rows = session.execute(
            select(Party.names, Alert.id, alert_standing.c.status, Incident.title, Incident.last_seen)
            .join(Proceeding, Proceeding.party_id == Party.id)
            .join(Incident, Incident.id == Proceeding.incident_id)
            .join(Alert, Alert.incident_id == Incident.id)
            .join(alert_standing, alert_standing.c.alert == Alert.id)
            .where(Party.id.in_(named), Incident.redirect_to.is_(None))
            .order_by(Incident.last_seen.desc(), Alert.id, Party.id)
            .limit(limit)
        )
        return [PartyHit(names[0] if names else "", *rest) for names, *rest in rows]

    return _bounded(session, ask)
