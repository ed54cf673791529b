"""Roles, and the person who acts."""

from dataclasses import dataclass
from uuid import UUID

# From the least to the most: who may do a thing, everyone further on may do too.
ROLES = ("reader", "reviewer", "admin")


@dataclass(frozen=True)
class Person:
    """Who acts. id: of the account, that of the local one for who holds the token of a start."""

    id: UUID
    pseudonym: str
    role: str

    def may(self, role: str) -> bool:
        """Whether this person has the role, or one that includes it."""
        return ROLES.index(self.role) >= ROLES.index(role)
