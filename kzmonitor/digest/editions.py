"""Digests made from what the outbox noted: chosen and rendered once for all who get the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.config import Settings
from kzmonitor.digest.background import Background, background
from kzmonitor.digest.facts import Fact, facts
from kzmonitor.digest.period import Period
from kzmonitor.digest.rendering import Rendered, render
from kzmonitor.digest.selection import Chosen, Digest, Wishes, choose
from kzmonitor.digest.signatures import can_link
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import AlertEvent, Delivery

# A digest tells all that was noted for it: what was not asked for was not noted.
EVERYTHING = Wishes()
Noted = Mapping[UUID, datetime | None]
Key = tuple[datetime, datetime, str, int, frozenset[tuple[UUID, datetime | None]]]


@dataclass
class Editions:
    """Makes digests of deliveries, and keeps them for the next reader of the same."""

    declarations: Mapping[str, Declaration]
    taxonomy: Taxonomy
    settings: Settings
    _facts: dict[tuple[datetime, UUID], Fact | None] = field(default_factory=dict)
    _backgrounds: dict[Period, Background] = field(default_factory=dict)
    _digests: dict[Key, Digest] = field(default_factory=dict)
    _rendered: dict[tuple[Key, str], Rendered] = field(default_factory=dict)

    def digest(self, session: Session, delivery: Delivery, noted: Noted) -> Digest:
        """What a delivery tells."""
        key = _key(delivery, noted)
        if key not in self._digests:
            period = Period(delivery.period_start, delivery.period_end)
            query = select(AlertEvent).where(AlertEvent.id.in_(list(noted)))
            events = session.scalars(query.order_by(AlertEvent.ready_at, AlertEvent.id)).all()
            known = self._known(session, {event.alert_id for event in events}, period.end)
            noticed = {event: moment for event, moment in noted.items() if moment is not None}
            chosen = choose(events, noticed, known, period, EVERYTHING)
            self._digests[key] = self._digest(session, period, chosen, delivery)
        return self._digests[key]

    def rendered(self, session: Session, delivery: Delivery, noted: Noted, language: str) -> Rendered:
        """The same in one language, with `rendering.UNSUBSCRIBE` where each reader's own link belongs."""
        key = (_key(delivery, noted), language)
        if key not in self._rendered:
            self._rendered[key] = render(
                self.digest(session, delivery, noted),
                language,
                self.taxonomy,
                self.declarations,
                desk_url=self.settings.desk_url,
                can_unsubscribe=can_link(self.settings),
            )
        return self._rendered[key]

    def _digest(self, session: Session, period: Period, chosen: Chosen, delivery: Delivery) -> Digest:
        if period not in self._backgrounds:
            self._backgrounds[period] = (
                Background(period.day)  # a notice says nothing about the day
                if delivery.mode == "immediate"
                else background(session, period, self.declarations)
            )
        return Digest(
            period, self._backgrounds[period], chosen.items, chosen.corrections, delivery.left_out, delivery.mode
        )

    def _known(self, session: Session, alerts: set[UUID], end: datetime) -> dict[UUID, Fact]:
        missing = {alert for alert in alerts if (end, alert) not in self._facts}
        if missing:
            found = facts(session, missing, end)
            self._facts.update({(end, alert): found.get(alert) for alert in missing})
        return {alert: fact for alert in alerts if (fact := self._facts[end, alert]) is not None}


def _key(delivery: Delivery, noted: Noted) -> Key:
    return (
        delivery.period_start, delivery.period_end, delivery.mode, delivery.left_out, frozenset(noted.items())
    )  # fmt: skip
