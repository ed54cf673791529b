"""Reliability as pictures: what share of the texts with a probability truly is what it says."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench.line_chart import Chart, Line, chart, grid

X_NAME, Y_NAME = "probability said", "share that is so"
DIAGONAL = Line("as it should be", [(0.0, 0.0), (1.0, 1.0)], [False, False])


def relevance(trust: dict[str, Any]) -> str:
    """`trust`: as kzmonitor.classify.reliability gives it."""
    told = trust["relevance"]
    bins: Sequence[dict[str, Any]] = told["bins"]
    lines = [DIAGONAL, _seen("seen", bins), _bound("95 % low", bins, "low"), _bound("95 % high", bins, "high")]
    title = f"Relevance, held-out events (calibration error {told['error']:.3f})"
    return chart(title, X_NAME, Y_NAME, lines, [], y_range=(0.0, 1.0))


def labels(trust: dict[str, Any]) -> str:
    """One small chart for each label, with its calibration error, three in a row."""
    return grid([_small(name, told) for name, told in trust["labels"].items()], columns=3)


def _small(name: str, told: dict[str, Any]) -> Chart:
    lines = [replace(DIAGONAL, name=""), _seen("", told["bins"])]
    return Chart(f"{name} ({told['error']:.3f})", X_NAME, "", lines, y_range=(0.0, 1.0))


def _seen(name: str, bins: Sequence[dict[str, Any]]) -> Line:
    return Line(name, [(one["said"], one["seen"]) for one in bins], [True] * len(bins))


def _bound(name: str, bins: Sequence[dict[str, Any]], key: str) -> Line:
    return Line(name, [(one["said"], one[key]) for one in bins], [False] * len(bins))
