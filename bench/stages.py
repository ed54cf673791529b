"""How well statuses are read: `python bench/stages.py`.

Three sets, by language. `bench/data/stages.jsonl`: 126 short reports written for this, with the statuses of each person
and organisation. `stages_seed.jsonl`: texts of the seed, drawn at random among reports with a named target; `statuses`
must be found, those under `also` may be. `stages_fresh.jsonl`: more of them, on which nothing was tuned."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from kzmonitor.config import models_folder
from kzmonitor.incidents.stages import stages
from kzmonitor.incidents.telling import Telling
from kzmonitor.language.names import skeleton

DATA = Path(__file__).parent / "data"
LANGUAGES = ("ru", "kk", "en")
# Letters of a skeleton by which an inflected word is known again.
KNOWN_BY = 5
Found = set[tuple[str, str]]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def found(record: Mapping[str, Any]) -> Found:
    """(name, status) of everything that the text is read to say of somebody it names."""
    when = datetime.fromisoformat(record["date"]).replace(hour=8, tzinfo=UTC)
    telling = Telling(
        UUID(int=0), record["id"], "bench", record["title"], record["text"], record["lang"], when, (), "mail", 1.0, {}
    )
    return {(one.party.name, one.status) for one in stages(telling) if one.party}


def is_meant(written: str, name: str) -> bool:
    """Whether every word of `written` is in `name`, whatever the script and the case."""
    begins = {skeleton(word)[:KNOWN_BY] for word in name.replace(".", " ").split()}
    return all(skeleton(word)[:KNOWN_BY] in begins for word in written.replace(".", " ").split())


def counted(said: Found, must: Mapping[str, list[str]], may: Mapping[str, list[str]]) -> tuple[int, int, int]:
    """How many statuses are right, missed, wrong."""
    wanted = [(name, status) for name, statuses in must.items() for status in statuses]
    allowed = [*wanted, *((name, status) for name, statuses in may.items() for status in statuses)]
    right = sum(any(status == other and is_meant(name, who) for who, other in said) for name, status in wanted)
    wrong = sum(not any(status == other and is_meant(name, who) for name, other in allowed) for who, status in said)
    return right, len(wanted) - right, wrong


def show(name: str, counts: Iterable[tuple[int, int, int]]) -> None:
    each = list(counts)
    right, missed, wrong = (sum(column) for column in zip(*each, strict=True))
    whole = sum(not missed and not wrong for _, missed, wrong in each)
    precision, recall = right / max(right + wrong, 1), right / max(right + missed, 1)
    print(f"{name}: {whole} of {len(each)} texts whole, precision {precision:.2f}, recall {recall:.2f}")


def main() -> None:
    written = read(DATA / "stages.jsonl")
    seed = {row["id"]: row for path in (models_folder() / "seed").glob("*.jsonl") for row in read(path)}
    drawn = read(DATA / "stages_seed.jsonl")
    unseen = read(DATA / "stages_fresh.jsonl")
    for language in LANGUAGES:
        show(
            f"written {language}",
            [counted(found(row), row["statuses"], {}) for row in written if row["lang"] == language],
        )
    for name, rows in (("seed", drawn), ("unseen", unseen)):
        for language in LANGUAGES:
            chosen = [row for row in rows if row["id"].startswith(language)]
            show(
                f"{name} {language}",
                [counted(found(seed[row["id"]]), row["statuses"], row["also"]) for row in chosen],
            )


if __name__ == "__main__":
    main()
