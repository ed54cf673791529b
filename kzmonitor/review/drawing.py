"""Drawing on a sheet that becomes an SVG picture.

Each mark carries a class, which a page colours for light and dark, and the colour itself as a presentation attribute,
which a file of its own shows: a style sheet always wins over such an attribute, and neither needs an inline style."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

# Class -> colour of the file, which is always light. Ordered shades differ in lightness, so that they hold for
# every kind of colour blindness and in grey; the strongest contrasts with white by more than 4.5 to 1.
COLOURS = {
    "ink": "#1c2025",
    "soft": "#59616b",
    "line": "#dedbd4",
    "mark": "#0b5d63",
    "pale": "#8fbcbb",
    "range": "#59616b",
    "alarm": "#b8460b",
    "paper": "#ffffff",
    "q0": "#e9e7e2",
    "q1": "#c5dcdb",
    "q2": "#8fbcbb",
    "q3": "#2f7478",
    "q4": "#084a4f",
    "on-q0": "#1c2025",
    "on-q1": "#1c2025",
    "on-q2": "#1c2025",
    "on-q3": "#ffffff",
    "on-q4": "#ffffff",
}
FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
# What no XML may hold, and what would turn the direction of the words around it.
UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
# Of the font size, on average: wide letters of Kazakh and Russian.
LETTER = 0.56


@dataclass
class Sheet:
    """A picture in the making. width, height: units of the drawing, pixels at its natural size."""

    width: float
    height: float
    parts: list[Markup] = field(default_factory=list)

    def rectangle(
        self, x: float, y: float, width: float, height: float, colour: str, *, round: float = 0, told: str = ""
    ) -> None:
        """A filled rectangle; `told` is what a pointer that rests on it is told."""
        title = Markup("<title>{}</title>").format(UNFIT.sub("", told)) if told else Markup("")
        self.parts.append(
            Markup('<rect x="{}" y="{}" width="{}" height="{}"{} class="{}" fill="{}">{}</rect>').format(
                _number(x), _number(y), _number(max(width, 0)), _number(max(height, 0)),
                Markup(' rx="{}"').format(_number(round)) if round else "", colour, COLOURS[colour], title,
            )
        )  # fmt: skip

    def columns(self, boxes: Sequence[tuple[float, float, float, float]], colour: str) -> None:
        """Many rectangles (x, y, width, height) of one colour as one mark."""
        path = "".join(
            f"M{_number(x)} {_number(y)}h{_number(width)}v{_number(height)}h{_number(-width)}z"
            for x, y, width, height in boxes
            if height > 0 and width > 0
        )
        if path:
            self.parts.append(Markup('<path d="{}" class="{}" fill="{}"/>').format(path, colour, COLOURS[colour]))

    def stroke(self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> None:
        """A straight line."""
        self.parts.append(
            Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}-line" stroke="{}" stroke-width="{}"/>').format(
                _number(x1), _number(y1), _number(x2), _number(y2), colour, COLOURS[colour], _number(width)
            )
        )

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled circle."""
        self.parts.append(
            Markup('<circle cx="{}" cy="{}" r="{}" class="{}" fill="{}"/>').format(
                _number(x), _number(y), _number(radius), colour, COLOURS[colour]
            )
        )

    def words(
        self, x: float, y: float, text: str, colour: str = "soft", *, size: float = 12, anchor: str = "start",
        strong: bool = False,
    ) -> None:  # fmt: skip
        """A line of text; y is its base line. anchor: start, middle or end."""
        weight = Markup(' font-weight="600"') if strong else ""
        self.parts.append(
            Markup('<text x="{}" y="{}" font-size="{}" text-anchor="{}"{} class="{}" fill="{}">{}</text>').format(
                _number(x), _number(y), _number(size), anchor, weight, colour, COLOURS[colour], UNFIT.sub("", text)
            )
        )

    def picture(self, name: str, title: str, said: str, *, kind: str) -> Markup:
        """The picture as part of a page: `title` and `said` are read aloud in its place. name: unique on the page."""
        return Markup(
            '<svg viewBox="0 0 {} {}" class="drawing {}" role="img" aria-labelledby="{}-t {}-d" font-family="{}">'
            '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>'
        ).format(
            _number(self.width), _number(self.height), kind, name, name, FONT, name, UNFIT.sub("", title), name,
            UNFIT.sub("", said),
            Markup("").join(self.parts),
        )  # fmt: skip

    def file(self, title: str, said: str, foot: str) -> str:
        """The picture as a file of its own, with its title above and a line below that says where it comes from."""
        title, said, foot = (UNFIT.sub("", words) for words in (title, said, foot))
        head, tail, side = 40, 30, 16
        width, height = self.width + 2 * side, self.height + head + tail
        text = Markup('<text x="{}" y="{}" font-size="{}" fill="{}"{}>{}</text>')
        return Markup(
            '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" '
            'viewBox="0 0 {} {}" role="img" font-family="{}"><title>{}</title><desc>{}</desc>'
            '<rect width="100%" height="100%" fill="{}"/>{}<g transform="translate({} {})">{}</g>{}</svg>\n'
        ).format(
            _number(width), _number(height), _number(width), _number(height), FONT, title, said, COLOURS["paper"],
            text.format(side, 26, 16, COLOURS["ink"], Markup(' font-weight="600"'), title),
            side, head, Markup("").join(self.parts),
            text.format(side, _number(height - 10), 11, COLOURS["soft"], "", foot),
        )  # fmt: skip


def fitting(text: str, width: float, size: float = 12) -> str:
    """The text, cut where it would be wider than `width`."""
    most = max(int(width / (size * LETTER)), 1)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _number(value: float) -> str:
    return escape(f"{value:.1f}".removesuffix(".0"))
