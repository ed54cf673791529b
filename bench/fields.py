"""How well the fields are read: turn, role, kinds, region, date and names.

    python bench/fields.py [--heldout]

Five-fold cross-validation on the relevant texts of the seed, all texts of an event in one fold; with --heldout a
model of the whole seed (without what shares an event or a page with the held-out set) on the held-out texts. Prints a
Markdown table, beside each figure the floor: the commonest answer of the training texts, for dates the month of
publication."""

import argparse
import time
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.model_selection import GroupKFold

from bench.splits import by_event, records
from kzmonitor.classify.fields.candidates import PartyChoice, date_choices, is_party, region_choices
from kzmonitor.classify.fields.features import scene_of
from kzmonitor.classify.fields.fit import fit_fields
from kzmonitor.classify.fields.model import Fields
from kzmonitor.classify.fields.record import Known, known
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.classify.reading import Reader, Reading
from kzmonitor.classify.train import _features
from kzmonitor.config import models_folder
from kzmonitor.language.concepts import read_lexicon
from kzmonitor.language.places import region_of

LANGUAGES = ("ru", "kk", "en")
FOLDS = 5


@dataclass(frozen=True)
class Case:
    """One relevant text: what people wrote, what the model read, and what the floor says."""

    language: str
    told: Known
    read: Fields
    floor: Known
    region_named: bool
    date_named: bool


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heldout", action="store_true", help="the held-out texts instead of cross-validation")
    seed = records("seed")
    reader = Reader("\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon()))
    if parser.parse_args().heldout:
        kept = {text.id for text in by_event().training}
        cases = judge([one for one in seed if one["id"] in kept], records("heldout"), reader)
    else:
        events = [record["event"] or record["id"] for record in seed]
        numbers = np.unique(events, return_inverse=True)[1]
        cases = []
        for given, held in GroupKFold(FOLDS, shuffle=True, random_state=0).split(numbers, groups=numbers):
            cases += judge([seed[i] for i in given], [seed[i] for i in held], reader)
    print_table(cases)


def judge(training: Sequence[dict[str, Any]], held: Sequence[dict[str, Any]], reader: Reader) -> list[Case]:
    """What a model of `training` reads in the relevant ones of `held`."""
    features = _features(read_taxonomy(models_folder() / "taxonomy.yaml"), len(training))
    readings = read(training, reader)
    told = [known(record) for record in training]
    model = fit_fields(readings, features.fit_transform(readings).tocsr(), told)
    assert model is not None
    relevant = [record for record in held if record["labels"]]
    readings = read(relevant, reader)
    rows: csr_matrix = features.transform(readings).tocsr()
    floor = commonest([one for one in told if one])
    cases = []
    spent = 0.0
    for number, record in enumerate(relevant):
        truth = known(as_in_seed(record))
        assert truth is not None
        began = time.process_time()
        fields = model.fields(readings[number], rows[number], record["labels"], truth.published)
        spent += time.process_time() - began
        scene = scene_of(readings[number])
        regions = {choice.region for choice in region_choices(scene) if choice.place}
        days = {choice.iso for choice in date_choices(scene, truth.published)} if truth.published else set()
        named = truth.region in regions, truth.event_date in days - {month_of(truth)}
        cases.append(Case(record["lang"], truth, fields, floor, *named))
    print(f"<!-- {len(relevant)} texts, {1000 * spent / len(relevant):.2f} ms each -->")
    return cases


def as_in_seed(record: dict[str, Any]) -> dict[str, Any]:
    """A held-out record written as those of the seed: its kinds are one word (the main kind), its region is a name, and
    of some texts only the month or year of publication is known, whose last day is taken."""
    kinds = {
        key: [record[key].replace("ngo", "NGO")]
        for key in ("target_kind", "actor_kind")
        if isinstance(record[key], str)
    }
    region, day = record["region"], record["date"] or ""
    if region and not region.startswith("KZ-"):
        region = region_of(f"{region} область" if region.endswith("ская") else region, "")
    if len(day) == 7:
        day = f"{day}-{monthrange(int(day[:4]), int(day[5:]))[1]}"
    return record | kinds | {"region": region, "date": f"{day}-12-31" if len(day) == 4 else day}


def read(texts: Sequence[dict[str, Any]], reader: Reader) -> list[Reading]:
    """The readings of some records."""
    found: list[Reading] = reader.transform([(record["title"], record["text"]) for record in texts])
    return found


def commonest(told: Sequence[Known]) -> Known:
    """The answer that each field bears most often."""

    def most(values: Sequence[Any]) -> Any:
        return Counter(values).most_common(1)[0][0]

    return Known(
        turn=most([one.turn for one in told]),
        role=most([one.role for one in told]),
        target_kind=most([one.target_kind for one in told]),
        actor_kind=most([one.actor_kind for one in told]),
        region=most([one.region for one in told]),
    )


def share(cases: Sequence[Case], right: Callable[[Case], bool]) -> float:
    """The share of cases that are right."""
    return sum(map(right, cases)) / len(cases) if cases else float("nan")


def micro(cases: Sequence[Case], pair: Callable[[Case], tuple[set[str], set[str]]]) -> float:
    """Micro F1 of (wanted, said) sets."""
    hits = wanted = said = 0
    for one, other in map(pair, cases):
        hits, wanted, said = hits + len(one & other), wanted + len(one), said + len(other)
    return 2 * hits / (wanted + said) if wanted + said else float("nan")


def eased(cases: Sequence[Case]) -> float:
    """F1 of the turn for the better."""
    return micro(cases, lambda case: ({case.told.turn or ""} & {"eased"}, {case.read.turn} & {"eased"}))


def names(cases: Sequence[Case]) -> float:
    """F1 of the names of targets, matched by folded words or by their gazetteer id."""
    hits = right = wanted = said = 0
    for case in cases:
        choices = [PartyChoice("", party.id, party.name, party.kind, ()) for party in case.read.targets]
        hits += sum(any(is_party(name, choice) for choice in choices) for name in case.told.targets)
        right += sum(any(is_party(name, choice) for name in case.told.targets) for choice in choices)
        wanted, said = wanted + len(case.told.targets), said + len(choices)
    precision, recall = right / max(said, 1), hits / max(wanted, 1)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def month_of(told: Known) -> str:
    """The month of publication."""
    return told.published.isoformat()[:7] if told.published else ""


def month(case: Case) -> str:
    """The same of a case."""
    return month_of(case.told)


Figure = tuple[str, Callable[[Sequence[Case]], float], Callable[[Sequence[Case]], float] | None]
FIGURES: tuple[Figure, ...] = (
    (
        "turn, accuracy",
        lambda cases: share(cases, lambda c: c.read.turn == c.told.turn),
        lambda cases: share(cases, lambda c: c.floor.turn == c.told.turn),
    ),
    ("turn, F1 of eased", eased, lambda cases: 0.0),
    (
        "role, accuracy",
        lambda cases: share(cases, lambda c: c.read.role == c.told.role),
        lambda cases: share(cases, lambda c: c.floor.role == c.told.role),
    ),
    (
        "target_kind, micro F1",
        lambda cases: micro(cases, lambda c: (set(c.told.target_kind), set(c.read.target_kind))),
        lambda cases: micro(cases, lambda c: (set(c.told.target_kind), set(c.floor.target_kind))),
    ),
    (
        "actor_kind, micro F1",
        lambda cases: micro(cases, lambda c: (set(c.told.actor_kind), set(c.read.actor_kind))),
        lambda cases: micro(cases, lambda c: (set(c.told.actor_kind), set(c.floor.actor_kind))),
    ),
    (
        "target_kind, a wanted one said",
        lambda cases: share(cases, lambda c: bool(c.told.target_kind & set(c.read.target_kind))),
        lambda cases: share(cases, lambda c: bool(c.told.target_kind & c.floor.target_kind)),
    ),
    (
        "actor_kind, a wanted one said",
        lambda cases: share(cases, lambda c: bool(c.told.actor_kind & set(c.read.actor_kind))),
        lambda cases: share(cases, lambda c: bool(c.told.actor_kind & c.floor.actor_kind)),
    ),
    (
        "region, accuracy",
        lambda cases: share(cases, lambda c: c.read.region == c.told.region),
        lambda cases: share(cases, lambda c: c.floor.region == c.told.region),
    ),
    (
        "region, where the text names it",
        lambda cases: share([c for c in cases if c.region_named], lambda c: c.read.region == c.told.region),
        lambda cases: share([c for c in cases if c.region_named], lambda c: c.floor.region == c.told.region),
    ),
    (
        "event_date, exact, where the text names it",
        lambda cases: share([c for c in cases if c.date_named], lambda c: c.read.event_date == c.told.event_date),
        lambda cases: share([c for c in cases if c.date_named], lambda c: month(c) == c.told.event_date),
    ),
    (
        "event_date, exact",
        lambda cases: share(cases, lambda c: c.read.event_date == c.told.event_date),
        lambda cases: share(cases, lambda c: month(c) == c.told.event_date),
    ),
    (
        "event_date, month",
        lambda cases: share(cases, lambda c: (c.read.event_date or "")[:7] == (c.told.event_date or "")[:7]),
        lambda cases: share(cases, lambda c: month(c) == (c.told.event_date or "")[:7]),
    ),
    ("target names, F1", names, lambda cases: 0.0),
)


def print_table(cases: Sequence[Case]) -> None:
    """One line a figure: all languages and each, with the floor."""
    groups = {"all": list(cases)} | {code: [case for case in cases if case.language == code] for code in LANGUAGES}
    print(f"| {len(cases)} relevant texts | " + " | ".join(f"{name} | floor" for name in groups) + " |")
    print("|---|" + "---:|---:|" * len(groups))
    for title, figure, floor in FIGURES:
        cells = [f"{figure(group):.3f} | {floor(group) if floor else 0:.3f}" for group in groups.values()]
        print(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
