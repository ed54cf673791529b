"""What a list of alerts was asked for in its address, and how to ask for it again."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.requests import Request

from kzmonitor.incidents.alerts import STATUSES, Filters
from kzmonitor.incidents.named import LONGEST, named
from kzmonitor.incidents.ranking import ORDERS
from kzmonitor.language.places import region_names

ALL, ESCALATED = "all", "escalated"
ORDER = next(iter(ORDERS))
ME = "me"
# Whatever else an address says would find nothing.
WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LAST_PAGE = 100_000
# The last identifier in an address, or an identifier alone.
IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Asked:
    """Filters of a list; an empty one lets everything through. assigned: `me`, `nobody`, `somebody` or an account;
    who: a name, as somebody typed it. `done`: the alert that was decided just now."""

    status: str = "open"
    label: str = ""
    language: str = ""
    region: str = ""
    source: str = ""
    assigned: str = ""
    who: str = ""
    order: str = ORDER
    page: int = 1
    done: UUID | None = None

    @classmethod
    def by(cls, request: Request, labels: Collection[str]) -> Self:
        """What an address asks for; a word that can't be meant is as good as none."""
        return cls.of(request.query_params, labels)

    @classmethod
    def of(cls, said: Mapping[str, str], labels: Collection[str]) -> Self:
        """What the parameters of an address ask for."""
        page, assigned = said.get("page", "1"), said.get("assigned", "")
        return cls(
            status=_one_of((*STATUSES, ESCALATED, ALL), said.get("status", "")) or "open",
            label=_one_of(labels, said.get("label", "")),
            language=_word(said.get("language", "")),
            region=_one_of(region_names(), said.get("region", "")),
            source=_word(said.get("source", "")),
            assigned=assigned if assigned in (ME, "nobody", "somebody") or _uuid(assigned) else "",
            who=" ".join(said.get("who", "").replace("\0", "").split())[:LONGEST],
            order=_one_of(ORDERS, said.get("order", "")) or ORDER,
            page=min(max(int(page), 1), LAST_PAGE) if page.isascii() and page.isdigit() and len(page) < 8 else 1,
            done=_uuid(said.get("done", "")),
        )

    @classmethod
    def again(cls, query: str, labels: Collection[str]) -> Self:
        """What the query of a saved address asks for."""
        return cls.of(dict(parse_qsl(query)), labels)

    def filters(self, session: Session, account_id: UUID | None) -> Filters:
        """As `incidents.alerts` takes them, for this account."""
        return {
            "status": None if self.status in (ALL, ESCALATED) else self.status,
            "escalated": self.status == ESCALATED,
            "label": self.label or None,
            "language": self.language or None,
            "region": self.region or None,
            "source": self.source or None,
            "assigned": self._assigned(account_id),
            "parties": named(session, self.who) if self.who else None,
        }

    def _assigned(self, account_id: UUID | None) -> UUID | Literal["nobody", "somebody"] | None:
        if self.assigned == ME:
            # Who came in with the token of the start has no account; nothing can be given to them.
            return account_id or UUID(int=0)
        if self.assigned == "nobody":
            return "nobody"
        return "somebody" if self.assigned == "somebody" else _uuid(self.assigned)

    def offset(self, size: int) -> int:
        """How many alerts stand before this page."""
        return (self.page - 1) * size

    @property
    def narrowed(self) -> int:
        """How many filters narrow the list, the status apart."""
        return sum(map(bool, (self.label, self.language, self.region, self.source, self.assigned, self.who)))

    def query(self, **changed: str) -> dict[str, str]:
        """The parameters that ask for this list, or for it with some of them changed."""
        words = {
            "status": self.status if self.status != "open" else "",
            "label": self.label,
            "language": self.language,
            "region": self.region,
            "source": self.source,
            "assigned": self.assigned,
            "who": self.who,
            "order": self.order if self.order != ORDER else "",
        } | changed
        if words["status"] == "open":
            words["status"] = ""
        return {name: word for name, word in words.items() if word}

    def address(self, path: str = "/", **more: str) -> str:
        """A page within this list."""
        query = urlencode(self.query(**more))
        return f"{path}?{query}" if query else path

    def after(self, done: UUID) -> Self:
        """The same list, just after an alert of it was decided."""
        return replace(self, done=done)


def _one_of(known: Collection[str], said: str) -> str:
    return said if said in known else ""


def _word(said: str) -> str:
    return said if WORD.fullmatch(said) else ""


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def alert_meant(said: str) -> UUID | None:
    """The alert whose address, or identifier, somebody wrote into a form; None where there is none in it."""
    found = IDENTIFIER.search(said.split("?")[0])
    return UUID(found[0]) if found else None
