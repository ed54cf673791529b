"""Three ways to part the corpora into what is trained on and what is measured, from least to most demanding.

The held-out set (`models/heldout/`) is always what is measured, or a part of it. No seed text that shares an event or a
page with a held-out or restated text is ever trained on. The plain news of `models/background/`, which tells of no
event, is always trained on."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kzmonitor.classify.labelled import Text, read_jsonl
from kzmonitor.config import models_folder

RESTATED = Path(__file__).parent / "data" / "restated.jsonl"
LATER_SHARE = 0.4
# Texts of outlets never trained on that are measured, at least.
LEAST_UNSEEN = 200
# Second-level names under which organisations register, as in gov.kz.
REGISTRIES = {"com", "org", "net", "gov", "edu", "co", "ac"}

Record = dict[str, Any]


@dataclass(frozen=True)
class Split:
    """What to train on, what to measure, and how they were parted."""

    name: str
    training: list[Text]
    test: list[Text]
    about: str


def splits() -> list[Split]:
    """By event, later in time, outlets never trained on."""
    return [by_event(), later(), unseen_outlets()]


def by_event() -> Split:
    """The whole held-out set: no event of it is trained on."""
    left_out = len(records("seed")) - len(_apart())
    about = f"all held-out events; {left_out} seed texts that share an event or a page with them are not trained on"
    return _split("by event", _apart(), records("heldout"), about)


def later() -> Split:
    """Held-out texts from a day on, trained on what was published before it; one without a date is not trained on."""
    day = cut_off(records("heldout"))
    test = [record for record in records("heldout") if (record["date"] or "") >= day]
    before = [one for one in _apart() if one["date"] and one["date"] < day]
    return _split("later in time", before, test, f"published since {day}")


def cut_off(held_out: Sequence[Record]) -> str:
    """The day from which two fifths of the held-out texts were published."""
    newest = sorted((record["date"] or "" for record in held_out), reverse=True)
    return str(newest[int(LATER_SHARE * len(newest))])


def unseen_outlets() -> Split:
    """Held-out texts of some publishers, trained without any text of theirs.

    Invented look-alikes belong to no publisher; as large a share of them is measured too, or nearly all texts measured
    would be relevant. Publishers and look-alikes are taken in the order of a hash."""
    held_out = records("heldout")
    named = [record for record in held_out if record["outlet"]]
    chosen = _some_publishers(named)
    test = [record for record in named if publisher(record["outlet"]) in chosen]
    share = len(test) / len(named)
    test += [record for record in held_out if not record["outlet"] and _place(record["id"]) < share]
    training = [one for one in _apart() if not one["outlet"] or publisher(one["outlet"]) not in chosen]
    return _split("outlets never trained on", training, test, f"of {len(chosen)} publishers, and invented look-alikes")


def _some_publishers(named: Sequence[Record]) -> set[str]:
    chosen: set[str] = set()
    for name in sorted({publisher(record["outlet"]) for record in named}, key=_place):
        if sum(publisher(record["outlet"]) in chosen for record in named) >= LEAST_UNSEEN:
            break
        chosen.add(name)
    return chosen


def publisher(host: str) -> str:
    """The name that its owner registered: rus.azattyq.org and azattyq.org are one."""
    parts = host.lower().split(".")
    return ".".join(parts[-3:] if len(parts) > 2 and parts[-2] in REGISTRIES else parts[-2:])


def _place(name: str) -> float:
    """A number in [0, 1) that looks random and never changes."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def _apart() -> list[Record]:
    """Seed records that share neither event nor page with what is measured."""
    measured = [*records("heldout"), *_lines([RESTATED])]
    events = {record["event"] for record in measured if record["event"]}
    pages = {record["found"]["url"] for record in measured if record["found"]}
    return [
        one
        for one in records("seed")
        if one["event"] not in events and not (one["found"] and one["found"]["url"] in pages)
    ]


def records(folder: str) -> list[Record]:
    """All records of `seed`, `background` or `heldout`."""
    return _lines(files(folder))


def files(folder: str) -> list[Path]:
    """The files of a corpus, one for each language."""
    return sorted((models_folder() / folder).glob("*.jsonl"))


def texts(folder: str) -> list[Text]:
    """All texts of `seed`, `background` or `heldout`."""
    return [text for file in files(folder) for text in read_jsonl(file)]


def restated() -> list[Text]:
    """Sixty reports told again by somebody who never saw the product."""
    return read_jsonl(RESTATED)


def _lines(paths: Iterable[Path]) -> list[Record]:
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def _split(name: str, training: Sequence[Record], test: Sequence[Record], about: str) -> Split:
    trained, measured = ({record["id"] for record in part} for part in (training, test))
    learned = [*_of(texts("seed"), trained), *texts("background")]
    return Split(name, learned, _of(texts("heldout"), measured), about)


def _of(all_texts: Sequence[Text], ids: Collection[str]) -> list[Text]:
    return [text for text in all_texts if text.id in ids]
