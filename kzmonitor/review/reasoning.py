"""Why an article stands in an incident, and why another incident is shown beside it, in words."""

import re
from collections.abc import Mapping, Sequence

from kzmonitor.i18n import _, current, ngettext
from kzmonitor.incidents.clues import name_key
from kzmonitor.incidents.similar import CLUES, PARTY, Similar
from kzmonitor.incidents.told import ArticleView
from kzmonitor.language.entities import names_of
from kzmonitor.language.places import name_of
from kzmonitor.review import wording

CAPITALISED = re.compile(r"[^\W\d_a-zа-яёәғқңөұүіһ][^\W\d_]+(?:-[^\W\d_]+)*")
READ_CHARACTERS = 4000
NAMES = ("same target", "same person", "same names")


def why_here(article: ArticleView) -> str:
    """What brought an article into the incident: "The same event (96 %)"."""
    chance = wording.share(article.score)
    return {
        "first": _("the first telling"),
        "copy": _("a copy of another telling"),
        "same event": _("the same event, {chance}").format(chance=chance),
        "person": _("put here by a person"),
        "round-up": _("a round-up that lists it, {chance}").format(chance=chance),
    }.get(article.why, article.why)


def shared_with(article: ArticleView, known: Sequence[str]) -> list[str]:
    """What it shares with the telling that it is likest to. known: names of the incident's parties, by which a name is
    called; else it is called as the article writes it."""
    return [said for reason in article.shared if (said := _shared(reason, article, known))]


def _shared(reason: str, article: ArticleView, known: Sequence[str]) -> str:
    clue, _colon, what = reason.partition(": ")
    if clue in NAMES:
        names = dict.fromkeys(_name(key, article, known) for key in what.split(", "))
        # A word of a name that stands there whole says nothing more.
        return ", ".join(name for name in names if not any(name != one and _within(name, one) for one in names))
    if clue == "same place":
        return _place(what)
    if clue == "same day":
        return wording.day(what)
    if clue == "same article":
        return wording.law_name(what)
    if clue == "days apart":
        days = int(what)
        return ngettext("{n} day apart", "{n} days apart", days).format(n=days) if days else _("on the same day")
    return ""


def _within(name: str, other: str) -> bool:
    keys = [{name_key(word) for word in CAPITALISED.findall(one) + one.split()} for one in (name, other)]
    return keys[0] < keys[1]


def _name(key: str, article: ArticleView, known: Sequence[str]) -> str:
    """The name behind a key of clues: the gazetteer's, a party's, or the word of the article that has this key."""
    listed = names_of(key)
    if listed:
        return listed.get(current()) or next(iter(listed.values()))
    for name in known:
        if any(name_key(word) == key for word in CAPITALISED.findall(name)):
            return name
    words = CAPITALISED.findall(f"{article.title} {(article.text or '')[:READ_CHARACTERS]}")
    return next((word for word in dict.fromkeys(words) if name_key(word) == key), f"{key.capitalize()}…")


def _place(place: str) -> str:
    try:
        return name_of(place, current())
    except KeyError:
        return place


def why_similar(one: Similar, label_names: Mapping[str, str]) -> str:
    """The one reason why another incident is shown."""
    if one.why == PARTY:
        return _("also befell {names}").format(names=", ".join(one.shared[:3])) if one.shared else _("the same party")
    if one.why == CLUES:
        number = int(one.shared[0])
        return ngettext("shares {n} rare name or word", "shares {n} rare names or words", number).format(n=number)
    kinds = ", ".join(label_names.get(label, label) for label in one.shared)
    return _("the same region and kind: {kinds}").format(kinds=kinds)
