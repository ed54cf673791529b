"""The feed channel: the last digests of a subscription as Atom (RFC 4287), at an address that is its only key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.digest import outbox
from kzmonitor.digest.editions import Editions
from kzmonitor.digest.rendering import PICTURE, Rendered
from kzmonitor.i18n import _, speaking
from kzmonitor.store.tables import Delivery, Subscriber

MOST_ENTRIES = 20
ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True)
class Entry:
    """One digest or notice in a feed."""

    id: UUID
    end: datetime
    rendered: Rendered


def newest(session: Session, subscriber: Subscriber) -> list[Delivery]:
    """The deliveries that stand in the feed, newest first."""
    query = select(Delivery).where(Delivery.subscriber_id == subscriber.id, Delivery.channel == "feed")
    return list(session.scalars(query.order_by(Delivery.period_end.desc()).limit(MOST_ENTRIES)))


def atom(session: Session, subscriber: Subscriber, editions: Editions) -> bytes:
    """The feed of a subscription."""
    deliveries = newest(session, subscriber)
    noted = outbox.noted(session, [delivery.id for delivery in deliveries])
    entries = [
        Entry(one.id, one.period_end, editions.rendered(session, one, noted.get(one.id, {}), subscriber.language))
        for one in deliveries
    ]
    return document(subscriber, entries)


def document(subscriber: Subscriber, entries: Sequence[Entry]) -> bytes:
    """Atom of these entries, newest first; each carries the text and the HTML of its digest without the picture."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", subscriber.language)
    updated = entries[0].end if entries else subscriber.created_at
    with speaking(subscriber.language):
        title = _("Pressure on civil society in Kazakhstan")
    _add(feed, "id", f"urn:uuid:{subscriber.id}")
    _add(feed, "title", title)
    _add(feed, "updated", _time(updated))
    author = etree.SubElement(feed, f"{{{ATOM}}}author")
    _add(author, "name", "kzmonitor")
    for one in entries:
        entry = etree.SubElement(feed, f"{{{ATOM}}}entry")
        _add(entry, "id", f"urn:uuid:{one.id}")
        _add(entry, "title", one.rendered.subject)
        _add(entry, "updated", _time(one.end))
        _add(entry, "published", _time(one.end))
        _add(entry, "content", _body(one.rendered.html), type="html")
    content: bytes = etree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content


def _body(html: str) -> str:
    """What stands inside `main`: a feed reader has a head and a style of its own, and no picture of ours."""
    inside = html.partition("<main>")[2].partition("</main>")[0]
    before, _img, after = inside.partition(f'<img class="week" src="{PICTURE}"')
    return _writable(before + after.partition(">")[2] if _img else inside)


def _add(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}", **attributes)
    child.text = _writable(text)


def _writable(text: str) -> str:
    """Without what XML 1.0 can't hold."""
    return "".join(
        letter
        for letter in text
        if letter in "\t\n\r" or (" " <= letter < "\ud800") or ("\ue000" <= letter < "\ufffe") or letter > "\uffff"
    )


def _time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
