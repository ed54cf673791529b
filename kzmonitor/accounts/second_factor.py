"""The second factor: codes of an app (TOTP, RFC 6238), and recovery codes for when it is lost."""

import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit, keys
from kzmonitor.accounts.keys import Keys
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.store.tables import Account, RecoveryCode, new_id

STEP_S = 30
# A clock that goes wrong by half a minute, or a slow hand (RFC 6238, 5.2).
STEPS_BESIDE = (0, -1, 1)
RECOVERY_CODES = 10
# Crockford's letters: none looks like another. Sixteen of them are 80 bits, so a fast hash will do.
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
RECOVERY_LENGTH = 16


def offer(session: Session, account: Account, own: Keys) -> str:
    """A fresh secret (base32), kept sealed until its first code confirms it. InputError when it could not be kept."""
    if not own.lasting:
        raise InputError(_("set KZMONITOR_SECRET_KEY first: without it the secret would be lost at the next start"))
    if account.totp_since is not None:
        raise InputError(_("the second factor is on already"))
    secret = pyotp.random_base32()
    account.totp_secret = own.sealed(secret, account.id)
    session.flush()
    return secret


def offered(account: Account, own: Keys) -> str | None:
    """The secret that waits for its first code; None when none does. Once confirmed it is never shown again."""
    if account.totp_secret is None or account.totp_since is not None:
        return None
    return own.opened(account.totp_secret, account.id)


def address_of(secret: str, pseudonym: str) -> str:
    """What an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=pseudonym, issuer_name="kzmonitor")


def confirm(session: Session, account: Account, code: str, own: Keys, now: datetime) -> list[str]:
    """Turn it on by a first code; the recovery codes, told this once. InputError when the code is not right."""
    secret = offered(account, own)
    step = _step(secret, code, now) if secret is not None else None
    if step is None:
        raise InputError(
            _("that code does not fit; see that the clock of the telephone is right and take the next one")
        )
    account.totp_since, account.totp_step = now, step
    session.flush()
    audit.note(session, account.id, "add second factor", "account", account.id, None, now)
    return new_recovery_codes(session, account.id)


def new_recovery_codes(session: Session, account_id: UUID) -> list[str]:
    """Fresh recovery codes in place of all others."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = ["".join(secrets.choice(LETTERS) for _place in range(RECOVERY_LENGTH)) for _code in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(id=new_id(), account_id=account_id, code_sha256=keys.sha256(code)) for code in codes)
    session.flush()
    return ["-".join(code[start : start + 4] for start in range(0, RECOVERY_LENGTH, 4)) for code in codes]


def recovery_codes_left(session: Session, account_id: UUID) -> int:
    """How many are unused."""
    left = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def fits(session: Session, account: Account, code: str, own: Keys, now: datetime) -> bool:
    """Whether this is a code of the app or a recovery code, and not used before; it is used up by this."""
    code = "".join(code.split()).replace("-", "").lower()
    secret = own.opened(account.totp_secret, account.id) if account.totp_secret and account.totp_since else None
    step = _step(secret, code, now) if secret is not None else None
    if step is not None:
        # Of two requests with one code the second finds the step taken.
        unused = or_(Account.totp_step.is_(None), Account.totp_step < step)
        used = update(Account).where(Account.id == account.id, unused).values(totp_step=step).returning(Account.id)
        return session.scalar(used) is not None
    if len(code) != RECOVERY_LENGTH:
        return False
    spent = (
        update(RecoveryCode)
        .where(RecoveryCode.account_id == account.id, RecoveryCode.code_sha256 == keys.sha256(code))
        .where(RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    if session.scalar(spent) is None:
        return False
    audit.note(session, account.id, "use recovery code", "account", account.id, None, now)
    return True


def _step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code belongs to, if it is one of now."""
    if len(code) != 6 or not (code.isascii() and code.isdecimal()):
        return None
    at, totp = int(now.timestamp()) // STEP_S, pyotp.TOTP(secret)
    fitting = [at + beside for beside in STEPS_BESIDE if secrets.compare_digest(totp.generate_otp(at + beside), code)]
    return fitting[0] if fitting else None
