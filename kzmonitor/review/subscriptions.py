"""Digests: what one is sent, what it would have been, and, for those who look after it, what did not arrive."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor import config
from kzmonitor.accounts.roles import Person
from kzmonitor.digest import failures, subscriptions
from kzmonitor.digest.openpgp import fingerprint
from kzmonitor.digest.preview import DAYS, last_digests
from kzmonitor.digest.rendering import subject_words
from kzmonitor.digest.subscriptions import Wanted
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, current
from kzmonitor.language.places import region_names
from kzmonitor.review import wording
from kzmonitor.review.desk import Admin, At, Desk, Reader, common
from kzmonitor.review.screens import screen
from kzmonitor.sources import registry
from kzmonitor.store.tables import Subscriber

router = APIRouter()


class Asked(BaseModel):
    """The fields by which a preview is asked for."""

    of: UUID | None = None
    mode: str = "daily"
    label: list[str] = []
    region: list[str] = []
    outlet: list[str] = []
    min_severity: int = 1
    hour: int = 8


class Fields(Asked):
    """The fields of the form. at_once: 0 for never."""

    channel: str = "mail"
    address: str = ""
    language: str = "en"
    at_once: int = 0
    weekday: int = 0
    openpgp: str = ""


@router.get("/subscriptions")
def list_of_subscriptions(request: Request, desk: At, person: Reader, done: str = "") -> Response:
    said = {
        "changed": _("Changed."),
        "removed": _("Removed: nothing more is sent, and what was sent is forgotten."),
        "again": _("It is sent again within a minute."),
        "asked": _("We have written to that address; digests begin when it says yes."),
    }
    return _list_screen(request, desk, person, done=said.get(done))


def _list_screen(request: Request, desk: Desk, person: Person, **more: Any) -> Response:
    admin = person.may("admin")
    with desk.database.session() as session:
        own = subscriptions.of_account(session, None if admin else person.id) if admin or person.id else []
        latest = failures.latest(session, [one.id for one in own])
        troubles = failures.troubles(session) if admin else []
    words = {
        "subscriptions": own,
        "latest": latest,
        "troubles": troubles,
        "said": _said(desk, own),
        "secret": None,
        "done": None,
    }
    return screen(request, "subscriptions.html", common(request, desk) | _words() | words | more)


@router.get("/subscriptions/new")
def form_of_a_new_one(request: Request, desk: At, person: Reader) -> Response:
    return _form_screen(request, desk, person, Wanted(language=current()))


@router.post("/subscriptions")
def make(request: Request, desk: At, person: Reader, fields: Annotated[Fields, Form()]) -> Response:
    wanted = _wanted(fields, fields.channel, fields.address)
    settings, now = config.settings(), desk.clock()
    try:
        asked = subscriptions.checked(wanted, [one.name for one in desk.labels], _outlets(), settings, now)
        with desk.database.session() as session:
            if person.may("admin"):
                made = subscriptions.subscribe(session, asked, settings, now)
            elif person.id is not None:
                made = subscriptions.subscribe_oneself(session, person.id, asked, settings, now)
            else:
                raise HTTPException(403)
            subscriptions.note(session, person.id, "add subscriber", made.subscriber, now)
    except InputError as mistake:
        return _form_screen(request, desk, person, wanted, problem=str(mistake), status=422)
    if made.secret is None:
        done = "asked" if made.subscriber.state == "unconfirmed" else "changed"
        return RedirectResponse(f"/subscriptions?done={done}", status_code=303)
    return _list_screen(request, desk, person, secret=_secret(request, made.subscriber, made.secret))


@router.get("/subscriptions/preview")
def preview(request: Request, desk: At, person: Reader, asked: Annotated[Asked, Query()]) -> Response:
    """What these wishes, or a subscription, would have brought in the last days."""
    wanted, problem, past = Wanted("feed", language=current()), None, []
    with desk.database.session() as session:
        try:
            if asked.of is not None:
                wanted = subscriptions.wanted_by(_own(session, person, asked.of))
            else:
                fields = Fields(**asked.model_dump(), language=current())
                labels = [one.name for one in desk.labels]
                wanted = subscriptions.checked(
                    _wanted(fields, "feed", ""), labels, _outlets(), config.settings(), desk.clock()
                )
            past = last_digests(session, wanted, desk.clock())
        except InputError as mistake:
            problem = str(mistake)
    words = {"wanted": wanted, "past": past, "problem": problem, "days": DAYS, "subject_words": subject_words}
    return screen(request, "subscription_preview.html", common(request, desk) | _words() | words)


@router.get("/subscriptions/{subscriber_id}")
def form_of_one(request: Request, desk: At, person: Reader, subscriber_id: UUID) -> Response:
    with desk.database.session() as session:
        one = _own(session, person, subscriber_id)
    return _form_screen(request, desk, person, subscriptions.wanted_by(one), subscriber=one)


@router.post("/subscriptions/{subscriber_id}")
def change(
    request: Request, desk: At, person: Reader, subscriber_id: UUID, fields: Annotated[Fields, Form()]
) -> Response:
    settings, now = config.settings(), desk.clock()
    with desk.database.session() as session:
        one = _own(session, person, subscriber_id)
    wanted = _wanted(fields, one.channel, one.address)
    try:
        asked = subscriptions.checked(wanted, [label.name for label in desk.labels], _outlets(), settings, now)
        with desk.database.session() as session:
            row = _own(session, person, subscriber_id)
            subscriptions.note(session, person.id, "change subscriber", row, now)
            subscriptions.changed(session, row, asked)
    except InputError as mistake:
        return _form_screen(request, desk, person, wanted, subscriber=one, problem=str(mistake), status=422)
    return RedirectResponse("/subscriptions?done=changed", status_code=303)


@router.post("/subscriptions/{subscriber_id}/remove")
def remove(request: Request, desk: At, person: Reader, subscriber_id: UUID) -> Response:
    with desk.database.session() as session:
        one = _own(session, person, subscriber_id)
        subscriptions.note(session, person.id, "remove subscriber", one, desk.clock())
        subscriptions.end(session, [one.id])
    return RedirectResponse("/subscriptions?done=removed", status_code=303)


@router.post("/subscriptions/{subscriber_id}/address")
def new_address(request: Request, desk: At, person: Reader, subscriber_id: UUID) -> Response:
    """A new secret address for a feed; the old one is revoked."""
    with desk.database.session() as session:
        one = _own(session, person, subscriber_id)
        if one.channel != "feed":
            raise HTTPException(404)
        secret = subscriptions.new_feed_token(one)
        subscriptions.note(session, person.id, "renew feed address", one, desk.clock())
    return _list_screen(request, desk, person, secret=_secret(request, one, secret))


@router.post("/subscriptions/deliveries/{delivery_id}/again")
def send_again(request: Request, desk: At, person: Admin, delivery_id: UUID) -> Response:
    with desk.database.session() as session:
        found = failures.again(session, delivery_id)
    return RedirectResponse("/subscriptions?done=again" if found else "/subscriptions", status_code=303)


def _own(session: Session, person: Person, subscriber_id: UUID) -> Subscriber:
    """One's own subscription, or any for an admin; else there is none."""
    one = session.get(Subscriber, subscriber_id)
    if one is None or not (person.may("admin") or (person.id is not None and one.account_id == person.id)):
        raise HTTPException(404)
    return one


