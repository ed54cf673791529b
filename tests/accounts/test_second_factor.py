"""The second factor: sealed, confirmed by a first code, no code twice."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.accounts import people, second_factor
from kzmonitor.accounts.keys import Keys
from kzmonitor.errors import InputError
from kzmonitor.store.tables import Account, RecoveryCode

NOW = datetime(2025, 11, 4, 3, tzinfo=UTC)
KEYS = Keys("k" * 32)
STEP = timedelta(seconds=second_factor.STEP_S)


@pytest.fixture
def asel(session: Session) -> Account:
    return people.add(session, "asel", "reviewer", by=None, now=NOW)


def turned_on(session: Session, account: Account) -> tuple[pyotp.TOTP, list[str]]:
    totp = pyotp.TOTP(second_factor.offer(session, account, KEYS))
    return totp, second_factor.confirm(session, account, totp.at(NOW), KEYS, NOW)


def fits(session: Session, account: Account, code: str, now: datetime) -> bool:
    session.refresh(account)
    return second_factor.fits(session, account, code, KEYS, now)


def test_a_code_fits_once_and_no_older_one_after_it(session: Session, asel: Account) -> None:
    totp, _codes = turned_on(session, asel)
    assert not fits(session, asel, totp.at(NOW), NOW)
    later = NOW + 4 * STEP
    assert fits(session, asel, totp.at(later), later)
    assert not fits(session, asel, totp.at(later), later)
    assert not fits(session, asel, totp.at(later - STEP), later)
    assert fits(session, asel, totp.at(later + STEP), later)


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_a_code_of_another_minute_does_not_fit(session: Session, asel: Account, steps: int) -> None:
    totp, _codes = turned_on(session, asel)
    later = NOW + 10 * STEP
    assert not fits(session, asel, totp.at(later + steps * STEP), later)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "0" * 16, "x" * 500])
def test_anything_else_does_not_fit(session: Session, asel: Account, code: str) -> None:
    turned_on(session, asel)
    assert not fits(session, asel, code, NOW + 10 * STEP)


def test_it_is_off_until_a_first_code_confirms_it(session: Session, asel: Account) -> None:
    totp = pyotp.TOTP(second_factor.offer(session, asel, KEYS))
    assert not fits(session, asel, totp.at(NOW), NOW)
    with pytest.raises(InputError):
        second_factor.confirm(session, asel, "000000" if totp.at(NOW) != "000000" else "000001", KEYS, NOW)
    assert asel.totp_since is None


def test_recovery_codes_open_once_each_however_they_are_typed(session: Session, asel: Account) -> None:
    _totp, codes = turned_on(session, asel)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert fits(session, asel, codes[0].upper().replace("-", " "), NOW)
    assert not fits(session, asel, codes[0], NOW)
    assert second_factor.recovery_codes_left(session, asel.id) == len(codes) - 1
    new = second_factor.new_recovery_codes(session, asel.id)
    assert not fits(session, asel, codes[1], NOW)
    assert fits(session, asel, new[0], NOW)


def test_codes_of_another_do_not_fit(session: Session, asel: Account) -> None:
    dana = people.add(session, "dana", "admin", by=None, now=NOW)
    _totp, codes = turned_on(session, asel)
    turned_on(session, dana)
    later = NOW + 10 * STEP
    assert not fits(session, dana, codes[0], later)


def test_the_secret_is_sealed_for_its_account_and_key(session: Session, asel: Account) -> None:
    totp, codes = turned_on(session, asel)
    assert asel.totp_secret is not None
    assert totp.secret.encode() not in asel.totp_secret
    assert KEYS.opened(asel.totp_secret, asel.id) == totp.secret
    dana = people.add(session, "dana", "admin", by=None, now=NOW)
    assert KEYS.opened(asel.totp_secret, dana.id) is None
    assert Keys("other" * 8).opened(asel.totp_secret, asel.id) is None
    kept = session.scalars(select(RecoveryCode.code_sha256)).all()
    assert not any(code.replace("-", "").encode() in row for code in codes for row in kept)


def test_it_is_shown_only_until_it_is_confirmed(session: Session, asel: Account) -> None:
    secret = second_factor.offer(session, asel, KEYS)
    assert second_factor.offered(asel, KEYS) == secret
    second_factor.confirm(session, asel, pyotp.TOTP(secret).at(NOW), KEYS, NOW)
    assert second_factor.offered(asel, KEYS) is None
    with pytest.raises(InputError):
        second_factor.offer(session, asel, KEYS)


def test_without_a_lasting_key_there_is_none(session: Session, asel: Account) -> None:
    with pytest.raises(InputError, match="KZMONITOR_SECRET_KEY"):
        second_factor.offer(session, asel, Keys("k" * 32, lasting=False))


def test_the_address_names_the_pseudonym_and_nothing_else() -> None:
    address = unquote(second_factor.address_of("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "әсел"))
    assert address == "otpauth://totp/kzmonitor:әсел?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=kzmonitor"
