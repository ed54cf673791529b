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
from kzmonitor.language.places import region_names, town_names

ALMATY = ZoneInfo("Asia/Almaty")
# English as it is written outside America: the day before the month, twenty-four hours.
LOCALES = {"en": Locale.parse("en_GB"), "ru": Locale.parse("ru"), "kk": Locale.parse("kk")}
LANGUAGE_COOKIE = "kzmonitor_language"
# Shares are said in whole percents.
LEAST_SHARE = 0.01


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
        "note": _("noted"),
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


def weekdays() -> dict[int, str]:
    """The days of the week; 0 is Monday."""
    names: dict[int, str] = dict(LOCALES[current()].days["stand-alone"]["wide"])
    return names


def severities() -> dict[int, str]:
    """How grave an incident is."""
    return {1: _("Low"), 2: _("Moderate"), 3: _("High"), 4: _("Severe")}


def no_account() -> str:
    """Why nothing can be given to somebody."""
    return _("an alert is given to an account; this one is none")


def orders() -> dict[str, str]:
    """How a list may be ordered, the order of work first."""
    return {
        "grave": _("gravest, then least certain"),
        "doubtful": _("least certain first"),
        "sure": _("surest first"),
        "old": _("longest waiting first"),
        "new": _("newest first"),
    }


def tiers() -> dict[str | None, str]:
    """What the model made of an alert."""
    return {"mail": _("likely"), "queue": _("possible"), None: _("not flagged")}


def role_names() -> dict[str, str]:
    """The roles by name."""
    return {"reader": _("Reader"), "reviewer": _("Reviewer"), "admin": _("Admin")}


def roles() -> dict[str, str]:
    """What a person may be here."""
    return {
        "reader": _("Reader: sees everything, decides nothing"),
        "reviewer": _("Reviewer: decides"),
        "admin": _("Admin: also looks after people and models"),
    }


def scopes() -> dict[str, str]:
    """What a program may do by an access token."""
    return {"read": _("read"), "review": _("read and decide"), "admin": _("all that you may")}


def ways_in() -> dict[str, str]:
    """How a person logged in."""
    return {"password": _("by password"), "token": _("by the token of a start"), "oidc": _("by single sign-on")}


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


def region_choices() -> dict[str, str]:
    """Every region, by its name."""
    return dict(sorted(((code, names.get(current(), code)) for code, names in region_names().items()), key=_by_name))


def _by_name(pair: tuple[str, str]) -> str:
    return pair[1].casefold()


def where(place: str | None, region: str | None) -> str:
    """A town and its region in the current language; one name where both are called the same in any language."""
    names = region_names().get(region, {}) if region else {}
    town = next((known for known in town_names().values() if place in known.values()), None) if place else None
    shown = town.get(current(), place) if town else place
    if place in names.values() or (town and set(town.values()) & set(names.values())):
        shown = None
    return ", ".join(word for word in (shown, region_name(region)) if word)


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
    """How a text reached us."""
    return {
        "direct": _("from its page"),
        "feed": _("from its feed"),
        "proxy": _("through a proxy"),
        "mirror": _("from a mirror"),
        "archive": _("from an archive"),
        "import": _("imported"),
    }


def share(number: float) -> str:
    """A probability as a percentage; what is nearly certain or nearly impossible is said to be no more than that."""
    locale = LOCALES[current()]
    if 0 < number < LEAST_SHARE:
        return f"<\u00a0{format_percent(LEAST_SHARE, locale=locale)}"
    if 1 - LEAST_SHARE < number < 1:
        return f">\u00a0{format_percent(1 - LEAST_SHARE, locale=locale)}"
    return str(format_percent(number, locale=locale))


def number(whole: int) -> str:
    """A whole number, its thousands parted as the language parts them."""
    return str(format_decimal(whole, locale=LOCALES[current()]))


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
