"""Text from outside on one line of ours: nothing invisible, nothing that turns the reading direction."""

import unicodedata

# Letters of other categories than these are control, format and private-use characters, bidi overrides among them.
HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
LONGEST = 300


def visible(text: str, longest: int = LONGEST) -> str:
    """`text` on one line without hidden characters, cut at `longest` characters with an ellipsis."""
    head = text[: longest * 4]
    shown = "".join(" " if letter.isspace() else letter for letter in head if letter.isspace() or not _hidden(letter))
    line = " ".join(shown.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _hidden(letter: str) -> bool:
    return unicodedata.category(letter) in HIDDEN
