"""How a text is set on sites that make more of it than a row of paragraphs: headings, quotations, lists, links."""

from dataclasses import dataclass

from markupsafe import Markup, escape

HEADING_CHARACTERS = 70
ENDS_OF_SENTENCES = (".", "!", "?", "…", ":", ";", ",", "»", '"', ")")
FEWEST_WORDS_TO_MARK = 9
MARKS = ("", "a", "", "strong", "", "em", "a")
KINDS = ("paragraph", "paragraph", "quotation", "paragraph", "run", "paragraph", "list", "paragraph")
LIST_LINES = 3


@dataclass(frozen=True)
class Block:
    """Lines of an article that are set in one way: paragraph, run (text with no element of its own), heading,
    quotation or list. Only lists have more than one line."""

    kind: str
    lines: list[Markup]


def blocks(lines: list[str], number: int) -> list[Block]:
    """A text in its order as blocks, a paragraph first; `number` decides which are quotations, lists and so on."""
    found: list[Block] = []
    at = 0
    while at < len(lines):
        kind = "heading" if is_heading(lines, at) else KINDS[(number + at) % len(KINDS)] if at else "paragraph"
        end = at + 1
        while kind == "list" and end < min(at + LIST_LINES, len(lines)) and not is_heading(lines, end):
            end += 1
        found.append(Block(kind, [marked(lines[place], number + place) for place in range(at, end)]))
        at = end
    return found


def is_heading(lines: list[str], at: int) -> bool:
    """Whether a line reads as a heading: short, not a sentence, neither the first line nor the last."""
    line = lines[at]
    return 0 < at < len(lines) - 1 and len(line) <= HEADING_CHARACTERS and not line.endswith(ENDS_OF_SENTENCES)


def marked(line: str, number: int) -> Markup:
    """The line with a few of its words in a link, in bold or in italics, or none; no word is broken."""
    words, mark = line.split(" "), MARKS[number % len(MARKS)]
    if not mark or len(words) < FEWEST_WORDS_TO_MARK:
        return escape(line)
    start, end = len(words) // 3, len(words) // 3 + 3
    before, inside, after = (escape(" ".join(part)) for part in (words[:start], words[start:end], words[end:]))
    where = Markup(' href="/?tag={}"').format(number % 24) if mark == "a" else ""
    return Markup("{} <{}{}>{}</{}> {}").format(before, Markup(mark), where, inside, Markup(mark), after)  # noqa: S704


def grouped(found: list[Block], number: int) -> list[list[Block]]:
    """The blocks in groups of one to three, as the text blocks of a page builder; a heading stands alone."""
    groups: list[list[Block]] = []
    room = 0
    for block in found:
        alone = block.kind == "heading"
        if alone or room <= 0:
            groups.append([])
            room = 0 if alone else 1 + (number + len(groups)) % 3
        groups[-1].append(block)
        room -= 1
    return groups
