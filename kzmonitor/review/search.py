"""Search: the words of all articles, and the people and organisations of incidents."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from kzmonitor.incidents import search
from kzmonitor.incidents.search import Cursor, Filters, Hit, Order
from kzmonitor.language import excerpts, queries
from kzmonitor.language.excerpts import Piece
from kzmonitor.language.queries import Query
from kzmonitor.review.desk import At, Reader, common
from kzmonitor.review.screens import screen
from kzmonitor.review.wording import ALMATY
from kzmonitor.store.tables import Source

PAGE = 20
LANGUAGES = ("ru", "kk", "ky", "en", "other")
ORDERS: tuple[Order, ...] = ("best", "newest")
FLAGGED = {"yes": True, "no": False}
LONGEST_TITLE = 300
router = APIRouter()


@dataclass(frozen=True)
class Wanted:
    """What an address asks for; what can't be meant is as good as nothing."""

    words: str
    filters: Filters
    order: Order
    after: Cursor | None
    said: dict[str, str]

    @classmethod
    def by(cls, request: Request, sources: dict[str, str]) -> Self:
        """What this address asks for."""
        said = {
            name: request.query_params.get(name, "") for name in ("since", "until", "flagged", "language", "source")
        }
        since, until = _day(said["since"]), _day(said["until"])
        order: Order = "newest" if request.query_params.get("order") == "newest" else "best"
        filters = Filters(
            language=said["language"] if said["language"] in LANGUAGES else None,
            source=said["source"] if said["source"] in sources else None,
            since=_midnight(since) if since else None,
            before=_midnight(until + timedelta(days=1)) if until else None,
            flagged=FLAGGED.get(said["flagged"]),
        )
        words = request.query_params.get("q", "")[: queries.LONGEST]
        return cls(words, filters, order, _cursor(request.query_params.get("after", "")), said)


@dataclass(frozen=True)
class Shown:
    """A hit as the page shows it: its title and a passage, the found words apart."""

    hit: Hit
    title: list[Piece]
    passage: list[Piece]


@router.get("/search")
def search_page(request: Request, desk: At, person: Reader) -> Response:
    with desk.database.session() as session:
        sources = _sources(session)
        wanted = Wanted.by(request, sources)
        query = queries.parse(wanted.words)
        found = parties = problem = None
        try:
            if query.wanted:
                found = search.articles(
                    session, query, wanted.filters, order=wanted.order, limit=PAGE, after=wanted.after
                )
                parties = search.parties(session, query) if wanted.after is None else []
        except search.TooBroad as error:
            problem = str(error)
    words: dict[str, Any] = {
        "wanted": wanted,
        "query": query,
        "found": found,
        "shown": [_shown(hit, query) for hit in found.hits] if found else [],
        "parties": parties or [],
        "problem": problem,
        "sources": sources,
        "languages": LANGUAGES,
        "orders": ORDERS,
        "most_ranked": search.MOST_RANKED,
        "following": _written(found.hits[-1].cursor) if found and found.more else None,
    }
    return screen(request, "search.html", common(request, desk) | words)


def _shown(hit: Hit, query: Query) -> Shown:
    title = excerpts.marked(hit.title[:LONGEST_TITLE], hit.language, query)
    return Shown(hit, title, excerpts.excerpt(hit.text, hit.language, query))


def _sources(session: Session) -> dict[str, str]:
    rows = session.execute(select(Source.slug, Source.name).order_by(Source.name).limit(1000))
    return {slug: name for slug, name in rows}  # noqa: C416 - a row is no pair to the type checker


def _day(said: str) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2100 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ALMATY)


def _written(cursor: Cursor) -> str:
    rank = "" if cursor.rank is None else repr(cursor.rank)
    return f"{cursor.told.isoformat()}~{cursor.revision}~{rank}"


def _cursor(said: str) -> Cursor | None:
    try:
        told, revision, rank = said.split("~")
        when = datetime.fromisoformat(told)
        return Cursor(when, UUID(revision), float(rank) if rank else None) if when.tzinfo else None
    except ValueError:
        return None
