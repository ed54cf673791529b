"""Accounts: added, disabled, changed, and never without an admin."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit, invitations, people, sessions, tokens
from kzmonitor.accounts.roles import Person
from kzmonitor.errors import InputError
from kzmonitor.store.tables import Account

NOW = datetime(2025, 11, 4, 3, tzinfo=UTC)
GOOD = "тихий омут синий"


def added(session: Session, name: str, role: str = "admin") -> Account:
    return people.add(session, name, role, password=GOOD, by=None, now=NOW)


@pytest.mark.parametrize("name", ["", "a", "desk", "DESK", "Ásel Nur", "a\nb", "<b>x</b>", "x" * 41, "-a", "a\u202eb"])
def test_a_pseudonym_is_one_plain_word(session: Session, name: str) -> None:
    with pytest.raises(InputError):
        added(session, name)


def test_a_pseudonym_is_taken_in_every_case(session: Session) -> None:
    added(session, "Әсел")
    with pytest.raises(InputError, match="taken"):
        added(session, "әСЕЛ")
    assert people.find(session, " әсел ") is not None


def test_the_last_admin_stays_unless_the_command_line_says_otherwise(session: Session) -> None:
    asel, dana = added(session, "asel"), added(session, "dana")
    people.disable(session, dana, by=asel.id, now=NOW)
    for change in (
        lambda: people.disable(session, asel, by=dana.id, now=NOW),
        lambda: people.change_role(session, asel, "reader", by=dana.id, now=NOW),
    ):
        with pytest.raises(InputError, match="only admin"):
            change()
    people.disable(session, asel, by=None, now=NOW)
    assert not people.has_admin(session)


def test_who_is_disabled_has_no_login_no_token_and_no_invitation(session: Session) -> None:
    asel, dana = added(session, "asel"), added(session, "dana", "reviewer")
    cookie = sessions.begin(session, dana.id, "password", "", NOW)
    token = tokens.make(session, Person(dana.id, "dana", "reviewer"), "x", "review", 9, NOW)
    code = invitations.invite(session, dana, by=asel.id, now=NOW)
    people.disable(session, dana, by=asel.id, now=NOW)
    assert sessions.login_of(session, cookie, NOW) is None
    assert tokens.holder(session, token, NOW) is None
    assert invitations.invited(session, code, NOW) is None
    people.enable(session, dana, by=asel.id, now=NOW)
    assert sessions.login_of(session, cookie, NOW) is None


def test_a_new_password_ends_the_logins_of_before(session: Session) -> None:
    asel = added(session, "asel")
    kept, other = (sessions.begin(session, asel.id, "password", "", NOW) for _ in range(2))
    login = sessions.login_of(session, kept, NOW)
    assert login is not None
    people.set_password(session, asel, "другие три слова", by=asel.id, now=NOW, keep=login.id)
    assert sessions.login_of(session, kept, NOW) is not None
    assert sessions.login_of(session, other, NOW) is None


def test_the_local_account_is_made_once_and_has_no_password(session: Session) -> None:
    desk = people.desk(session, NOW)
    assert people.desk(session, NOW + timedelta(days=1)).id == desk.id
    assert not people.has_admin(session)
    for change in (
        lambda: people.set_password(session, desk, GOOD, by=None, now=NOW),
        lambda: people.change_role(session, desk, "reader", by=None, now=NOW),
        lambda: invitations.invite(session, desk, by=None, now=NOW),
    ):
        with pytest.raises(InputError):
            change()


def test_an_invitation_works_once_and_for_its_time(session: Session) -> None:
    asel = people.add(session, "asel", "admin", by=None, now=NOW)
    first = invitations.invite(session, asel, by=None, now=NOW)
    code = invitations.invite(session, asel, by=None, now=NOW)
    assert invitations.invited(session, first, NOW) is None
    assert invitations.invited(session, code, NOW + invitations.LASTS) is None
    with pytest.raises(InputError):
        invitations.accept_with_password(session, code, "short", NOW)
    assert invitations.accept_with_password(session, code, GOOD, NOW).id == asel.id
    with pytest.raises(InputError, match="used"):
        invitations.accept_with_password(session, code, GOOD, NOW)


def test_the_log_says_who_did_what_and_what_was_before_but_no_secret(session: Session) -> None:
    asel, dana = added(session, "asel"), added(session, "dana", "reader")
    people.change_role(session, dana, "reviewer", by=asel.id, now=NOW)
    people.set_password(session, dana, "другие три слова", by=asel.id, now=NOW)
    newest, changed, *_rest = lines = audit.entries(session, limit=10)
    assert (newest.by, newest.action, newest.subject_name) == ("asel", "change password", "dana")
    assert (changed.action, changed.before) == ("change role", {"role": "reader"})
    assert "argon2" not in str(lines)
    assert [line.action for line in audit.entries(session, limit=10, before=changed.id)] == ["add account"] * 2
    assert {line.subject_name for line in audit.entries(session, limit=10, of=("account", dana.id))} == {"dana"}


def test_the_list_says_how_each_comes_in(session: Session) -> None:
    dana, asel = added(session, "dana"), people.add(session, "asel", "reader", by=None, now=NOW)
    invitations.invite(session, asel, by=None, now=NOW)
    sessions.begin(session, dana.id, "password", "", NOW)
    first, second = people.listed(session)
    assert (first.pseudonym, first.has_password, first.is_invited, first.seen_at) == ("asel", False, True, None)
    assert (second.pseudonym, second.has_password, second.seen_at) == ("dana", True, NOW)
