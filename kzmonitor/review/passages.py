"""Texts as a page shows them: cut into paragraphs and marked where the reasons point, without a line of HTML."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kzmonitor.classify.reasons import Reason

# Characters that reorder or hide what stands around them, and controls that no text needs.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
BREAK = re.compile(r"\n+")


@dataclass(frozen=True)
class Piece:
    """A run of text and the reasons that cover all of it, the weightiest first."""

    text: str
    reasons: tuple[Reason, ...] = ()

    @property
    def speaks_for(self) -> bool:
        """Whether the weight of its reasons is for the labels they name."""
        return sum(reason.weight for reason in self.reasons) >= 0


Paragraph = tuple[Piece, ...]


@dataclass(frozen=True)
class Passages:
    """A title and the paragraphs of a text."""

    title: Paragraph
    paragraphs: list[Paragraph]


def marked(title: str, text: str, reasons: Sequence[Reason]) -> Passages:
    """The title and text of an article with its reasons; spans may overlap, one outside the text is left out."""
    whole = f"{title}\n{text}"
    spans = [
        (max(reason.start, 0), min(reason.end, len(whole)), reason)
        for reason in sorted(reasons, key=lambda reason: -abs(reason.weight))
        if max(reason.start, 0) < min(reason.end, len(whole))
    ]
    paragraphs = []
    for start, end in _lines(text, len(title) + 1):
        pieces = _pieces(whole, start, end, spans)
        if pieces:
            paragraphs.append(pieces)
    return Passages(_pieces(whole, 0, len(title), spans), paragraphs)


def readable(text: str) -> str:
    """`text` without the characters that reorder or hide what stands around them."""
    return UNSEEN.sub("", text)


def shortened(text: str, length: int) -> str:
    """The readable text on one line, cut at a word where it is longer than `length`."""
    line = " ".join(readable(text[: length * 4]).split())
    if len(line) <= length:
        return line
    return line[:length].rsplit(" ", 1)[0] + "…"


def _lines(text: str, offset: int) -> Iterable[tuple[int, int]]:
    """Where each paragraph of `text` starts and ends, from `offset` on."""
    start = 0
    for found in BREAK.finditer(text):
        yield offset + start, offset + found.start()
        start = found.end()
    yield offset + start, offset + len(text)


def _pieces(whole: str, start: int, end: int, spans: Sequence[tuple[int, int, Reason]]) -> Paragraph:
    """whole[start:end], cut wherever a span begins or ends; blank when there is nothing to read."""
    inside = [span for span in spans if span[0] < end and span[1] > start]
    cuts = sorted({start, end, *(min(max(cut, start), end) for span in inside for cut in span[:2])})
    pieces = []
    for first, last in pairwise(cuts):
        text = readable(whole[first:last])
        if text:
            covering = tuple(reason for begin, stop, reason in inside if begin <= first and last <= stop)
            pieces.append(Piece(text, covering))
    return tuple(pieces) if any(piece.text.strip() for piece in pieces) else ()
