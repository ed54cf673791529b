"""A digest as HTML and as plain text, in Russian, Kazakh or English. Nothing in it is loaded from elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.lists import format_list
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kzmonitor import i18n
from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.digest import chart
from kzmonitor.digest.period import ALMATY
from kzmonitor.digest.selection import Chosen, Digest, Item
from kzmonitor.digest.week import Day
from kzmonitor.evidence import page_events
from kzmonitor.incidents.saying import change
from kzmonitor.language.places import region_names
from kzmonitor.language.visible import visible
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.health import advice
from kzmonitor.sources.norms import Volume

TEMPLATES = Path(__file__).parent / "templates"
# Stand for what differs from reader to reader, or from channel to channel, in a text that is rendered once for all.
UNSUBSCRIBE = "https://unsubscribe.invalid/of-this-reader"
PICTURE = "cid:week@kzmonitor.invalid"
LONGEST_SUBJECT = 150
# English as it is written outside America: the day before the month.
LOCALES = {"en": Locale.parse("en_GB"), "ru": Locale.parse("ru"), "kk": Locale.parse("kk")}


@dataclass(frozen=True)
class Rendered:
    """One digest, ready to be written or sent. picture: the week as PNG, which the HTML calls `PICTURE`."""

    subject: str
    html: str
    text: str
    picture: bytes | None = None

    def for_reader(self, unsubscribe: str) -> "Rendered":
        """With this reader's own link."""
        return replace(
            self, html=self.html.replace(UNSUBSCRIBE, unsubscribe), text=self.text.replace(UNSUBSCRIBE, unsubscribe)
        )


@cache
def environment(language: str) -> Environment:
    """The templates of digests, speaking one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(i18n.translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["moment"] = lambda when: moment(when, language)
    made.filters["clock"] = lambda when: format_time(when, "HH:mm", tzinfo=ALMATY, locale=LOCALES[language])
    made.filters["visible"] = visible
    made.filters["day"] = lambda iso: _day(iso, language)
    made.filters["web"] = web
    made.globals["advice"] = advice
    made.globals["change"] = change
    made.globals["sure"] = sure
    return made


def render(
    digest: Digest,
    language: str,
    taxonomy: Taxonomy,
    declarations: Mapping[str, Declaration],
    *,
    desk_url: str | None = None,
    can_unsubscribe: bool = False,
) -> Rendered:
    """The digest in one language; the same digest always gives the same bytes.

    desk_url: where each alert's title leads, and whose address stands at the foot."""
    with i18n.speaking(language):
        labels = label_names(taxonomy, language)
        values = {
            "digest": digest,
            "language": language,
            "day": format_date(digest.period.day, format="long", locale=LOCALES[language]),
            "label": labels,
            "outlet": {slug: declaration.name for slug, declaration in declarations.items()},
            "region": {code: names[language] for code, names in region_names().items()},
            "why": {item.alert_id: why(item, labels, language) for item in digest.items},
            "summary": summary(digest),
            "pages": page_events.summed_up(digest.background.pages),
            "desk": desk_url.rstrip("/") if desk_url else None,
            "unsubscribe": UNSUBSCRIBE if can_unsubscribe else None,
            "gaps": [gap_said(one, declarations, language) for one in digest.background.gaps],
            "picture": PICTURE,
            "week": week_said(digest.background.week, language),
        }
        subject = subject_of(digest, language)
        text = environment(language).get_template(f"{_form(digest)}.txt").render(values)
        html = environment(language).get_template(f"{_form(digest)}.html").render(values, subject=subject)
        return Rendered(
            subject=subject,
            html=html,
            text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
            picture=chart.picture(digest.background.week) if PICTURE in html else None,
        )


def _form(digest: Digest) -> str:
    return "notice" if digest.mode == "immediate" else "digest"


def label_names(taxonomy: Taxonomy, language: str) -> dict[str, str]:
    """The labels as people call them."""
    return {spec.name: spec.text.get(language, spec.name) for spec in taxonomy.labels}


def subject_of(digest: Digest, language: str) -> str:
    """One short line without control or hidden characters, whatever a headline holds."""
    if digest.mode == "immediate":
        told = [*digest.items, *digest.corrections]
        title = told[0].title if told else ""
        more = len(told) - 1
        line = i18n._("kzmonitor, at once: {title}").format(title=visible(title, LONGEST_SUBJECT - 40))
        return line + (f" (+{more})" if more else "")
    day = format_date(digest.period.day, format="long", locale=LOCALES[language])
    count = len(digest.items)
    line = (
        i18n.ngettext("kzmonitor, {day}: {n} alert", "kzmonitor, {day}: {n} alerts", count)
        if count
        else i18n._("kzmonitor, {day}: no alert of those you asked for")
        if digest.left_out
        else i18n._("kzmonitor, week up to {day}: a quiet week")
        if digest.mode == "weekly"
        else i18n._("kzmonitor, {day}: a quiet day")
    )
    return visible(line.format(day=day, n=count), LONGEST_SUBJECT)


