"""A digest as HTML and as plain text, in Russian, Kazakh or English. Nothing in it is loaded from elsewhere."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kzmonitor import i18n
from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.digest.period import ALMATY
from kzmonitor.digest.selection import Digest
from kzmonitor.evidence import page_events
from kzmonitor.incidents.saying import change
from kzmonitor.language.places import region_names
from kzmonitor.language.visible import visible
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.health import advice

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Rendered:
    """One digest, ready to be written or sent."""

    subject: str
    html: str
    text: str


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(i18n.translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["moment"] = lambda when: _moment(when, language)
    environment.filters["visible"] = visible
    environment.filters["day"] = lambda iso: _day(iso, language)
    environment.globals["advice"] = advice
    environment.globals["change"] = change
    return environment


def render(digest: Digest, language: str, taxonomy: Taxonomy, declarations: dict[str, Declaration]) -> Rendered:
    """The digest in one language; the same digest always gives the same bytes."""
    with i18n.speaking(language):
        day = format_date(digest.period.day, format="long", locale=language)
        values = {
            "digest": digest,
            "language": language,
            "day": day,
            "label": {spec.name: spec.text.get(language, spec.name) for spec in taxonomy.labels},
            "outlet": {slug: declaration.name for slug, declaration in declarations.items()},
            "sure": _sure,
            "region": {code: names[language] for code, names in region_names().items()},
            "summary": _summary(digest),
            "pages": page_events.summed_up(digest.pages),
        }
        environment = _environment(language)
        count = len(digest.items)
        subject = (
            i18n.ngettext("kzmonitor, {day}: {n} alert", "kzmonitor, {day}: {n} alerts", count)
            if count
            else i18n._("kzmonitor, {day}: no alert of those you asked for")
            if digest.left_out
            else i18n._("kzmonitor, {day}: a quiet day")
        ).format(day=day, n=count)
        text = environment.get_template("digest.txt").render(values)
        return Rendered(
            subject=subject,
            html=environment.get_template("digest.html").render(values, subject=subject),
            text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
        )


def _summary(digest: Digest) -> str:
    """The morning in one line: how many alerts, how many outlets told of them, what waits."""
    outlets = {report.source for item in digest.items for report in item.reports}
    alerts = i18n.ngettext("{n} alert", "{n} alerts", len(digest.items)).format(n=len(digest.items))
    told = i18n.ngettext("told by {n} outlet", "told by {n} outlets", len(outlets)).format(n=len(outlets))
    waiting = i18n.ngettext("{n} waits for a reviewer", "{n} wait for a reviewer", digest.in_queue).format(
        n=digest.in_queue
    )
    return " · ".join([alerts, *([told] if outlets else []), *([waiting] if digest.in_queue else [])])


def _moment(when: datetime | None, language: str) -> str:
    if when is None:
        return i18n._("time unknown")
    return str(format_datetime(when, "d MMM, HH:mm", tzinfo=ALMATY, locale=language))


def _day(iso: str, language: str) -> str:
    """An ISO day or month as people write it."""
    first = date.fromisoformat(iso if len(iso) > len("2026-01") else f"{iso}-01")
    return str(format_date(first, "d MMM" if len(iso) > len("2026-01") else "LLLL yyyy", locale=language))


def _sure(score: float) -> str:
    """A calibrated probability in words."""
    if score >= 0.9:
        return i18n._("very likely")
    return i18n._("likely") if score >= 0.7 else i18n._("possible")
