"""OpenPGP: a mail that only the holder of a key can read, as PGP/MIME (RFC 3156). Its subject tells nothing.

With a key that has expired, is revoked or can't encrypt, the mail is not sent: never in clear in its place."""

from datetime import datetime
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.policy import SMTP as WIRE

from pysequoia import Cert, encrypt

from kzmonitor.errors import InputError, KzmonitorError
from kzmonitor.i18n import _

LONGEST_KEY = 100_000
OUTSIDE = ("From", "To", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id")


class KeyRefusedError(KzmonitorError):
    """Nothing can be encrypted with this key: the mail is not sent."""


def checked_key(text: str, now: datetime) -> str:
    """A public certificate, armored, that can be encrypted to now. Raises InputError; a private key is refused, since
    it has no business here."""
    if len(text) > LONGEST_KEY:
        raise InputError(_("the OpenPGP key is longer than {n} characters").format(n=LONGEST_KEY))
    try:
        certificate = Cert.from_bytes(text.strip().encode())
    except RuntimeError as error:  # all that pysequoia raises
        raise InputError(_("that is no OpenPGP key (-----BEGIN PGP PUBLIC KEY BLOCK-----)")) from error
    if certificate.has_secret_keys:
        raise InputError(_("that is a private OpenPGP key; keep it, and give the public one"))
    try:
        _ciphertext(b"", str(certificate), now)
    except KeyRefusedError as error:
        raise InputError(str(error)) from error
    return str(certificate)


def fingerprint(key: str) -> str:
    """The fingerprint of a checked key, in groups of four."""
    plain = Cert.from_bytes(key.encode()).fingerprint.upper()
    return " ".join(plain[first : first + 4] for first in range(0, len(plain), 4))


def encrypted(mail: EmailMessage, key: str, now: datetime) -> EmailMessage:
    """The whole of `mail` for the holder of the key, in an envelope that names only who writes to whom, and when.
    Raises KeyRefusedError."""
    sealed = _ciphertext(mail.as_bytes(policy=WIRE), key, now)
    envelope = EmailMessage()
    for name in OUTSIDE:
        if mail[name] is not None:
            envelope[name] = str(mail[name])
    envelope["Subject"] = "..."
    envelope["MIME-Version"] = "1.0"
    envelope["Content-Type"] = 'multipart/encrypted; protocol="application/pgp-encrypted"'
    version = MIMEApplication(b"Version: 1\r\n", "pgp-encrypted", lambda part: None)
    content = MIMEApplication(sealed, "octet-stream", lambda part: None, name="encrypted.asc")
    content["Content-Disposition"] = 'inline; filename="encrypted.asc"'
    envelope.set_payload([version, content])
    return envelope


def _ciphertext(plain: bytes, key: str, now: datetime) -> bytes:
    try:
        certificate = Cert.from_bytes(key.encode())
        if certificate.is_revoked:
            raise KeyRefusedError(_("the OpenPGP key {key} is revoked").format(key=certificate.fingerprint))
        if certificate.expiration is not None and certificate.expiration <= now:
            raise KeyRefusedError(_("the OpenPGP key {key} has expired").format(key=certificate.fingerprint))
        return encrypt(recipients=[certificate], bytes=plain)
    except KeyRefusedError:
        raise
    except RuntimeError as error:  # all that pysequoia raises
        raise KeyRefusedError(_("the OpenPGP key can't encrypt")) from error
