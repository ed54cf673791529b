"""Lists that a person saved under a name, to come back to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store.tables import SavedView, new_id

MOST = 20
LONGEST_NAME, LONGEST_ADDRESS = 60, 1000


@dataclass(frozen=True)
class View:
    """A saved list: the address of the list without a page, under a name."""

    id: UUID
    name: str
    address: str


def views(session: Session, account_id: UUID | None) -> Sequence[View]:
    """The views of an account, by name; nobody has none."""
    query = select(SavedView.id, SavedView.name, SavedView.address).where(SavedView.account_id == account_id)
    return [View(*row) for row in session.execute(query.order_by(SavedView.name).limit(MOST))]


def save(session: Session, account_id: UUID | None, name: str, address: str, now: datetime) -> None:
    """Keep the address of a list under a name; the account's view of that name is replaced.

    Raises InputError for a name that is none, and when the account has as many views as fit on a page."""
    name = " ".join(name.split())
    if account_id is None:
        raise InputError(_("views are saved with an account, and the token of the start has none"))
    if not 0 < len(name) <= LONGEST_NAME or "\0" in name:
        raise InputError(_("the name of a view is text of up to {number} characters").format(number=LONGEST_NAME))
    if len(address) > LONGEST_ADDRESS or "\0" in address:
        raise InputError(_("this list can't be saved"))
    others = select(func.count()).where(SavedView.account_id == account_id, SavedView.name != name)
    if (session.scalar(others) or 0) >= MOST:
        raise InputError(_("there are {number} views already; remove one first").format(number=MOST))
    new = {"id": new_id(), "account_id": account_id, "name": name, "address": address, "created_at": now}
    statement = insert(SavedView).values(new)
    session.execute(statement.on_conflict_do_update(index_elements=["account", "name"], set_={"address": address}))


def remove(session: Session, account_id: UUID | None, view_id: UUID) -> None:
    """Forget a view; one of another account stays."""
    session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.account_id == account_id))
