"""The webhook channel: a digest as JSON, signed, posted to a configured host.

The receiver checks `X-Kzmonitor-Signature: t=SECONDS,v1=HEX`: HEX is the HMAC-SHA-256 of `SECONDS.BODY` under the key
that was shown when the subscription was made. `id` is the same in a second copy."""

import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from kzmonitor.config import Settings
from kzmonitor.digest.channel import WITHDRAWN, Begin, Parcel, Sent
from kzmonitor.digest.posting import Answer, Poster
from kzmonitor.digest.rendering import sure, why
from kzmonitor.digest.selection import Digest, Item
from kzmonitor.digest.signatures import WEBHOOK, signature
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, speaking
from kzmonitor.sources.addresses import host_of, is_loopback

# Answers that may be another one later.
PASSING = frozenset({408, 425, 429})


class Webhook:
    """The channel, for the hosts of the settings."""

    def __init__(self, settings: Settings, labels: dict[str, dict[str, str]], now: datetime) -> None:
        """labels: language -> label -> its name."""
        self.settings, self.labels, self.now = settings, labels, now
        self._poster = Poster(settings)

    def __enter__(self) -> "Webhook":
        return self

    def __exit__(self, *_error: object) -> None:
        self._poster.close()

    def deliver(self, parcel: Parcel, begin: Begin) -> Sent:
        """Post one digest."""
        assert parcel.digest is not None, "a webhook is asked nothing"
        if self.settings.secret_key is None:
            return Sent("waiting", _("KZMONITOR_SECRET_KEY is not set, so nothing can be signed"), closed=True)
        try:
            checked_webhook(parcel.address, self.settings)
        except InputError as error:
            return Sent("refused", str(error))
        with speaking(parcel.language):
            content = payload(parcel, parcel.digest, self.labels[parcel.language], self.settings.desk_url)
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        if not begin(0):
            return WITHDRAWN
        moment = int(self.now.timestamp())
        key = signature(self.settings, WEBHOOK, parcel.subscriber_id)
        headers = {
            "Content-Type": "application/json",
            "X-Kzmonitor-Delivery": parcel.message_id.strip("<>"),
            "X-Kzmonitor-Signature": f"t={moment},v1={signed(key, moment, body)}",
        }
        return outcome(self._poster.post(parcel.address, body, headers))


def signed(key: str, moment: int, body: bytes) -> str:
    """The signature of a body posted at `moment` (seconds since 1970)."""
    return hmac.new(key.encode(), f"{moment}.".encode() + body, "sha256").hexdigest()


def checked_webhook(url: str, settings: Settings) -> str:
    """The address, if it is https on a configured host (http on this machine, where loopback is allowed). Raises
    InputError."""
    try:
        parts, host = urlsplit(url), host_of(url)
    except ValueError as error:
        raise InputError(_("{url}: not an address that can be posted to").format(url=repr(url[:200]))) from error
    known = [one.strip().lower() for one in settings.webhook_hosts.split(",") if one.strip()]
    if host not in known:
        raise InputError(_("{host} is not among KZMONITOR_WEBHOOK_HOSTS").format(host=host))
    if parts.username is not None or any(ord(letter) < 33 or ord(letter) > 126 for letter in url):
        raise InputError(_("{url}: not an address that can be posted to").format(url=repr(url[:200])))
    if parts.scheme != "https" and not (settings.allow_loopback and is_loopback(host)):
        raise InputError(_("a webhook must begin with https://"))
    return url


def outcome(answer: Answer) -> Sent:
    """What an answer means: taken, refused for good, later, or not known."""
    if answer.failure == "no-answer":
        return Sent("unknown", "no-answer")
    if answer.failure == "private-address":
        return Sent("refused", _("the host has a private address"))
    if answer.failure is not None:
        return Sent("waiting", answer.failure)
    if 200 <= answer.status < 300:
        return Sent("sent")
    if 300 <= answer.status < 400:
        return Sent("refused", _("HTTP {status}: redirects are not followed").format(status=answer.status))
    if answer.status in PASSING or answer.status >= 500:
        wait = answer.retry_after or ""
        return Sent("waiting", f"HTTP {answer.status}", float(wait) if wait.isdigit() and len(wait) < 6 else None)
    return Sent("refused", f"HTTP {answer.status}")


def payload(parcel: Parcel, digest: Digest, labels: dict[str, str], desk_url: str | None) -> dict[str, Any]:
    """A digest for programs. Times are ISO 8601 in UTC; `confidence` and `why` are for people, in the language of the
    subscription."""
    about = digest.background
    return {
        "id": parcel.message_id.strip("<>"),
        "kind": "notice" if digest.mode == "immediate" else "digest",
        "mode": digest.mode,
        "language": parcel.language,
        "period": {"start": digest.period.start.isoformat(), "end": digest.period.end.isoformat()},
        "alerts": [_item(item, labels, parcel.language, desk_url) for item in digest.items],
        "corrections": [{"alert": str(item.alert_id), "title": item.title} for item in digest.corrections],
        "left_out": digest.left_out,
        "in_queue": about.in_queue,
        "unseen": [{"source": one.slug, "state": one.state} for one in about.unseen],
        "gaps": [{"source": one.source, "language": one.language, "seen": one.seen} for one in about.gaps],
        "seal": {"day": about.seal.day.isoformat(), "root": about.seal.grouped} if about.seal else None,
    }


def _item(item: Item, labels: dict[str, str], language: str, desk_url: str | None) -> dict[str, Any]:
    return {
        "alert": str(item.alert_id),
        "kind": item.kind,
        "title": item.title[:1000],
        "labels": list(item.labels),
        "severity": item.severity,
        "region": item.fact.region,
        "standing": item.standing,
        "probability": round(item.score, 4),
        "confidence": sure(item.score),
        "why": why(item, labels, language),
        "late": item.late,
        "noticed_at": item.noticed_at.isoformat() if item.noticed_at else None,
        "turns": [
            {"name": turn.name, "from": turn.before, "to": turn.after, "day": turn.day, "late": turn.late}
            for turn in item.turns
        ],
        "sources": [
            {
                "source": report.source,
                "title": report.title[:1000],
                "url": report.url,
                "language": report.language,
                "published_at": report.published_at.isoformat() if report.published_at else None,
            }
            for report in item.reports
        ],
        "link": f"{desk_url.rstrip('/')}/alerts/{item.alert_id}" if desk_url else None,
    }
