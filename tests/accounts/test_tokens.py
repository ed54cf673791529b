"""Access tokens: no stronger than their holder, shown once, revocable."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.accounts import people, tokens
from kzmonitor.accounts.roles import Person
from kzmonitor.errors import InputError
from kzmonitor.store.tables import Account, Token

NOW = datetime(2025, 11, 4, 3, tzinfo=UTC)


@pytest.fixture
def asel(session: Session) -> Account:
    return people.add(session, "asel", "reviewer", by=None, now=NOW)


def person(account: Account) -> Person:
    return Person(account.id, account.pseudonym, account.role)


@pytest.mark.parametrize(("scope", "role"), [("read", "reader"), ("review", "reviewer")])
def test_a_token_has_the_role_of_its_scope(session: Session, asel: Account, scope: str, role: str) -> None:
    token = tokens.make(session, person(asel), "nightly counts", scope, 30, NOW)
    holder = tokens.holder(session, token, NOW)
    assert holder is not None
    assert (holder.id, holder.role) == (asel.id, role)
    assert tokens.holder(session, token, NOW + timedelta(days=30)) is None


def test_a_token_is_never_stronger_than_its_holder(session: Session, asel: Account) -> None:
    with pytest.raises(InputError):
        tokens.make(session, person(asel), "x", "admin", 30, NOW)
    token = tokens.make(session, person(asel), "x", "review", 30, NOW)
    people.change_role(session, asel, "reader", by=None, now=NOW)
    holder = tokens.holder(session, token, NOW)
    assert holder is not None
    assert holder.role == "reader"


def test_only_its_hash_is_kept(session: Session, asel: Account) -> None:
    token = tokens.make(session, person(asel), "x", "read", 30, NOW)
    row = session.scalars(select(Token)).one()
    assert token.startswith("kzm_")
    assert len(row.token_sha256) == 32
    assert tokens.holder(session, row.token_sha256.hex(), NOW) is None


def test_a_revoked_token_is_dead_and_only_its_holder_revokes_it(session: Session, asel: Account) -> None:
    dana = people.add(session, "dana", "admin", by=None, now=NOW)
    token = tokens.make(session, person(asel), "x", "read", 30, NOW)
    [held] = tokens.held_by(session, asel.id, NOW)
    tokens.revoke(session, person(dana), held.id, NOW)
    assert tokens.holder(session, token, NOW) is not None
    tokens.revoke(session, person(asel), held.id, NOW)
    assert tokens.holder(session, token, NOW) is None
    assert tokens.held_by(session, asel.id, NOW) == []


@pytest.mark.parametrize(
    ("name", "scope", "days"),
    [("", "read", 9), ("x" * 61, "read", 9), ("x", "all", 9), ("x", "read", 0), ("x", "read", 400)],
)
def test_a_token_has_a_name_a_scope_and_an_end(
    session: Session, asel: Account, name: str, scope: str, days: int
) -> None:
    with pytest.raises(InputError):
        tokens.make(session, person(asel), name, scope, days, NOW)


def test_nobody_hoards_tokens(session: Session, asel: Account) -> None:
    for _ in range(tokens.MOST):
        tokens.make(session, person(asel), "x", "read", 1, NOW)
    with pytest.raises(InputError, match="revoke"):
        tokens.make(session, person(asel), "x", "read", 1, NOW)
