"""The data dictionary in docs/export.md, written from the tables themselves.

`python -m kzmonitor.export.dictionary FILE` renews the part of the file below the mark."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from kzmonitor.export import counts
from kzmonitor.export.crosswalk import SCHEMES, Case, Crosswalk, crosswalk
from kzmonitor.export.run import TABLES
from kzmonitor.export.tables import Column

MARK = (
    "<!-- What follows is written by `python -m kzmonitor.export.dictionary docs/export.md`; edit the code instead. -->"
)
TYPES = {
    "text": "text", "texts": "list of texts", "id": "UUID", "ids": "list of UUIDs", "moment": "time, UTC",
    "count": "whole number", "number": "number", "flag": "true or false",
}  # fmt: skip


def dictionary() -> str:
    """Every table with its columns, and the crosswalk, as Markdown."""
    parts = ["## Data dictionary", "In the last column: what `--redact names` does."]
    for table in TABLES.values():
        kinds = ", ".join(f"`{dimension}`" for dimension in table.counted)
        parts += [f"### {table.name}", f"{table.says} In the order of {table.order}. Counted by {kinds}."]
        parts.append(_columns(table.columns))
    parts += ["### Counts", "What `--redact counts` writes in place of rows, of any table.", _columns(counts.COLUMNS)]
    parts += _crosswalk(crosswalk())
    return "\n\n".join(parts) + "\n"


def renewed(page: str) -> str:
    """The page with the dictionary of now below the mark."""
    written, mark, _old = page.partition(MARK)
    assert mark, "docs/export.md has the mark"
    return f"{written}{MARK}\n\n{dictionary()}"


def _columns(columns: Sequence[Column]) -> str:
    rows = [[f"`{one.name}`", TYPES[one.kind], one.says, one.at_names] for one in columns]
    return _table(["column", "type", "what it holds", "without names"], rows)


def _crosswalk(walk: Crosswalk) -> Iterator[str]:
    yield "## Crosswalk"
    yield "The columns of these names hold one code for each label; `none` where no code covers what the label covers."
    rows = [[f"`{label}`", *(codes[scheme] for scheme in SCHEMES)] for label, codes in walk.labels.items()]
    yield _table(["label", *(f"`{scheme}`" for scheme in SCHEMES)], rows)
    yield "\n".join(f"- `{label}`: {' '.join(note.split())}" for label, note in walk.notes.items())
    rows = [
        [
            f"`{case.scheme}`",
            f"`{case.label}`",
            "; ".join(filter(None, (eased, *map(_kinds, _fields(case))))),
            case.code,
        ]
        for cases, eased in ((walk.unless, ""), (walk.eased, "eased"))
        for case in cases
    ]
    yield "Where a field changes the code (an eased turn has no other code than these):"
    yield _table(["scheme", "label", "if", "code"], rows)
    for column, (field, codes) in walk.fields.items():
        yield f"`{column}`, from `{field}s`:"
        yield _table(["ours", "code"], [[f"`{ours}`", code] for ours, code in codes.items()])
    yield "Sources:"
    yield "\n".join(
        f"- `{name}`: {scheme.name}. {' '.join(scheme.source.split())}; read {scheme.read}."
        + (f" Not seen on a page of its own: {', '.join(scheme.unread)}." if scheme.unread else "")
        for name, scheme in walk.schemes.items()
    )


def _fields(case: Case) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    return case.target_kind, case.actor_kind


def _kinds(kinds: frozenset[str] | None) -> str:
    return ", ".join(sorted(kinds)) if kinds else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text("utf-8")), "utf-8")