def subject_words(chosen: Chosen, mode: str) -> str:
    """What a digest of these would say in its subject, without the day."""
    count = len(chosen.items)
    if count:
        return i18n.ngettext("{n} alert", "{n} alerts", count).format(n=count)
    if chosen.left_out:
        return i18n._("no alert of those asked for")
    return i18n._("a quiet week") if mode == "weekly" else i18n._("a quiet day")


def summary(digest: Digest) -> str:
    """The morning in one line: how many alerts, how many outlets told of them, what was sent before, what waits."""
    outlets = {report.source for item in digest.items for report in item.reports}
    alerts = i18n.ngettext("{n} alert", "{n} alerts", len(digest.items)).format(n=len(digest.items))
    told = i18n.ngettext("told by {n} outlet", "told by {n} outlets", len(outlets)).format(n=len(outlets))
    sent = len(digest.items) - digest.fresh
    before = i18n.ngettext("{n} was sent to you at once", "{n} were sent to you at once", sent).format(n=sent)
    queue = digest.background.in_queue
    waiting = i18n.ngettext("{n} waits for a reviewer", "{n} wait for a reviewer", queue).format(n=queue)
    parts = [alerts, *([told] if outlets else []), *([before] if sent else []), *([waiting] if queue else [])]
    return " · ".join(parts)


def why(item: Item, labels: Mapping[str, str], language: str) -> str:
    """In a sentence why an alert was flagged: what a person decided, or what the model took it for and by which
    words."""
    kinds = format_list([labels.get(name, name) for name in item.labels], locale=LOCALES[language]) or i18n._(
        "relevant"
    )
    quotes = format_list([f"«{visible(phrase, 80)}»" for phrase in item.phrases], locale=LOCALES[language])
    if item.standing == "confirmed":
        sentence = i18n._("A person has confirmed it as: {kinds}.").format(kinds=kinds)
        return (
            f"{sentence} " + i18n._("The words {quotes} had flagged it.").format(quotes=quotes) if quotes else sentence
        )
    if not quotes:
        return i18n._("Flagged as {kinds} by the whole of its wording.").format(kinds=kinds)
    return i18n._("Flagged as {kinds} because of the words {quotes}.").format(kinds=kinds, quotes=quotes)


def week_said(days: tuple[Day, ...], language: str) -> str:
    """The figures of the picture in words; empty when the week brought nothing."""
    if not any(day.alerts for day in days):
        return ""
    said = [f"{format_date(day.day, 'EEE d', locale=LOCALES[language])}: {day.alerts}" for day in days]
    severe = sum(day.severe for day in days)
    total = i18n.ngettext("{n} of them severe", "{n} of them severe", severe).format(n=severe)
    return f"{', '.join(said)} ({total})"


def gap_said(volume: Volume, declarations: Mapping[str, Declaration], language: str) -> str:
    """That a source, or a language, brought far less than usual, in a sentence."""
    assert volume.usual is not None, "what has no norm has no gap"
    tongue = LOCALES[language].languages.get(volume.language or "", volume.language)
    declaration = declarations.get(volume.source or "")
    source = declaration.name if declaration else volume.source
    name = ", ".join(part for part in (source, tongue) if part)
    many = i18n.ngettext(
        "{name}: {n} article on {day}, where {low} to {high} are usual",
        "{name}: {n} articles on {day}, where {low} to {high} are usual",
        volume.seen,
    )
    day = format_date(volume.day, "d MMM", locale=LOCALES[language])
    return many.format(name=visible(name), n=volume.seen, day=day, low=volume.usual.low, high=volume.usual.high)


def moment(when: datetime | None, language: str) -> str:
    """A time as a clock in Almaty shows it."""
    if when is None:
        return i18n._("time unknown")
    return str(format_datetime(when, "d MMM, HH:mm", tzinfo=ALMATY, locale=LOCALES[language]))


def web(url: str) -> str | None:
    """`url` if a mail program may be sent there; None for `javascript:` and its like."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    fine = parts.scheme in ("http", "https") and parts.netloc and not re.search(r"[\s\x00-\x20\x7f]", url)
    return url if fine else None


def _day(iso: str, language: str) -> str:
    """An ISO day or month as people write it."""
    first = date.fromisoformat(iso if len(iso) > len("2026-01") else f"{iso}-01")
    return str(format_date(first, "d MMM" if len(iso) > len("2026-01") else "LLLL yyyy", locale=LOCALES[language]))


def sure(score: float) -> str:
    """A calibrated probability in words."""
    if score >= 0.9:
        return i18n._("very likely")
    return i18n._("likely") if score >= 0.7 else i18n._("possible")
