"""Text from outside on one line of ours: nothing invisible, nothing that turns the reading direction."""

LONGEST = 300


def visible(text: str, longest: int = LONGEST) -> str:
    """`text` on one line without hidden characters, cut at `longest` characters with an ellipsis."""
    # Not printable are control, format (bidi overrides among them), private-use and unassigned characters.
    shown = (
        " " if letter.isspace() else letter
        for letter in text[: longest * 4]
        if letter.isspace() or letter.isprintable()
    )
    line = " ".join("".join(shown).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
