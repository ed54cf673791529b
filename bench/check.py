"""Fails on a regression: `python -m bench.check [FRESH.json]`; without a file the small benchmarks are run first.

Only ratios to a peer of the same run are compared with the kept ones (bench/data/performance-small.json): the machine's
mood moves both sides of them. A ratio is worse beyond noise when it has lost more than a quarter of what was kept, or
more than three times the spread of both runs, whichever is larger, and no noise excuses more than three fifths. The
spread of a ratio is that of its medians: median distances from the median, made comparable to a standard deviation.
What was kept and is not there any more is a failure, too. `--keep` writes the fresh figures down as those to compare
with."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import figures, run
from bench.figures import Figure, Ratio

KEPT = Path(__file__).parent / "data" / "performance-small.json"
LEAST_LOSS, SPREADS = 0.25, 3.0
# Where noise alone would explain more, the measurement is the defect, and the check says so by failing.
MOST_LOSS = 0.6
# Of a normal distribution, the standard deviation over the median absolute deviation.
DEVIATION = 1.4826


def main() -> None:
    """Compare, print, exit 1 on a regression."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("fresh", type=Path, nargs="?")
    arguments.add_argument("--keep", action="store_true", help="keep the fresh figures for later comparisons")
    given = arguments.parse_args()
    if not KEPT.exists() and not given.keep:
        sys.exit(f"{KEPT}: nothing is kept to compare with; on an idle machine: python -m bench.check --keep")
    if given.fresh:
        fresh = figures.read(given.fresh)
    else:
        fresh, failed = run.run([name for name, one in run.BENCHMARKS.items() if one.in_small], small=True)
        if failed:
            sys.exit(f"failed: {', '.join(failed)}")
    if given.keep:
        fresh.write(KEPT)
        print(f"kept: {KEPT}")
        return
    lines, lost = compared(figures.read(KEPT).figures, fresh.figures)
    print("\n".join(lines))
    if lost:
        sys.exit(f"slower beyond noise: {'; '.join(lost)}")


def compared(kept: Sequence[Figure], fresh: Sequence[Figure]) -> tuple[list[str], list[str]]:
    """A line for each ratio, and the keys of those that are worse beyond noise or missing."""
    found = {one.key: one for one in figures.ratios(fresh)}
    lines, lost = [], []
    for before in figures.ratios([one for one in kept if one.tool != figures.AIM]):
        now = found.get(before.key)
        if now is None:
            lines.append(f"{before.key}: was {before.times:.2f}, is missing")
            lost.append(f"{before.key} is missing")
            continue
        worse = is_worse(before, now)
        share = 1 - now.times / before.times
        lines.append(
            f"{before.key}: {before.times:.2f} -> {now.times:.2f} ({-share:+.0%}, allowed {-allowed(before, now):.0%})"
            + (" WORSE" if worse else "")
        )
        lost += [before.key] if worse else []
    return lines, lost


def allowed(before: Ratio, now: Ratio) -> float:
    """The share of a ratio that may be lost to noise."""
    return min(MOST_LOSS, max(LEAST_LOSS, SPREADS * DEVIATION * math.hypot(before.spread, now.spread)))


def is_worse(before: Ratio, now: Ratio) -> bool:
    """Whether a ratio has lost more than noise explains."""
    return now.times < before.times * (1 - allowed(before, now))


if __name__ == "__main__":
    main()
