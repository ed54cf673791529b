"""What is reached without a login: the feed of a secret address, and the signed links of digests."""

from collections.abc import Callable
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kzmonitor import config
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.digest import feed, signatures, subscriptions
from kzmonitor.digest.editions import Editions
from kzmonitor.i18n import _
from kzmonitor.review.desk import At, Desk
from kzmonitor.review.screens import screen
from kzmonitor.sources import registry

router = APIRouter()


@router.api_route("/feeds/{token}.atom", methods=["GET", "HEAD"])
def one_feed(request: Request, desk: At, token: str) -> Response:
    """The feed of a subscription, to whoever has its address."""
    settings = config.settings()
    with desk.database.session() as session:
        subscriber = subscriptions.by_feed_token(session, token)
        if subscriber is None or subscriber.state != "active":
            raise HTTPException(404)
        entries = feed.newest(session, subscriber)
        changed = (entries[0].period_end if entries else subscriber.created_at).replace(microsecond=0)
        if _seen(request, changed.timestamp()):
            return Response(status_code=304)
        taxonomy = read_taxonomy(config.models_folder() / "taxonomy.yaml")
        folder = [settings.sources_dir] if settings.sources_dir else []
        content = feed.atom(session, subscriber, Editions(registry.load(*folder).sources, taxonomy, settings))
    headers = {"Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True), "Content-Disposition": "inline"}
    return Response(content, media_type="application/atom+xml; charset=utf-8", headers=headers)


def _seen(request: Request, changed: float) -> bool:
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return changed <= since.timestamp()
    except (ValueError, OverflowError):
        return False


@router.get("/unsubscribe/{subscriber_id}/{signature}")
def unsubscribe_page(request: Request, desk: At, subscriber_id: UUID, signature: str) -> Response:
    """One button: a link that is only opened, by a scanner of mails say, ends nothing."""
    _signed(signatures.UNSUBSCRIBE, subscriber_id, signature)
    words = {"message": _("Do you want to be sent nothing more to this address?"), "button": _("Unsubscribe")}
    return screen(request, "link.html", words | {"title": _("Unsubscribe")})


@router.post("/unsubscribe/{subscriber_id}/{signature}")
def unsubscribe(request: Request, desk: At, subscriber_id: UUID, signature: str) -> Response:
    """End a subscription: by that button, or by the mail program itself with one click (RFC 8058)."""
    _signed(signatures.UNSUBSCRIBE, subscriber_id, signature)
    _done(desk, lambda session: subscriptions.end(session, [subscriber_id]))
    message = _("Nothing more is sent to this address, and it is forgotten here.")
    return screen(request, "link.html", {"message": message, "button": None, "title": _("Unsubscribe")})


@router.get("/confirm/{subscriber_id}/{signature}")
def confirmation_page(request: Request, desk: At, subscriber_id: UUID, signature: str) -> Response:
    """One button: opening the link says nothing yet."""
    _signed(signatures.CONFIRM, subscriber_id, signature)
    words = {"message": _("Do you want digests to be sent to this address?"), "button": _("Yes, send them to me")}
    return screen(request, "link.html", words | {"title": _("Digests")})


@router.post("/confirm/{subscriber_id}/{signature}")
def confirmation(request: Request, desk: At, subscriber_id: UUID, signature: str) -> Response:
    """The address says yes."""
    _signed(signatures.CONFIRM, subscriber_id, signature)
    known = _done(desk, lambda session: subscriptions.confirm(session, subscriber_id))
    message = (
        _("Thank you: digests are sent to this address from now on.")
        if known
        else _("This address is not known any more; ask for digests again.")
    )
    return screen(request, "link.html", {"message": message, "button": None, "title": _("Digests")})


def _signed(purpose: str, subscriber_id: UUID, signature: str) -> None:
    """Refuse a link that we did not make."""
    if not signatures.fits(config.settings(), purpose, subscriber_id, signature):
        raise HTTPException(404)


def _done(desk: Desk, change: Callable[[Session], int]) -> int:
    with desk.database.session() as session:
        return change(session)
