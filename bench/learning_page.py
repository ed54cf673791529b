"""What bench/simulated_year.py writes: the learning curve as a picture, the year as a Markdown table."""

from pathlib import Path
from typing import TYPE_CHECKING

from bench.line_chart import Event, Line, chart
from kzmonitor.learn.retrain import Candidate

if TYPE_CHECKING:
    from bench.simulated_year import Year

# Two models alike: how often a 95 % interval of their difference lies below zero.
BY_CHANCE = 0.025


def worse_after_promotions(year: "Year") -> tuple[list[str], int]:
    """The core labels that came out worse on the test after a promotion, each with its week, of how many looked at."""
    promoted = [week for week in year.weeks if week.outcome == "promoted"]
    found = [f"{label} in week {week.number}" for week in promoted for label in week.worse_on_test]
    return found, len(promoted) * len(year.world.taxonomy.core)


def write(year: "Year", refused: Candidate, poisoned: int, noise: float, docs: Path) -> None:
    """The picture and the table. poisoned: size of the batch that was refused; noise: share of wrong answers."""
    (docs / "pictures").mkdir(parents=True, exist_ok=True)
    (docs / "pictures" / "learning-year.svg").write_text(picture(year), encoding="utf-8")
    (docs / "learning-year.md").write_text(page(year, refused, poisoned, noise), encoding="utf-8")


def picture(year: "Year") -> str:
    """F1 of the champion on the test over the number of reviews; filled marks are promotions."""
    marks = [week.outcome == "promoted" for week in year.weeks]
    names = {"relevance": "relevance", "core labels": "mean of core labels", "all labels": "mean of all labels"}
    lines = [
        Line(name, [(week.reviews, week.figures[key]) for week in year.weeks], marks) for key, name in names.items()
    ]
    events = [Event(week.reviews, "rollback") for week in year.weeks if week.outcome == "rolled back"]
    events.append(Event(year.reviews, "poisoned batch refused"))
    return chart("A simulated year of reviews", "reviews", "F1 on held-back events, tier queue", lines, events)


PAGE = """# A simulated year of reviews

Made by `python bench/simulated_year.py`. The model starts from {start} texts of the seed; {arriving} more arrive over
the weeks, of which readers review some, {noise:.0%} of their answers wrong. F1 at tier `queue` is that of the champion
after each week on {test} texts of events that neither training nor the gate ever sees.

![F1 over the number of reviews](pictures/learning-year.svg)

- **No promotion may make a core label worse beyond noise: {verdict_on_harm}.** Promotions: {promoted} in {weeks}
  weeks. Core labels whose 95 % interval on the test lay below zero after one: {harmed}. That is {found} of {asked}
  comparisons; with that many, chance alone would give {chance:.1f}, but the rule was set without that allowance.
- From start to end on the test, with 95 % interval: {gained}.
- Rollback: {rolled}; the next week's candidate was compared with the version that was gone back to.
- Poisoned batch ({poisoned} flipped labels of one reader, the check of readers switched off): {verdict}; worse beyond
  noise: {reasons}.

The gate's rule that two versions cut alike (`kzmonitor/learn/cut.py`) was made after earlier runs of this year, so the
year is no independent test of it.

| week | reviews | outcome | {names} | refused for |
|---|---|---|{rule}---|
{rows}
"""


def page(year: "Year", refused: Candidate, poisoned: int, noise: float) -> str:
    """The year as Markdown."""
    names = list(year.weeks[0].figures)
    rows = [
        f"| {week.number} | {week.reviews} | {week.outcome} | "
        + " | ".join(f"{week.figures[name]:.3f}" for name in names)
        + f" | {', '.join(week.refused_for) or '-'} |"
        for week in year.weeks
    ]
    found, asked = worse_after_promotions(year)
    worse = refused.report.worse
    return PAGE.format(
        start=len(year.world.seed),
        arriving=len(year.arriving),
        test=len(year.test),
        noise=noise,
        promoted=sum(week.outcome == "promoted" for week in year.weeks),
        weeks=max(week.number for week in year.weeks),
        verdict_on_harm="not met" if found else "met",
        harmed=", ".join(found) or "none",
        found=len(found),
        asked=asked,
        chance=asked * BY_CHANCE,
        gained="; ".join(year.gained),
        rolled=", ".join(f"in week {week.number}" for week in year.weeks if week.outcome == "rolled back") or "none",
        poisoned=poisoned,
        verdict="passed" if refused.report.passed else "refused",
        reasons="; ".join(f"{one.of} ({one.on}, {one.figure}, {one.difference:+.3f})" for one in worse) or "nothing",
        names=" | ".join(names),
        rule="---|" * len(names),
        rows="\n".join(rows),
    )
