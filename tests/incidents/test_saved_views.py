"""Saved lists belong to one account, have a name, and are few."""

import pytest
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.incidents import saved_views
from kzmonitor.store.tables import Account, new_id
from tests.incidents.test_ranking import NOON


@pytest.fixture
def person(session: Session) -> Account:
    made = Account(id=new_id(), pseudonym="Aigul", role="reader")
    session.add(made)
    session.flush()
    return made


def test_a_view_is_kept_by_name_replaced_and_removed_by_its_owner_only(session: Session, person: Account) -> None:
    saved_views.save(session, person.id, "  Raids  now ", "/?label=raid", NOON)
    saved_views.save(session, person.id, "Raids now", "/?label=raid&language=kk", NOON)
    [view] = saved_views.views(session, person.id)
    assert (view.name, view.address) == ("Raids now", "/?label=raid&language=kk")
    assert saved_views.views(session, None) == []
    saved_views.remove(session, new_id(), view.id)
    assert len(saved_views.views(session, person.id)) == 1
    saved_views.remove(session, person.id, view.id)
    assert saved_views.views(session, person.id) == []


@pytest.mark.parametrize(("name", "address"), [("", "/"), (" ", "/"), ("x" * 61, "/"), ("\0", "/"), ("x", "y" * 1001)])
def test_what_is_no_view_is_refused(session: Session, person: Account, name: str, address: str) -> None:
    with pytest.raises(InputError):
        saved_views.save(session, person.id, name, address, NOON)


def test_nobody_saves_for_the_token_and_nobody_saves_without_end(session: Session, person: Account) -> None:
    with pytest.raises(InputError, match="account"):
        saved_views.save(session, None, "x", "/", NOON)
    for number in range(saved_views.MOST):
        saved_views.save(session, person.id, str(number), "/", NOON)
    saved_views.save(session, person.id, "0", "/?label=raid", NOON)
    with pytest.raises(InputError, match="remove one first"):
        saved_views.save(session, person.id, "one more", "/", NOON)
