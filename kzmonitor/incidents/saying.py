"""How statuses, turns and the parts of a severity are said, in the language of the reader."""

from collections.abc import Mapping

from kzmonitor.i18n import _, ngettext
from kzmonitor.incidents.severity import Part

TARGET_NAMES = {
    "defender": lambda: _("a human-rights defender"),
    "lawyer": lambda: _("a lawyer"),
    "journalist": lambda: _("a journalist"),
    "observer": lambda: _("an election observer"),
    "activist": lambda: _("an activist"),
    "NGO": lambda: _("an organisation"),
    "outlet": lambda: _("an outlet"),
    "union": lambda: _("a trade union"),
}


def status_names() -> dict[str, str]:
    """Every status of `models/incidents/stages.yaml`, those of an alert's tier, and `named`: no turn is known."""
    return {
        "notice": _("notice received"),
        "inspected": _("inspection begun"),
        "summoned": _("summoned"),
        "searched": _("searched"),
        "wanted": _("wanted"),
        "threatened": _("threatened"),
        "attacked": _("attacked"),
        "barred": _("kept out"),
        "detained": _("detained"),
        "blocked": _("blocked"),
        "refused": _("refused"),
        "sued": _("sued"),
        "frozen": _("accounts frozen"),
        "arrested": _("in custody"),
        "admin_arrest": _("jailed for days"),
        "travel_ban": _("not allowed to leave"),
        "charged": _("charged"),
        "extradited": _("extradited"),
        "hearing_set": _("hearing set"),
        "on_trial": _("on trial"),
        "fined": _("fined"),
        "suspended": _("suspended"),
        "sentenced": _("sentenced"),
        "dissolved": _("dissolved"),
        "appealed": _("appeal filed"),
        "upheld": _("decision upheld"),
        "cancelled": _("decision cancelled"),
        "unfrozen": _("accounts unfrozen"),
        "restored": _("access restored"),
        "registered": _("registered"),
        "released": _("released"),
        "acquitted": _("acquitted"),
        "closed": _("case closed"),
        "died": _("died in custody"),
        "queue": _("in the queue"),
        "mail": _("likely"),
        "named": _("named"),
    }


def change(name: str | None, before: str | None, after: str | None) -> str:
    """One turn in words: "Berik Sagyndykov: detained → charged". "" where nothing turned."""
    if after is None:
        return ""
    names = status_names()
    turn = " → ".join(names.get(status, status) for status in (before, after) if status)
    return f"{name}: {turn}" if name else turn


def part_said(part: Part, label_names: Mapping[str, str]) -> str:
    """One part of a severity in words, with its points: "3: Detention"."""
    points = f"{part.points:+g}" if part.what != "kind" else f"{part.points:g}"
    return f"{points}: {_reason(part, label_names)}"


def _reason(part: Part, label_names: Mapping[str, str]) -> str:
    if part.what == "kind":
        return label_names.get(part.which, part.which) or _("no kind")
    if part.what == "target":
        said = TARGET_NAMES.get(part.which)
        return _("it befell {whom}").format(whom=said() if said else part.which)
    number = int(part.which)
    if part.what == "people":
        return ngettext("it befell {n} person", "it befell {n} people", number).format(n=number)
    if part.what == "repetition":
        return ngettext(
            "{n} earlier incident of the same target", "{n} earlier incidents of the same target", number
        ).format(n=number)
    if part.what == "sources":
        return ngettext("told by {n} independent source", "told by {n} independent sources", number).format(n=number)
    return ngettext("{n} turn for the worse", "{n} turns for the worse", number).format(n=number)
