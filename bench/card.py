"""The model card: prose by hand, tables by scripts, between `<!-- table: NAME -->` and `<!-- end -->`."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
CARD = ROOT / "models" / "MODEL_CARD.md"
PICTURES = ROOT / "docs" / "pictures"


def rewrite(tables: Mapping[str, str], card: Path = CARD) -> None:
    """Put each table between its markers. ValueError: the card has no place for one."""
    text = card.read_text("utf-8")
    for name, table in tables.items():
        place = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        found = place.search(text)
        if found is None:
            raise ValueError(f"{card} has no lines <!-- table: {name} --> and <!-- end -->")
        before, after = text[: found.end(1)], text[found.start(2) :]
        text = f"{before}\n{table.strip()}\n\n{after}"
    card.write_text(text, "utf-8")


def inside(name: str, card: Path = CARD) -> str:
    """What stands between the markers of a table."""
    found = re.search(rf"<!-- table: {re.escape(name)} -->\n(.*?)<!-- end -->", card.read_text("utf-8"), re.DOTALL)
    if found is None:
        raise ValueError(f"{card} has no lines <!-- table: {name} --> and <!-- end -->")
    return found[1].strip()


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats with three digits, None as a dash."""
    lines = [list(head), ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def covered(interval: Sequence[float] | None) -> str:
    """An interval as tables show it."""
    return "-" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def picture(name: str, svg: str) -> None:
    """Write docs/pictures/NAME."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / name).write_text(svg, "utf-8")
