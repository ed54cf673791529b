"""How the pages say things: names of states and labels, times, shares and languages, in the language of the reader."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from starlette.requests import Request

from kzmonitor.classify.labelled import LabelSpec
from kzmonitor.i18n import LANGUAGES, _, current
from kzmonitor.language.articles import NAMES as LAW_NAMES
from kzmonitor.language.articles import Article
from kzmonitor.language.places import region_names

ALMATY = ZoneInfo("Asia/Almaty")
# English as it is written outside America: the day before the month, twenty-four hours.
LOCALES = {"en": Locale.parse("en_GB"), "ru": Locale.parse("ru"), "kk": Locale.parse("kk")}
LANGUAGE_COOKIE = "kzmonitor_language"


def language_of(request: Request) -> str:
    """The language that the address, the cookie or the browser asks for, in this order; else English."""
    asked = [request.query_params.get("lang", ""), request.cookies.get(LANGUAGE_COOKIE, "")]
    asked += [part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")]
    return next((language for language in asked if language in LANGUAGES), "en")


def statuses() -> dict[str, str]:
    """Where an alert may stand."""
    return {
        "open": _("Open"),
        "confirmed": _("Confirmed"),
        "rejected": _("Rejected"),
        "duplicate": _("Duplicate"),
    }


def decisions() -> dict[str, str]:
    """What a person may have said."""
    return {
        "confirm": _("confirmed"),
        "correct": _("confirmed with other labels"),
        "reject": _("rejected"),
        "duplicate": _("marked as a duplicate"),
        "unsure": _("unsure"),
        "undo": _("took back the decision before"),
        "merge": _("merged"),
        "split": _("split"),
        "escalate": _("passed on"),
    }


def events() -> dict[str, str]:
    """What readers of the digest are told."""
    return {
        "opened": _("alert opened"),
        "renewed": _("news for the digest"),
        "corrected": _("correction for the digest"),
    }


def reject_reasons() -> dict[str, str]:
    """Why an alert is none."""
    return {
        "ordinary_crime": _("Ordinary crime or corruption"),
        "ordinary_business": _("Ordinary business or tax news"),
        "politics": _("Party politics or an election campaign"),
        "elsewhere": _("Another country, no body of Kazakhstan"),
        "no_act": _("Words only, no act of pressure"),
        "passing": _("Mentioned only in passing"),
        "old": _("Old news"),
        "other": _("Something else"),
    }


def severities() -> dict[int, str]:
    """How grave an incident is."""
    return {1: _("Low"), 2: _("Moderate"), 3: _("High"), 4: _("Severe")}


def tiers() -> dict[str | None, str]:
    """What the model made of an alert."""
    return {"mail": _("likely"), "queue": _("possible"), None: _("not flagged")}


def label_names(labels: Sequence[LabelSpec]) -> dict[str, str]:
    """The taxonomy's labels, named in the language of the reader, in the taxonomy's order."""
    return {label.name: label.text.get(current(), label.name) for label in labels}


def reason_names(labels: Sequence[LabelSpec]) -> dict[str, str]:
    """What a reason may speak for: the labels, and that the text is relevant at all."""
    return {"relevance": _("Relevant"), **label_names(labels)}


def language_names() -> dict[str, str]:
    """The languages of articles."""
    names: Mapping[str, str] = LOCALES[current()].languages
    return {code: names.get(code, code) for code in ("ru", "kk", "ky", "en")} | {"other": _("other language")}


def region_name(code: str | None) -> str | None:
    """The name of a region (ISO 3166-2:KZ) in the current language; a code that is none stays as it is."""
    return region_names().get(code, {}).get(current(), code) if code else None


def moment(when: datetime) -> str:
    """A time as a clock in Almaty shows it."""
    locale, local = LOCALES[current()], when.astimezone(ALMATY)
    return f"{format_date(local, 'medium', locale)}, {format_time(local, 'HH:mm', locale=locale)}"


def day(iso: str) -> str:
    """An ISO day or month as people write it; what is neither stays as it is."""
    try:
        if len(iso) > len("2026-01"):
            return format_date(date.fromisoformat(iso), "medium", LOCALES[current()])
        return format_date(date.fromisoformat(f"{iso}-01"), "LLLL yyyy", LOCALES[current()])
    except ValueError:
        return iso


def money(sum: Mapping[str, Any]) -> str:
    """An amount with its currency: 555,600 KZT; monthly calculation indices are no currency."""
    amount = format_decimal(sum["amount"], locale=LOCALES[current()])
    return f"{amount} {_('monthly indices') if sum['currency'] == 'MCI' else sum['currency']}"


def law_name(id: str) -> str:
    """An article of law as it is cited in the current language; an id that is none stays as it is."""
    code, _colon, _number = id.partition(":")
    return Article(id, 0, 0).name(current()) if code in LAW_NAMES else id


def routes() -> dict[str, str]:
    """How a text reached us, where it was not from the outlet's own page or feed."""
    return {
        "proxy": _("through a proxy"),
        "mirror": _("from a mirror"),
        "archive": _("from an archive"),
        "import": _("imported"),
    }


def share(number: float) -> str:
    """A probability as a percentage; nothing but certainty is 100 %, nothing but impossibility 0 %."""
    shown = min(max(number, 0.01), 0.99) if 0 < number < 1 else number
    return str(format_percent(shown, locale=LOCALES[current()]))


def web_address(url: str) -> str | None:
    """`url` if a browser may be sent there; None for `javascript:` and its like."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def host_of(url: str) -> str:
    """The host of an address, as far as it has one."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
