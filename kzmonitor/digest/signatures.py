"""Links that work without a login, since only we can have made them; and the keys of webhooks.

Everything is derived from KZMONITOR_SECRET_KEY and the subscriber's identifier, so nothing secret is stored. Without
that key, or without the address of the desk, there are no such links."""

import hmac
from uuid import UUID

from kzmonitor.config import Settings

UNSUBSCRIBE, CONFIRM, WEBHOOK = "unsubscribe", "confirm", "webhook"


def can_link(settings: Settings) -> bool:
    """Whether a link to the desk can be made that needs no login."""
    return settings.desk_url is not None and settings.secret_key is not None


def link(settings: Settings, purpose: str, subscriber: UUID) -> str:
    """The address that lets whoever has it do one thing (UNSUBSCRIBE, CONFIRM) for one subscriber."""
    assert settings.desk_url is not None, "the caller has looked"
    return f"{settings.desk_url.rstrip('/')}/{purpose}/{subscriber}/{signature(settings, purpose, subscriber)}"


def signature(settings: Settings, purpose: str, subscriber: UUID) -> str:
    """64 letters that only the holder of the secret key can make."""
    assert settings.secret_key is not None, "the caller has looked"
    key = settings.secret_key.get_secret_value().encode()
    return hmac.new(key, f"kzmonitor:{purpose}:{subscriber}".encode(), "sha256").hexdigest()


def fits(settings: Settings, purpose: str, subscriber: UUID, said: str) -> bool:
    """Whether `said` is that signature, in a time that does not depend on how much of it is right."""
    if settings.secret_key is None:
        return False
    return hmac.compare_digest(said.encode("utf-8", "replace"), signature(settings, purpose, subscriber).encode())
