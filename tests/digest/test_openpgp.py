"""With a key a mail is sent encrypted, or not at all."""

import warnings
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from pysequoia import Cert, Tsk, decrypt

from kzmonitor.config import Settings
from kzmonitor.digest import openpgp
from kzmonitor.digest.channel import Parcel
from kzmonitor.digest.mail import message_of
from kzmonitor.digest.rendering import Rendered
from kzmonitor.errors import InputError
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber, new_id
from tests.digest.conftest import committed
from tests.digest.test_outbox import Mailbox, mailbox, send, subscribe

__all__ = ["mailbox"]  # a fixture of another module
NOW = datetime.now(UTC)


def key(**more: object) -> tuple[Tsk, str]:
    secret = Tsk.generate("Reader <reader@example.org>", **more)
    return secret, str(secret.extract_certificate())


def sealed(public: str) -> bytes:
    settings = Settings(_env_file=None, mail_from="desk@example.org")  # type: ignore[call-arg]
    rendered = Rendered("kzmonitor: Обыск", "<p>Обыск</p>", "Обыск\n", b"\x89PNG")
    parcel = Parcel(new_id(), "reader@example.org", "ru", public, "<1@x.invalid>", "daily", NOW, None, rendered)
    return openpgp.encrypted(message_of(parcel, settings), public, NOW).as_bytes(policy=policy.SMTP)


def test_only_the_holder_of_the_key_reads_it_and_the_envelope_tells_nothing() -> None:
    secret, public = key()
    raw = sealed(public)
    assert "Обыск".encode() not in raw
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail.get_content_type() == "multipart/encrypted"
    assert mail.get_param("protocol") == "application/pgp-encrypted"
    assert mail["Subject"] == "..."
    version, content = mail.iter_parts()
    assert version.get_content_type() == "application/pgp-encrypted"
    assert version.get_payload(decode=True) == b"Version: 1\r\n"
    assert content.get_content_type() == "application/octet-stream"
    inside = decrypt(bytes=content.get_payload(decode=True), decryptor=secret.decryptor())
    plain = message_from_bytes(inside.bytes, policy=policy.default)
    assert plain["Subject"] == "kzmonitor: Обыск"
    part = plain.get_body(("plain",))
    assert part is not None
    assert part.get_content().strip() == "Обыск"


def test_a_key_that_has_expired_is_refused_by_name() -> None:
    _secret, public = key(validity_seconds=86_400)
    with pytest.raises(openpgp.KeyRefusedError, match="has expired"):
        openpgp.encrypted(message_from_bytes(b"", policy=policy.default), public, NOW + timedelta(days=9999))  # type: ignore[arg-type]


def test_a_revoked_key_is_refused_by_name() -> None:
    secret, public = key()
    certificate = Cert.from_bytes(public.encode())
    gone = str(Cert.from_bytes(bytes(certificate.merge(Cert.from_bytes(bytes(revoked(certificate, secret)))))))
    with pytest.raises(InputError, match="revoked"):
        openpgp.checked_key(gone, NOW)


def revoked(certificate: Cert, secret: Tsk) -> Cert:
    return Cert.from_bytes(bytes(certificate) + bytes(certificate.revoke(secret.certifier())))


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN PGP PUBLIC KEY BLOCK-----", "x" * 200_000])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        openpgp.checked_key(text, NOW)


def test_a_private_key_is_refused() -> None:
    secret, _public = key()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match="private"):
            openpgp.checked_key(str(secret), NOW)


def test_a_delivery_is_refused_and_never_sent_in_clear(database: Database, mailbox: tuple[Mailbox, str]) -> None:
    committed(database, "Обыск")
    _secret, public = key()
    subscribe(database, "good@example.org", openpgp=public)
    subscribe(database, "bad@example.org", openpgp="-----BEGIN PGP PUBLIC KEY BLOCK-----\nbroken")
    box, url = mailbox
    assert send(database, {}, url) == {"sent": 1, "refused": 1}
    [mail] = box.messages
    assert mail["To"] == "good@example.org"
    assert mail.get_content_type() == "multipart/encrypted"
    with database.session() as session:
        told = session.query(Delivery).join(Subscriber).filter(Subscriber.address == "bad@example.org").one()
        assert (told.state, told.error) == ("refused", "the OpenPGP key can't encrypt")
