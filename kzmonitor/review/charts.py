"""The charts of the desk: each is a drawing in two widths, the same in words, and the same as a table.

Small multiples and single marks rather than many colours: what a chart says must not hang on telling hues apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Any

from markupsafe import Markup

from kzmonitor.review.drawing import LETTER, Sheet, fitting

WIDE, NARROW = 560, 328
ACROSS = 900
# Where the regions stand in a picture of tiles: column and row, west to east and north to south.
TILES: Mapping[str, tuple[int, int]] = {
    "KZ-59": (3, 0),
    "KZ-27": (0, 1), "KZ-15": (1, 1), "KZ-39": (2, 1), "KZ-11": (3, 1), "KZ-71": (4, 1), "KZ-55": (5, 1),
    "KZ-23": (0, 2), "KZ-62": (3, 2), "KZ-35": (4, 2), "KZ-10": (5, 2), "KZ-63": (6, 2),
    "KZ-47": (0, 3), "KZ-43": (2, 3), "KZ-61": (3, 3), "KZ-31": (4, 3), "KZ-33": (5, 3),
    "KZ-79": (3, 4), "KZ-75": (4, 4), "KZ-19": (5, 4),
}  # fmt: skip
CITIES = frozenset({"KZ-71", "KZ-75", "KZ-79"})
SHADES = 5


@dataclass(frozen=True)
class Chart:
    """One chart. name: in addresses; said: the picture in words; columns, rows: its table and its data; note: what is
    counted and how; draw: the picture for a width; wide: that for a wide screen. empty: there is nothing to draw."""

    name: str
    title: str
    said: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    draw: Callable[[int], Sheet]
    empty: bool = False
    wide: int = WIDE

    def pictures(self) -> Markup:
        """The drawing for a wide and for a narrow screen; the style sheet shows one of them."""
        return Markup("").join(
            self.draw(width).picture(f"{self.name}-{kind}", self.title, self.said, kind=kind)
            for kind, width in (("wide", self.wide), ("narrow", NARROW))
        )


@dataclass(frozen=True)
class Row:
    """One row of columns by week: the whole, and the part of it that is drawn strong."""

    name: str
    strong: Sequence[int]
    pale: Sequence[int]


def weekly(rows: Sequence[Row], ticks: Sequence[str], width: int) -> Sheet:
    """A row of columns for each name over the same weeks, each row on the scale of its own largest week, which is
    written beside it. ticks: under the first, the middle and the last week."""
    names = width * 0.3 if width > NARROW else 0.0
    number, tall, gap, head = 34, 38, 14, 0 if width > NARROW else 16
    left, room = names, width - names - number
    sheet = Sheet(width, len(rows) * (tall + gap + head) + 20)
    for place, row in enumerate(rows):
        top = place * (tall + gap + head) + head
        most = max((one + two for one, two in zip(row.strong, row.pale, strict=True)), default=0)
        step = room / max(len(row.strong), 1)
        scale = tall / max(most, 1)
        if names:
            sheet.words(0, top + tall - 2, fitting(row.name, names - 10), "ink", strong=place == 0)
        else:
            sheet.words(0, top - 4, fitting(row.name, width), "ink", strong=place == 0)
        wide = step * 0.76
        strong = [
            (left + step * week, top + tall - count * scale, wide, count * scale)
            for week, count in enumerate(row.strong)
        ]
        pale = [
            (x, y - count * scale, wide, count * scale) for (x, y, _w, _h), count in zip(strong, row.pale, strict=True)
        ]
        sheet.columns(strong, "mark")
        sheet.columns(pale, "pale")
        sheet.stroke(left, top + tall + 0.5, left + room, top + tall + 0.5, "line")
        sheet.words(width, top + tall - 2, str(most), "soft", anchor="end")
    for text, x, anchor in zip(ticks, (left, left + room / 2, left + room), ("start", "middle", "end"), strict=False):
        sheet.words(x, sheet.height - 4, text, "soft", size=11, anchor=anchor)
    return sheet


def tiles(counts: Mapping[str, int], names: Mapping[str, str], width: int) -> Sheet:
    """A tile for each region, darker with its number, which is written in it. Cities have round corners."""
    side = (width + 4) / 7
    tall = min(side, 72.0)
    sheet = Sheet(width, 5 * tall)
    most = max(counts.values(), default=0)
    for code, (column, row) in TILES.items():
        count = counts.get(code, 0)
        shade = f"q{_shade(count, most)}"
        x, y, inner = column * side, row * tall, side - 4
        sheet.rectangle(
            x, y, inner, tall - 4, shade, round=14 if code in CITIES else 3, told=f"{names.get(code, code)}: {count}"
        )
        middle, size = x + inner / 2, 11.0
        name = names.get(code, code)
        for number, line in enumerate(
            _two_lines(name, inner / (size * LETTER)) if width > NARROW else [initials(name)]
        ):
            sheet.words(middle, y + 16 + 12 * number, line, f"on-{shade}", size=size, anchor="middle")
        sheet.words(middle, y + tall - 12, str(count), f"on-{shade}", size=15, anchor="middle", strong=True)
    return sheet


def initials(name: str) -> str:
    """A region in a few letters: the first ones of its name, or of each word where it has several."""
    parts = [part for part in name.replace("-", " ").split() if part]
    return parts[0][:4] if len(parts) == 1 else "".join(part[:1] for part in parts)


def _two_lines(name: str, letters: float) -> list[str]:
    if len(name) <= letters:
        return [name]
    for cut in ("-", " "):
        first, found, rest = name.partition(cut)
        if found and max(len(first) + 1, len(rest)) <= letters + 2:
            return [first + ("-" if cut == "-" else ""), rest]
    return [initials(name)]


def _shade(count: int, most: int) -> int:
    """0 for none, then four steps of equal width up to the largest number."""
    return min(ceil((SHADES - 1) * count / most), SHADES - 1) if count > 0 else 0


@dataclass(frozen=True)
class Bar:
    """One bar: its value, and the range that is usual for it, if that is known. alarm: it lies outside."""

    name: str
    value: float
    written: str
    low: float | None = None
    high: float | None = None
    alarm: bool = False


def bars(rows: Sequence[Bar], width: int) -> Sheet:
    """A bar for each name, the largest value as long as there is room; a bracket marks the usual range."""
    beside = width > NARROW
    names, number = (width * 0.34 if beside else 0.0), 64
    tall = 22 if beside else 38
    room = width - names - number
    most = max((max(row.value, row.high or 0.0) for row in rows), default=0.0) or 1.0
    sheet = Sheet(width, max(len(rows) * tall, tall))
    for place, row in enumerate(rows):
        middle = place * tall + (tall / 2 if beside else tall - 11)
        if beside:
            sheet.words(names - 10, middle + 4, fitting(row.name, names - 10), "ink", anchor="end")
        else:
            sheet.words(0, middle - 11, fitting(row.name, width), "ink")
        sheet.rectangle(names, middle - 6, row.value / most * room, 12, "alarm" if row.alarm else "mark", round=1)
        if row.low is not None and row.high is not None:
            low, high = (names + bound / most * room for bound in (row.low, row.high))
            sheet.stroke(low, middle + 8, high, middle + 8, "range", 1.5)
            for x in (low, high):
                sheet.stroke(x, middle + 5, x, middle + 9, "range", 1.5)
        sheet.words(width, middle + 4, row.written, "ink" if not row.alarm else "alarm", anchor="end", strong=row.alarm)
    return sheet


@dataclass(frozen=True)
class Point:
    """A share from 0 to 1 with its interval; None where nothing is known."""

    name: str
    value: float | None
    low: float | None
    high: float | None


def points(rows: Sequence[Point], width: int, marks: Sequence[tuple[float, str]]) -> Sheet:
    """A dot and its interval for each name, from left to right, 0 below and 1 above. marks: of the scale."""
    left, top, tall, foot = 44, 8, 150, 24
    room = width - left
    sheet = Sheet(width, top + tall + foot)
    for value, text in marks:
        y = top + tall * (1 - value)
        sheet.stroke(left, y, width, y, "line")
        sheet.words(left - 6, y + 4, text, "soft", size=11, anchor="end")
    step = room / max(len(rows), 1)
    every = max(1, ceil(len(rows) / max(room / 70, 1)))
    for place, row in enumerate(rows):
        x = left + step * (place + 0.5)
        if place % every == 0:
            # The first and the last name must not stick out of the picture.
            half = len(row.name) * 11 * LETTER / 2
            sheet.words(min(max(x, left + half - 20), width - half), top + tall + 17, row.name, "soft", size=11,
                        anchor="middle")  # fmt: skip
        if row.value is None or row.low is None or row.high is None:
            continue
        sheet.stroke(x, top + tall * (1 - row.low), x, top + tall * (1 - row.high), "range", 1.5)
        sheet.dot(x, top + tall * (1 - row.value), 3.5, "mark")
    return sheet


def estimate(value: float, low: float, high: float, width: int) -> Sheet:
    """One number with its interval on a line from nought."""
    left, room, y = 8.0, width - 60.0, 26.0
    most = _round_up(max(high, value, 1.0))
    sheet = Sheet(width, 56)
    sheet.stroke(left, y, left + room, y, "line")
    for at in (0.0, most / 2, most):
        x = left + at / most * room
        sheet.stroke(x, y - 4, x, y + 4, "line")
        sheet.words(x, y + 22, f"{at:g}", "soft", size=11, anchor="middle")
    first, last = (left + bound / most * room for bound in (low, high))
    sheet.stroke(first, y, last, y, "range", 3)
    for x in (first, last):
        sheet.stroke(x, y - 6, x, y + 6, "range", 1.5)
    sheet.dot(left + value / most * room, y, 6, "mark")
    return sheet


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, ..."""
    power = 10 ** int(log10(value)) if value >= 1 else 1
    return float(next(power * step for step in (1, 2, 5, 10) if power * step >= value))