def _wanted(fields: Fields, channel: str, address: str) -> Wanted:
    return Wanted(
        channel=channel,
        address=address,
        mode=fields.mode,
        language=fields.language,
        labels=tuple(filter(None, fields.label)),
        regions=tuple(filter(None, fields.region)),
        outlets=tuple(filter(None, fields.outlet)),
        min_severity=fields.min_severity,
        notice_severity=fields.at_once or None,
        hour=fields.hour,
        weekday=fields.weekday,
        openpgp=fields.openpgp or None,
    )


def _form_screen(
    request: Request,
    desk: Desk,
    person: Person,
    wanted: Wanted,
    *,
    subscriber: Subscriber | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    known = subscriptions.CHANNELS if person.may("admin") else subscriptions.FOR_READERS
    words = {
        "wanted": wanted,
        "subscriber": subscriber,
        "problem": problem,
        "known_channels": known,
        "fingerprint": fingerprint(subscriber.openpgp) if subscriber and subscriber.openpgp else None,
    }
    return screen(request, "subscription.html", common(request, desk) | _words() | words, status=status)


def _words() -> dict[str, Any]:
    """The names of all that can be chosen, in the language of the reader."""
    return {
        "channels": {
            "mail": _("Mail"),
            "feed": _("Feed (Atom) at a secret address"),
            "webhook": _("Webhook"),
            "telegram": _("Telegram"),
        },
        "modes": {
            "daily": _("every day"),
            "weekly": _("once a week"),
            "immediate": _("only severe ones, at once"),
        },
        "weekdays": wording.weekdays(),
        "regions": {code: names[current()] for code, names in region_names().items()},
        "outlets": _outlets(),
        "severities": wording.severities(),
        "states": {
            "waiting": _("waits"),
            "sending": _("on its way"),
            "sent": _("arrived"),
            "unknown": _("unknown whether it arrived"),
            "refused": _("refused"),
        },
        "delivery_modes": {
            "daily": _("daily digest"),
            "weekly": _("weekly digest"),
            "immediate": _("notice"),
            "confirmation": _("question whether it is wanted"),
        },
    }


def _said(desk: Desk, several: list[Subscriber]) -> dict[UUID, list[str]]:
    """What each subscription asks for, in words."""
    names, severities = wording.label_names(desk.labels), wording.severities()
    outlets = _outlets()
    said: dict[UUID, list[str]] = {}
    for one in several:
        parts = [names.get(name, name) for name in one.labels]
        parts += [wording.region_name(code) or code for code in one.regions]
        parts += [outlets.get(slug, slug) for slug in one.outlets]
        if one.min_severity > 1:
            parts.append(_("from {severity} on").format(severity=severities[one.min_severity]))
        if one.notice_severity is not None and one.mode != "immediate":
            parts.append(_("at once from {severity} on").format(severity=severities[one.notice_severity]))
        said[one.id] = parts
    return said


def _secret(request: Request, subscriber: Subscriber, secret: str) -> Mapping[str, str]:
    """What is shown once: the address of a feed, or the key of a webhook."""
    if subscriber.channel == "webhook":
        return {"name": _("The key of its signatures"), "value": secret}
    desk_url = config.settings().desk_url or str(request.base_url)
    return {"name": _("The address of the feed"), "value": f"{desk_url.rstrip('/')}/feeds/{secret}.atom"}


def _outlets() -> dict[str, str]:
    """Slug -> name of the enabled sources, by name."""
    return _declared(config.settings().sources_dir)


@cache
def _declared(folder: Path | None) -> dict[str, str]:
    known = registry.load(*([folder] if folder else [])).sources.values()
    return dict(sorted(((one.slug, one.name) for one in known if one.enabled), key=lambda pair: pair[1].casefold()))
