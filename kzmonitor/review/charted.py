"""The overview's figures as charts: what each says in words, its table, its drawing."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from babel.dates import format_date
from babel.numbers import format_decimal

from kzmonitor.i18n import _, current, ngettext
from kzmonitor.learn.figures import Named, Overview, Weekly
from kzmonitor.learn.missed import Missed
from kzmonitor.learn.versions import Version
from kzmonitor.review import charts, wording
from kzmonitor.review.charts import Bar, Chart, Point, Row
from kzmonitor.review.passages import shortened
from kzmonitor.review.wording import LOCALES, region_name, share
from kzmonitor.sources.shares import Share

MOST_SOURCES = 20
PERCENT_MARKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def short_day(day: date) -> str:
    """A day without its year."""
    return str(format_date(day, "d MMM", LOCALES[current()]))


def number(value: float) -> str:
    """A number as people write it."""
    return str(format_decimal(value, locale=LOCALES[current()]))


def of_overview(made: Overview, label_names: Mapping[str, str]) -> list[Chart]:
    """The charts of incidents: by week and kind, by region, whom and by whom, and how right the alerts were."""
    people = targets(made.targets), actors(made.actors)
    return [by_week(made, label_names), by_region(made.regions), *people, right(made)]


def by_week(made: Overview, label_names: Mapping[str, str]) -> Chart:
    """Incidents by week, all and of each kind."""
    kinds = sorted(made.kinds, key=lambda kind: (-sum(made.kinds[kind].total), kind))
    rows: list[tuple[str, Weekly]] = [
        (_("All incidents"), made.every),
        *((label_names.get(kind, kind), made.kinds[kind]) for kind in kinds),
    ]
    total = sum(made.every.total)
    ticks = [short_day(made.weeks[0]), short_day(made.weeks[len(made.weeks) // 2]), _("this week")]
    if total:
        said = ngettext("{n} incident", "{n} incidents", total).format(n=number(total)) + "; "
        said += _("{n} in the last whole week.").format(n=number(made.every.total[-2] if len(made.weeks) > 1 else 0))
        if kinds:
            most = rows[1]
            said += " " + _("Most often: {kind}, {n}.").format(kind=most[0], n=number(sum(most[1].total)))
    else:
        said = _("No incident was reported.")
    return Chart(
        "weeks",
        _("Incidents by week and kind"),
        said,
        _("By the week in which an incident was first reported. Strong: confirmed by a person; faint: nobody has "
          "decided yet; rejected ones do not count. Each row has its own scale, its largest week stands beside it."),
        [_("Week from"), *(f"{name}: {part}" for name, _weekly in rows for part in (_("confirmed"), _("not checked")))],
        [
            [week.isoformat(), *(n for _name, one in rows for n in (one.confirmed[place], one.unchecked[place]))]
            for place, week in enumerate(made.weeks)
        ],
        lambda width: charts.weekly([Row(name, one.confirmed, one.unchecked) for name, one in rows], ticks, width),
        empty=not total,
        wide=charts.ACROSS,
    )  # fmt: skip


def by_region(regions: Mapping[str, int]) -> Chart:
    """Incidents on the tiles of the 20 regions."""
    known = {code: count for code, count in regions.items() if code in charts.TILES}
    ranked = sorted(charts.TILES, key=lambda code: (-known.get(code, 0), code))
    nowhere = sum(regions.values()) - sum(known.values())
    names = {code: _tile_name(code) for code in charts.TILES}
    top = [code for code in ranked[:3] if known.get(code)]
    said = _("Most incidents: {regions}.").format(
        regions=", ".join(f"{region_name(code)} ({number(known[code])})" for code in top)
    ) if top else _("No incident has a known place.")  # fmt: skip
    if nowhere:
        said += " " + ngettext(
            "{n} incident has no known place.", "{n} incidents have no known place.", nowhere
        ).format(n=number(nowhere))  # fmt: skip
    rows = [[code, region_name(code) or code, known.get(code, 0)] for code in ranked]
    return Chart(
        "regions",
        _("Incidents by region"),
        said,
        _(
            "A tile stands roughly where its region lies; the stronger its colour, the more incidents. Round corners: "
            "a city."
        ),
        [_("Code"), _("Region"), _("Incidents")],
        [*rows, ["", _("no known place"), nowhere]],
        lambda width: charts.tiles(known, names, width),
        empty=not known,
    )


def _tile_name(code: str) -> str:
    """A region without the word for region."""
    dropped = {"region", "область", "облысы"}
    name = region_name(code) or code
    return " ".join(word for word in name.split() if word.casefold() not in dropped)


def targets(named: Sequence[Named]) -> Chart:
    """Whom most incidents befell."""
    return _ranked("targets", _("Whom it befell most often"), _("Persons and organisations, by incidents."), named)


def actors(named: Sequence[Named]) -> Chart:
    """Who acted in most incidents."""
    return _ranked(
        "actors", _("Who acted most often"), _("As the texts name them: bodies, courts, companies, persons."), named
    )


def _ranked(name: str, title: str, note: str, named: Sequence[Named]) -> Chart:
    rows = [(shortened(one.name, 80), one.incidents) for one in named]
    said = (
        _("First: {names}.").format(names=", ".join(f"{who} ({number(count)})" for who, count in rows[:3]))
        if rows
        else _("Nobody is named.")
    )
    return Chart(
        name, title, said, note, [_("Name"), _("Incidents")], rows,
        lambda width: charts.bars([Bar(who, count, number(count)) for who, count in rows], width), empty=not rows,
    )  # fmt: skip


def right(made: Overview) -> Chart:
    """The share of alerts that people confirmed, by week."""
    decided = [one for one in made.right if one.share is not None]
    confirmed, rejected = sum(one.confirmed for one in decided), sum(one.rejected for one in decided)
    if decided:
        said = _("Of {n} alerts that a person decided on, {share} were confirmed.").format(
            n=number(confirmed + rejected), share=share(confirmed / (confirmed + rejected))
        )
    else:
        said = _("Nobody has decided on an alert of these weeks.")
    return Chart(
        "precision",
        _("Alerts that were right"),
        said,
        _("By the week in which an alert was opened: the share confirmed of those that a person confirmed or rejected, "
          "with its interval (95 %). Alerts that wait are no part of it."),
        [_("Week from"), _("Confirmed"), _("Rejected"), _("Waiting"), _("Share confirmed"), _("from"), _("to")],
        [
            [one.week.isoformat(), one.confirmed, one.rejected, one.waiting, one.share, one.low, one.high]
            for one in made.right
        ],
        lambda width: charts.points(
            [Point(short_day(one.week), one.share, one.low, one.high) for one in made.right],
            width,
            [(mark, share(mark)) for mark in PERCENT_MARKS],
        ),
        empty=not decided,
    )  # fmt: skip


def coverage(shares: Sequence[Share], by: str, names: Mapping[str, str]) -> Chart:
    """The share of each source or language, beside its norm."""
    rows = [(shortened(names.get(one.name, one.name), 60), one) for one in shares]
    odd = [(name, one) for name, one in rows if one.verdict in ("low", "high")]
    articles = sum(one.articles for one in shares)
    said = ngettext("{n} article.", "{n} articles.", articles).format(n=number(articles))
    if odd:
        listed = ", ".join(f"{name} ({_verdicts()[one.verdict]})" for name, one in odd[:5])
        said += " " + _("Outside its norm: {names}.").format(names=listed)
    elif any(one.verdict == "usual" for _name, one in rows):
        said += " " + _("Every share is as usual.")
    shown = rows[:MOST_SOURCES] + [row for row in rows[MOST_SOURCES:] if row in odd]
    return Chart(
        "sources" if by == "source" else "languages",
        _("Share of the coverage by source") if by == "source" else _("Share of the coverage by language"),
        said,
        _("Bracket: where the share lay in up to 26 weeks before; outside it but once in a hundred by chance. "
          "The filters do not apply here."),
        [_("Name"), _("Articles"), _("Share"), _("Usual share"), _("Usual from"), _("to"), _("Verdict")],
        [
            [name, one.articles, one.share, one.usual, one.low, one.high, _verdicts()[one.verdict]]
            for name, one in rows
        ],
        lambda width: charts.bars(
            [
                Bar(name, one.share, share(one.share), one.low, one.high, alarm=one.verdict in ("low", "high"))
                for name, one in shown
            ],
            width,
        ),
        empty=not articles,
    )  # fmt: skip


def _verdicts() -> dict[str, str]:
    return {
        "usual": _("as usual"),
        "low": _("fewer than usual"),
        "high": _("more than usual"),
        "unknown": _("too little is known"),
    }


def verdict_name(verdict: str) -> str:
    """Whether a number is as usual, in words."""
    return _verdicts()[verdict]


def missed(found: Missed | None) -> Chart:
    """How many relevant articles were not flagged."""
    tongues = wording.language_names()
    rows = [
        [tongues.get(one.language, one.language), one.articles, one.audited, one.relevant]
        for one in (found.strata if found else ())
    ]
    if found is None or found.estimate is None or found.low is None or found.high is None:
        said = _("No article that was let pass has been audited in these weeks, so nothing can be said.")
        draw = 0.0, 0.0, 0.0
    else:
        draw = found.estimate, found.low, found.high
        said = _("About {n} relevant articles were not flagged; from {low} to {high} (95 %).").format(
            n=number(round(draw[0])), low=number(round(draw[1])), high=number(round(draw[2]))
        )
    if found is not None and found.reported:
        said += " " + ngettext("{n} was reported by people.", "{n} were reported by people.", found.reported).format(
            n=number(found.reported)
        )
    if found is not None and rows and found.unaudited:
        names = ", ".join(tongues.get(code, code) for code in found.unaudited)
        said += " " + _("Nothing is said of: {languages}, of which nothing was audited.").format(languages=names)
    return Chart(
        "missed",
        _("What was missed"),
        said,
        _("Estimated from the random audit of articles that were let pass. Several may tell of one event, so the "
          "number of missed events is at most this. The filters do not apply here."),
        [_("Language"), _("Let pass"), _("Audited"), _("Relevant among them")],
        rows,
        lambda width: charts.estimate(*draw, width),
        empty=found is None or found.estimate is None,
    )  # fmt: skip


def versions(known: Sequence[Version]) -> Chart:
    """How well each version did on texts held out in its training."""
    rows = [one for one in known if one.f1 is not None]
    champion = next((one for one in rows if one.state == "champion"), None)
    said = (
        _("The version in use, {version}: F1 {f1}.").format(version=champion.version, f1=share(champion.f1 or 0))
        if champion
        else _("No version has figures.")
    )
    return Chart(
        "versions",
        _("Versions of the model"),
        said,
        _("F1 of being relevant, at the queue's threshold, on texts held out in the training of each version. "
          "Label sets grow, so versions are compared fairly only on the same texts: see Models."),
        [_("Version"), _("State"), _("Trained"), _("F1"), _("Precision"), _("Recall"), _("Macro F1 of core labels")],
        [
            [one.version, one.state, one.trained_at.isoformat(), one.f1, one.precision, one.recall, one.core_macro_f1]
            for one in rows
        ],
        lambda width: charts.points(
            [Point(short_day(one.trained_at.date()), one.f1, one.f1, one.f1) for one in reversed(rows)],
            width,
            [(mark, share(mark)) for mark in PERCENT_MARKS],
        ),
        empty=not rows,
    )  # fmt: skip


def spans() -> dict[int, str]:
    """The spans that can be chosen."""
    return {4: _("4 weeks"), 12: _("12 weeks"), 52: _("a year")}


def ends(weeks: Sequence[date]) -> date:
    """The last day of the last of these weeks."""
    return weeks[-1] + timedelta(days=6)
