"""What a list of alerts was asked for in its address, and how to ask for it again."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from starlette.requests import Request

from kzmonitor.incidents.alerts import STATUSES, Filters

ALL = "all"
# Whatever else an address says would find nothing.
WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LAST_PAGE = 100_000
# The last identifier in an address, or an identifier alone.
IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Asked:
    """Filters of a list; an empty one lets everything through. `done`: the alert that was decided just now."""

    status: str = "open"
    label: str = ""
    language: str = ""
    source: str = ""
    page: int = 1
    done: UUID | None = None

    @classmethod
    def by(cls, request: Request, labels: Collection[str]) -> Self:
        """What an address asks for; a word that can't be meant is as good as none."""
        said = request.query_params
        page, done = said.get("page", "1"), said.get("done", "")
        return cls(
            status=said.get("status", "") if said.get("status") in (*STATUSES, ALL) else "open",
            label=said.get("label", "") if said.get("label") in labels else "",
            language=_word(said.get("language", "")),
            source=_word(said.get("source", "")),
            page=min(max(int(page), 1), LAST_PAGE) if page.isascii() and page.isdigit() and len(page) < 8 else 1,
            done=_uuid(done),
        )

    def filters(self) -> Filters:
        """As `incidents.alerts` takes them."""
        return {
            "status": None if self.status == ALL else self.status,
            "label": self.label or None,
            "language": self.language or None,
            "source": self.source or None,
        }

    def offset(self, size: int) -> int:
        """How many alerts stand before this page."""
        return (self.page - 1) * size

    def query(self, **changed: str) -> dict[str, str]:
        """The parameters that ask for this list, or for it with some of them changed."""
        words = {"status": self.status, "label": self.label, "language": self.language, "source": self.source} | changed
        return {name: word for name, word in words.items() if word and not (name == "status" and word == "open")}


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
