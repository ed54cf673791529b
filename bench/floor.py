"""The quality floor: what the classifier reached on the held-out events, and a check that it still does.

    python bench/floor.py --check
    python bench/floor.py --write [--lower REASON]

Both train on the seed without any text that shares an event or a page with the held-out set, and measure on the latter;
about a minute. --check exits 1 with one line when a figure has fallen by more than its noise margin, or when the
held-out files are not those that the floor was measured on. --write keeps today's figures; it refuses to lower one
unless a reason is given, which becomes a line of the model card.

The margin is half the distance from a figure to the worse end of its 95 % interval, about a standard error: the texts
measured are always the same, so that all that varies is what the model learned."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from bench import card, splits
from kzmonitor.classify.evaluate import report
from kzmonitor.classify.intervals import intervals
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.classify.train import train
from kzmonitor.config import models_folder

FLOOR = models_folder() / "floor.json"
SUMS = models_folder() / "heldout" / "SHA256SUMS"
DIGITS = 4
LOWERED = "lowered floors"

Figure = dict[str, float]


def main() -> None:
    """Check or write the floor."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = arguments.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true")
    what.add_argument("--write", action="store_true")
    arguments.add_argument("--lower", metavar="REASON", help="let figures fall, and say why in the model card")
    given = arguments.parse_args()
    known = json.loads(FLOOR.read_text("utf-8")) if FLOOR.exists() else None
    if given.check:
        sys.exit(checked(known))
    sys.exit(written(known, given.lower))


def checked(known: dict[str, Any] | None) -> str | None:
    """What is wrong, in one line; None: nothing."""
    if known is None:
        return f"{FLOOR}: no such file; write it: python bench/floor.py --write"
    if known["heldout"] != hashes("heldout"):
        return "the held-out files are not those of models/floor.json; they are frozen, restore them"
    if known["seed"] != hashes("seed", "background"):
        print("the seed has changed since the floor was written; once it holds: python bench/floor.py --write")
    low = fallen(known["figures"], measured())
    return f"below the quality floor: {'; '.join(low)}" if low else None


def written(known: dict[str, Any] | None, reason: str | None) -> str | None:
    """Write today's figures; or why that is refused, in one line."""
    figures = measured()
    lower = worse(known["figures"], figures) if known else []
    if lower and not reason:
        return f"refused, it would lower the floor: {'; '.join(lower)}; to do so: --lower REASON"
    floor = {"heldout": hashes("heldout"), "seed": hashes("seed", "background"), "figures": figures}
    FLOOR.write_text(json.dumps(floor, indent=1) + "\n", "utf-8")
    if lower and reason:
        before = card.inside(LOWERED)
        card.rewrite({LOWERED: f"{before}\n- {' '.join(reason.split())}: {'; '.join(lower)}"})
    return None


def hashes(*folders: str) -> dict[str, str]:
    """SHA-256 of each file of some corpora."""
    return {
        f"{folder}/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in folders
        for file in splits.files(folder)
    }


def frozen() -> dict[str, str]:
    """SHA-256 of each held-out file as it was when the set was frozen."""
    lines = SUMS.read_text("utf-8").splitlines()
    return {f"heldout/{name}": digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def measured() -> dict[str, Figure]:
    """Each figure with its `value`, its `margin`, and `sign`: 1 if more is better, -1 if less is."""
    split = splits.by_event()
    classifier = train(split.training, read_taxonomy(models_folder() / "taxonomy.yaml"))
    said = classifier.predict([(text.title, text.text) for text in split.test], reasons=False)
    of = (split.test, said, classifier.taxonomy)
    told = {tier: (report(*of, tier), intervals(*of, tier)) for tier in ("queue", "mail")}
    return dict(_figures(told))


def _figures(told: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]) -> Iterator[tuple[str, Figure]]:
    (queue, doubt), (mail, mail_doubt) = told["queue"], told["mail"]
    for key in ("precision", "recall", "f1"):
        yield f"{key} at queue", _figure(queue["relevance"][key], doubt["relevance"][key], 1)
    for language in sorted(queue["by_language"]):
        one, other = (which["by_language"][language]["relevance"]["f1"] for which in (queue, doubt))
        yield f"f1 at queue, {language}", _figure(one, other, 1)
    for key in ("macro_f1", "core_macro_f1"):
        yield f"{key} at queue", _figure(queue[key], doubt[key], 1)
    yield "look-alikes flagged at queue", _figure(queue["hard_negative_fpr"], doubt["hard_negative_fpr"], -1)
    yield "recall at mail", _figure(mail["relevance"]["recall"], mail_doubt["relevance"]["recall"], 1)
    yield "look-alikes flagged at mail", _figure(mail["hard_negative_fpr"], mail_doubt["hard_negative_fpr"], -1)


def _figure(value: float, interval: list[float], sign: int) -> Figure:
    worse_end = interval[0] if sign > 0 else interval[1]
    return {"value": value, "margin": round(abs(value - worse_end) / 2, DIGITS), "sign": sign}


def fallen(floor: Mapping[str, Figure], now: Mapping[str, Figure]) -> list[str]:
    """The figures that are worse than the floor by more than its margin."""
    return [
        f"{name} is {now[name]['value']:.3f}, the floor {one['value']:.3f}, the margin {one['margin']:.3f}"
        for name, one in floor.items()
        if one["sign"] * (one["value"] - now[name]["value"]) > one["margin"]
    ]


def worse(floor: Mapping[str, Figure], now: Mapping[str, Figure]) -> list[str]:
    """The figures that are worse than the floor at all."""
    return [
        f"{name} from {one['value']:.3f} to {now[name]['value']:.3f}"
        for name, one in floor.items()
        if one["sign"] * (one["value"] - now[name]["value"]) > 0
    ]


if __name__ == "__main__":
    main()
