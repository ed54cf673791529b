"""What changed between two versions of a text: whether a reader would notice, and which words came and went."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]

TOKEN = re.compile(r"\w+|[^\w\s]|\n")
PIECE = re.compile(r"\s+|\w+|[^\w\s]")
# Typography that outlets' editors change by machine: it is no edit.
SAME_SIGNS = str.maketrans(dict.fromkeys("«»“”„‟‘’'", '"') | dict.fromkeys("‐‑‒–—―−", "-") | {"…": "."})
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Lines that count or tell the time, wherever a layout lets them into the text.
COUNTER_WORDS = re.compile(
    r"просмотр|прочитано|прочтени|комментари|поделил|репост|лайк|обновлено|қаралым|қаралды|оқылды|пікір|бөлісу|жаңартылды"
    r"|views?\b|reads?\b|comments?\b|shares?\b|likes?\b|updated\b|min(?:ute)?s? ago|минут назад|час(?:а|ов)? назад"
)
LONGEST_COUNTER_WORDS = 8
# What the comparison of one passage may cost: above it the passage is shown as replaced. difflib needs the square of
# the pieces where equal ones never stand together, and the pairs of equal ones for each step.
MOST_PIECES = 5000
MOST_PAIRS = 60_000
CONTEXT_WORDS = 12


@dataclass(frozen=True)
class Span:
    """A run of one kind. `text` is plain text of the page: whoever shows it escapes it."""

    kind: Kind
    text: str


def words(text: str) -> list[str]:
    """The words and signs that make two texts the same or not: no blanks, counters, or quotation marks' shapes."""
    kept = [line for line in unicodedata.normalize("NFKC", text).split("\n") if not _is_counter(line)]
    plain = INVISIBLE.sub("", "\n".join(kept)).translate(SAME_SIGNS)
    return [token for token in TOKEN.findall(plain) if token not in ("\n", '"')]


def _is_counter(line: str) -> bool:
    tokens = line.split()
    has_number = any(letter.isdigit() for letter in line)
    return has_number and len(tokens) <= LONGEST_COUNTER_WORDS and COUNTER_WORDS.search(line.casefold()) is not None


def is_same(old: str, new: str) -> bool:
    """Whether a reader would call the two texts the same."""
    return old == new or words(old) == words(new)


def likeness(old: str, new: str) -> float:
    """The share of the words of the longer text that both have, 0 to 1; order aside."""
    one, other = Counter(words(old)), Counter(words(new))
    longer = max(one.total(), other.total())
    return (one & other).total() / longer if longer else 1.0


def difference(old: str, new: str) -> list[Span]:
    """The way from `old` to `new` as spans in reading order.

    The same and removed spans together are `old`, the same and added ones `new`, up to blanks between words."""
    before, after = old.split("\n"), new.split("\n")
    if _is_costly(before, after):
        return _joined(list(_by_words(_lines(before), _lines(after))))
    spans: list[Span] = []
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            spans += _same(before[i:j])
        else:
            spans += _by_words(_lines(before[i:j]), _lines(after[k:m]))
    return _joined(spans)


def _same(lines: Sequence[str]) -> list[Span]:
    return [Span("same", _lines(lines))]


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _is_costly(before: Sequence[str], after: Sequence[str]) -> bool:
    one, other = Counter(before), Counter(after)
    pairs = sum(times * other[piece] for piece, times in one.items() if not piece.isspace())
    return len(before) + len(after) > MOST_PIECES or pairs > MOST_PAIRS


def _by_words(old: str, new: str) -> Iterator[Span]:
    before, after = PIECE.findall(old), PIECE.findall(new)
    if _is_costly(before, after):
        yield from (Span("removed", old), Span("added", new))
        return
    # Blanks are everywhere: as anchors they would tear passages apart, and cost the square of their number.
    for tag, i, j, k, m in SequenceMatcher(str.isspace, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Span("same", "".join(before[i:j]))
            continue
        yield Span("removed", "".join(before[i:j]))
        yield Span("added", "".join(after[k:m]))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbours of one kind as one; a lone blank between two changes belongs to them."""
    found: list[Span] = []
    for place, span in enumerate(spans):
        changes_around = 0 < place < len(spans) - 1 and spans[place - 1].kind != "same" != spans[place + 1].kind
        if not span.text:
            continue
        if span.kind == "same" and not span.text.strip() and changes_around:
            found += [Span("removed", span.text), Span("added", span.text)]
        else:
            found.append(span)
    runs: list[Span] = []
    while found:
        changes: dict[Kind, str] = {"removed": "", "added": "", "same": ""}
        is_same_run = found[0].kind == "same"
        while found and (found[0].kind == "same") == is_same_run:
            first = found.pop(0)
            changes[first.kind] += first.text
        runs += [Span(kind, text) for kind, text in changes.items() if text]
    return runs


def shortened(spans: Sequence[Span], context: int = CONTEXT_WORDS) -> list[Span]:
    """The same difference for a screen: long runs of what is the same keep `context` words at their ends."""
    shown = []
    for place, span in enumerate(spans):
        pieces = re.findall(r"\s*\S+\s*", span.text)
        if span.kind != "same" or len(pieces) <= 2 * context + 4:
            shown.append(span)
            continue
        head = "" if place == 0 else "".join(pieces[:context]).rstrip() + " "
        tail = "" if place == len(spans) - 1 else " " + "".join(pieces[-context:]).lstrip()
        shown.append(Span("same", f"{head}[…]{tail}"))
    return shown
