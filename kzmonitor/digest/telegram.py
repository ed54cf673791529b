"""The Telegram channel: a digest as messages of a bot, cut between alerts where it is longer than one may be
(https://core.telegram.org/bots/api#sendmessage: 4096 characters after the entities were read)."""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from kzmonitor.config import Settings
from kzmonitor.digest.channel import WITHDRAWN, Begin, Parcel, Sent
from kzmonitor.digest.posting import Answer, Poster
from kzmonitor.digest.rendering import moment, subject_of, summary, sure, web, why
from kzmonitor.digest.selection import Digest, Item
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, speaking
from kzmonitor.incidents.saying import change
from kzmonitor.language.visible import visible
from kzmonitor.sources.addresses import host_of, is_loopback

# Of UTF-16 units, markup included, which is stricter than the limit.
LONGEST = 4096
MOST_REPORTS = 3
LONGEST_TITLE, LONGEST_URL = 250, 500


class Telegram:
    """The channel, in the name of the bot of the settings."""

    def __init__(self, settings: Settings, labels: Mapping[str, dict[str, str]], outlets: Mapping[str, str]) -> None:
        """labels: language -> label -> its name; outlets: slug -> name."""
        self.settings, self.labels, self.outlets = settings, labels, outlets
        self._poster = Poster(settings)

    def __enter__(self) -> "Telegram":
        return self

    def __exit__(self, *_error: object) -> None:
        self._poster.close()

    def deliver(self, parcel: Parcel, begin: Begin) -> Sent:
        """Send one digest, from the first part that has not arrived on."""
        assert parcel.digest is not None, "a chat is asked nothing"
        if self.settings.telegram_token is None:
            return Sent("waiting", _("KZMONITOR_TELEGRAM_TOKEN is not set"), closed=True)
        base = self.settings.telegram_url.rstrip("/")
        if not base.startswith("https://") and not (self.settings.allow_loopback and is_loopback(host_of(base))):
            return Sent("waiting", _("KZMONITOR_TELEGRAM_URL must begin with https://"), closed=True)
        url = f"{base}/bot{self.settings.telegram_token.get_secret_value()}/sendMessage"
        with speaking(parcel.language):
            parts = parts_of(
                parcel.digest, parcel.language, self.labels[parcel.language], self.outlets, self.settings.desk_url
            )
        for number in range(parcel.progress, len(parts)):
            if not begin(number):
                return WITHDRAWN
            body = {"chat_id": parcel.address, "text": parts[number], "parse_mode": "HTML"}
            body["link_preview_options"] = {"is_disabled": True}  # type: ignore[assignment]
            sent = outcome(self._poster.post(url, json.dumps(body).encode(), {"Content-Type": "application/json"}))
            if sent.state != "sent":
                return sent
        return Sent("sent")


def checked_chat(text: str) -> str:
    """The chat, if it is a number or the name of a channel (@name); raises InputError."""
    if not re.fullmatch(r"-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31}", text):
        raise InputError(_("{text}: not a chat of Telegram (a number, or @channel)").format(text=repr(text[:60])))
    return text


def outcome(answer: Answer) -> Sent:
    """What the bot API said."""
    if answer.failure is not None:
        state = "unknown" if answer.failure == "no-answer" else "waiting"
        return Sent(state, answer.failure, closed=state == "waiting")
    said = _read(answer.content)
    if answer.status == 200 and said.get("ok") is True:
        return Sent("sent")
    if answer.status == 200:
        return Sent("unknown", "no-answer")
    error = visible(f"{answer.status} {said.get('description', '')}", 200)
    if answer.status == 429:
        wait = said.get("parameters", {}).get("retry_after") if isinstance(said.get("parameters"), dict) else None
        return Sent("waiting", error, float(wait) if isinstance(wait, int | float) and 0 <= wait < 86_400 else 60.0)
    if answer.status in (401, 404) or answer.status >= 500:
        # A wrong token, or a fault of theirs: nobody's chat is to blame.
        return Sent("waiting", error, closed=True)
    return Sent("refused", error)


def _read(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def parts_of(
    digest: Digest, language: str, labels: Mapping[str, str], outlets: Mapping[str, str], desk_url: str | None
) -> list[str]:
    """The digest as messages in Telegram's HTML, each within the limit; an alert is never cut."""
    blocks = [f"<b>{escape(subject_of(digest, language))}</b>"]
    if digest.mode != "immediate":
        blocks[0] += "\n" + escape(summary(digest))
    blocks += [_block(item, language, labels, outlets, desk_url) for item in digest.items]
    if digest.corrections:
        rejected = _("These alerts were sent and have been rejected since.")
        titles = [f"<s>{escape(visible(item.title, LONGEST_TITLE))}</s>" for item in digest.corrections]
        blocks += [f"<b>{escape(_('Corrections'))}</b>", *titles, escape(rejected)]
    blocks += [escape(line) for line in _foot(digest, outlets)]
    parts, part = [], blocks[0]
    for block in blocks[1:]:
        if units(part) + 2 + units(block) > LONGEST:
            parts.append(part)
            part = block
        else:
            part += "\n\n" + block
    return [*parts, part]


def units(text: str) -> int:
    """How long Telegram finds a text: in UTF-16 units."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _foot(digest: Digest, outlets: Mapping[str, str]) -> Iterator[str]:
    if digest.mode == "immediate":
        return
    unseen = [outlets.get(one.slug, one.slug) for one in digest.background.unseen]
    if unseen:
        yield visible(_("Could not be seen: {sources}").format(sources=", ".join(unseen)), 1000)
    seal = digest.background.seal
    if seal is not None:
        yield _("Seal of {day} (UTC): {root}").format(day=seal.day, root=seal.grouped)


def _block(
    item: Item, language: str, labels: Mapping[str, str], outlets: Mapping[str, str], desk_url: str | None
) -> str:
    title = escape(visible(item.title, LONGEST_TITLE)) or escape(_("(no title)"))
    if desk_url:
        title = f'<a href="{escape(desk_url.rstrip("/"))}/alerts/{item.alert_id}">{title}</a>'
    standing = (
        _("confirmed by a person")
        if item.standing == "confirmed"
        else _("not yet checked, %(sure)s") % {"sure": sure(item.score)}
    )
    facts = [
        ", ".join(labels.get(name, name) for name in item.labels),
        standing,
        _("severity %(n)s of 4") % {"n": item.severity},
    ]
    if item.kind == "renewed":
        facts.append(_("renewed"))
    lines = [f"<b>{title}</b>", escape("; ".join(facts))]
    if item.noticed_at:
        lines.append(escape(_("Sent to you already at %(time)s") % {"time": moment(item.noticed_at, language)}))
    for turn in item.turns[:5]:
        lines.append(escape(visible(change(visible(turn.name) if turn.name else None, turn.before, turn.after))))
    lines.append(escape(visible(why(item, labels, language), 500)))
    for report in item.reports[:MOST_REPORTS]:
        outlet = visible(outlets.get(report.source, report.source), 60)
        line = f"– {escape(outlet)}, {moment(report.published_at, language)}"
        url = web(report.url)
        if url and len(url) <= LONGEST_URL:
            line += f' (<a href="{escape(url)}">{escape(_("original"))}</a>)'
        lines.append(line)
    return "\n".join(lines)
