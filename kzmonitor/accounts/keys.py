"""What is made of KZMONITOR_SECRET_KEY: keyed hashes, and the sealing of secrets that must be read again."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


def token() -> str:
    """A fresh secret of 256 bits, fit for addresses and cookies."""
    return secrets.token_urlsafe(32)


def sha256(secret: str) -> bytes:
    """What is kept of a secret that was drawn by chance; one that a person chose needs a slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


@dataclass(frozen=True)
class Keys:
    """Keys of this installation. lasting: the secret is set, so that what was sealed can be opened after a restart."""

    secret_key: str = field(repr=False)
    lasting: bool = True

    def hashed(self, purpose: str, text: str) -> bytes:
        """32 bytes that tell nothing of the text without the secret."""
        return hmac.digest(self._key(f"hash {purpose}"), text.encode("utf-8", "replace"), "sha256")

    def sealed(self, text: str, owner: UUID) -> bytes:
        """The text encrypted for this row, so that it opens nowhere else."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key("seal")).encrypt(nonce, text.encode(), owner.bytes)

    def opened(self, sealed: bytes, owner: UUID) -> str | None:
        """The text; None when it was sealed for another row or with another secret."""
        try:
            plain = AESGCM(self._key("seal")).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes)
        except (InvalidTag, ValueError):
            return None
        return plain.decode()

    def _key(self, purpose: str) -> bytes:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"kzmonitor {purpose}".encode())
        return derived.derive(self.secret_key.encode())
