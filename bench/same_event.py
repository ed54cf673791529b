"""How well articles that tell of one event are brought together, in three languages; and the model of pairs, trained.

    python bench/same_event.py [--write] [--labels] [--heldout]

Each pair of texts is judged by a model that saw no text of either's incident and, for "no target seen", no text that
shares a target with any of the fifth parts that they come from; the fields of a text are read by a model that did not
see its event. Beside it TF-IDF with the nearest earlier neighbour within 45 days, at the threshold that suits it best
on these very texts, and every text alone. --write trains on all pairs and writes models/same_event.json; --labels
adds the pairs that people judged in the configured database."""

import argparse
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GroupKFold

from bench.fields import read
from bench.splits import records
from kzmonitor.classify.fields.fit import fit_fields
from kzmonitor.classify.fields.record import known
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.classify.reading import Reader
from kzmonitor.classify.train import _features
from kzmonitor.cli import shell
from kzmonitor.config import models_folder
from kzmonitor.incidents import blocks, pair_model
from kzmonitor.incidents.candidates import KEPT_FROM, labelled_pairs, tokens
from kzmonitor.incidents.clues import Clues, clues_of
from kzmonitor.incidents.pair_model import PairModel
from kzmonitor.incidents.round_ups import is_round_up
from kzmonitor.incidents.telling import Telling
from kzmonitor.language.concepts import read_lexicon
from kzmonitor.language.names import skeleton

CASES = Path(__file__).parent / "data" / "same_cases.yaml"
FOLDS = PARTS = 5
NOON = 6
MONTH = len("2021-01")
NEIGHBOUR_DAYS = 45
# Pairs of strangers moved together for each text, of so many drawn, and how many days apart they then are at most.
MOVED, DRAWN, NEAR_DAYS = 3, 12, 3
BY_LANGUAGES = "| languages | pairs | precision | recall |\n|---|---|---|---|"


@dataclass(frozen=True)
class Case:
    """A relevant text of the seed: what grouping sees of it, and the event that people say it tells of."""

    telling: Telling
    clues: Clues
    event: str
    incident: str
    dialect: str
    targets: frozenset[str]


def cases() -> list[Case]:
    """The relevant texts of the seed whose day is known, with fields that models predict without their event."""
    seed = records("seed")
    names = _incidents()
    days = {record["id"]: record["date"] for record in seed if len(record["date"] or "") == len("2021-01-25")}
    return _told(seed, days, _fields(seed), lambda event: names.get(event, event))


def heldout_cases() -> list[Case]:
    """The relevant texts of the held-out events whose month is known, with fields that a model of the seed predicts.

    Of a text of which only the month is known, a day of that month is drawn by its id: texts of one event then lie days
    apart, which is harder than it was."""
    held = records("heldout")
    days = {record["id"]: _day(record["id"], record["date"]) for record in held if len(record["date"] or "") >= MONTH}
    return _told(held, days, _fields_by(records("seed"), held), str)


def _day(id: str, date: str) -> str:
    drawn = hashlib.sha256(id.encode()).digest()[0] % 28 + 1
    return date if len(date) > MONTH else f"{date}-{drawn:02}"


def _told(
    of: Sequence[dict[str, Any]],
    days: Mapping[str, str],
    fields: Mapping[str, dict[str, Any]],
    incident: Callable[[str], str],
) -> list[Case]:
    found = []
    for number, record in enumerate(of):
        if not record["labels"] or record["id"] not in days:
            continue
        when = datetime.fromisoformat(days[record["id"]]).replace(hour=NOON, tzinfo=UTC)
        telling = Telling(
            UUID(int=number), record["id"], record["outlet"] or "", record["title"], record["text"], record["lang"],
            when, tuple(record["labels"]), "mail", 1.0, fields[record["id"]],
        )  # fmt: skip
        latin = record["lang"] == "kk" and record["script"] == "latin"
        keys = frozenset(" ".join(sorted(skeleton(word)[:6] for word in name.split())) for name in record["targets"])
        event: str = record["event"]
        found.append(Case(telling, clues_of(telling), event, incident(event), record["lang"] + "-latin" * latin, keys))
    return found


def _incidents() -> dict[str, str]:
    """Event -> the one that stands for all of its incident."""
    return {event: listed[0] for listed in yaml.safe_load(CASES.read_text("utf-8")) for event in listed}


def _fields(seed: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    events = np.unique([record["event"] for record in seed], return_inverse=True)[1]
    found: dict[str, dict[str, Any]] = {}
    for given, held in GroupKFold(FOLDS, shuffle=True, random_state=0).split(events, groups=events):
        found |= _fields_by([seed[i] for i in given], [seed[i] for i in held])
    return found


def _fields_by(given: Sequence[dict[str, Any]], held: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The fields of the relevant among `held`, by a model of `given`."""
    reader = Reader("\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon()))
    readings, asked = read(given, reader), [record for record in held if record["labels"]]
    features = _features(read_taxonomy(models_folder() / "taxonomy.yaml"), len(given))
    model = fit_fields(readings, features.fit_transform(readings).tocsr(), [known(record) for record in given])
    assert model is not None
    read_of = read(asked, reader)
    lines = features.transform(read_of).tocsr()
    found = {}
    for line, reading, record in zip(lines, read_of, asked, strict=True):
        fact = known(record)
        published = fact.published if fact else None
        found[record["id"]] = model.fields(reading, line, record["labels"], published).to_json()
    return found


def candidate_pairs(told: Sequence[Case], model: PairModel) -> list[tuple[int, int]]:
    """What the index of clues finds among all texts."""
    holders: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, case in enumerate(told):
        for token, days in tokens(case.clues, model).items():
            holders[token].append((number, days))
    found = set()
    for listed in holders.values():
        for (one, days), (other, _days) in combinations(listed, 2):
            if abs((told[one].clues.when - told[other].clues.when).days) <= days:
                found.add((one, other))
    return sorted(found)


def judged(told: Sequence[Case], apart_by_target: bool) -> dict[tuple[int, int], float]:
    """Pair -> its chance, by a model that saw neither event, and if so asked no target of the two parts either."""
    part = [hashlib.sha256(case.incident.encode()).digest()[0] % PARTS for case in told]
    chances: dict[tuple[int, int], float] = {}
    for one in range(PARTS):
        for other in range(one, PARTS):
            held = [number for number, of in enumerate(part) if of in (one, other)]
            targets = frozenset().union(*(told[number].targets for number in held)) if apart_by_target else frozenset()
            given = [case for number, case in enumerate(told) if part[number] not in (one, other)]
            model = fit([case for case in given if not case.targets & targets])
            asked = candidate_pairs([told[number] for number in held], model)
            for first, second in ((held[a], held[b]) for a, b in asked):
                if {part[first], part[second]} == {one, other}:
                    chances[first, second] = model.judge(told[first].clues, told[second].clues).chance
    return chances


def fit(given: Sequence[Case], labelled: Sequence[tuple[Clues, Clues, bool]] = ()) -> PairModel:
    """A model of the candidate pairs of some texts, and of pairs that people judged."""
    rarities = pair_model.rarities_of([case.clues for case in given])
    bare = PairModel(0, {}, {}, 0.0, rarities)
    pairs = [
        (given[one].clues, given[other].clues, given[one].incident == given[other].incident)
        for one, other in candidate_pairs(given, bare)
        if not is_round_up(given[one].telling) and not is_round_up(given[other].telling)
    ]
    return pair_model.train([*pairs, *moved_together(given), *labelled], rarities)


def moved_together(given: Sequence[Case]) -> list[tuple[Clues, Clues, bool]]:
    """Pairs of texts of one kind and of different people, the second told as if of the days of the first. The seed
    spreads over 25 years; on one day of real news there are many reports of one kind, and only names part them."""
    random = Random(0)
    by_label: dict[str, list[Case]] = defaultdict(list)
    for case in given:
        for label in case.clues.labels:
            by_label[label].append(case)
    pairs = []
    for case in given:
        drawn = [random.choice(by_label[random.choice(case.clues.labels)]) for _ in range(DRAWN)]
        parties = {*case.clues.targets, *case.clues.people}
        strange = [one for one in drawn if parties.isdisjoint({*one.clues.targets, *one.clues.people})]
        for other in [one for one in strange if one.incident != case.incident][:MOVED]:
            gap = case.clues.when - other.clues.when + timedelta(days=random.randint(-NEAR_DAYS, NEAR_DAYS))
            pairs.append((case.clues, _moved(other.clues, gap), False))
    return pairs


def _moved(told: Clues, gap: timedelta) -> Clues:
    def day(iso: str) -> str:
        full = iso if len(iso) > len("2021-01") else f"{iso}-15"
        return (date.fromisoformat(full) + gap).isoformat()[: len(iso)] if iso else ""

    days = tuple(sorted(day(iso) for iso in told.days))
    return replace(told, when=told.when + gap, event_day=day(told.event_day), days=days)


def grouped(told: Sequence[Case], chances: Mapping[tuple[int, int], float]) -> dict[UUID, int]:
    """Text -> its group, for all but round-ups."""
    ids = [case.telling.article_id for case in told]
    orders = {case.telling.article_id: case.telling.order for case in told if not is_round_up(case.telling)}
    kept = {frozenset({ids[one], ids[other]}): c for (one, other), c in chances.items() if c >= KEPT_FROM}
    return {id: number for number, group in enumerate(blocks.groups(orders, kept)) for id in group}


def nearest_neighbour(told: Sequence[Case], wanted: Mapping[UUID, str]) -> dict[UUID, int]:
    """TF-IDF of words and letters; each text joins the group of the nearest earlier text if that is near enough: at
    the threshold with the best B-cubed F1 on these texts."""
    ordered = sorted((case for case in told if case.telling.article_id in wanted), key=lambda case: case.telling.order)
    texts = [f"{case.telling.title} {case.telling.text}" for case in ordered]
    matrix = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2).fit_transform(texts)
    near = (matrix @ matrix.T).toarray()
    times = np.array([case.clues.when.timestamp() for case in ordered]) / 86400

    def at(threshold: float) -> dict[UUID, int]:
        group: list[int] = []
        for number in range(len(ordered)):
            row = np.where(times[number] - times[:number] <= NEIGHBOUR_DAYS, near[number, :number], -1.0)
            nearest = int(row.argmax()) if number else 0
            group.append(group[nearest] if number and row[nearest] >= threshold else number)
        return {case.telling.article_id: of for case, of in zip(ordered, group, strict=True)}

    tried = [at(step / 50) for step in range(2, 40)]
    return max(tried, key=lambda found: scores(found, wanted)["b3 f1"])


def scores(found: Mapping[UUID, int], wanted: Mapping[UUID, str]) -> dict[str, float]:
    """B-cubed (A. Bagga, B. Baldwin, 1998) and pairwise precision, recall and F1."""
    texts = sorted(found)
    said, true = Counter(found[id] for id in texts), Counter(wanted[id] for id in texts)
    both = Counter((found[id], wanted[id]) for id in texts)
    sides: tuple[Counter[Any], Counter[Any]] = (said, true)
    b3 = [sum(n * n / of[key[side]] for key, n in both.items()) / len(texts) for side, of in enumerate(sides)]
    same = [sum(n * (n - 1) / 2 for n in of.values()) for of in (both, said, true)]
    pairwise = [same[0] / same[1] if same[1] else 1.0, same[0] / same[2] if same[2] else 1.0]
    return {
        f"{name} {figure}": value
        for name, (precision, recall) in (("b3", b3), ("pairs", pairwise))
        for figure, value in (("precision", precision), ("recall", recall), ("f1", _f1(precision, recall)))
    }


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def by_languages(told: Sequence[Case], found: Mapping[UUID, int], wanted: Mapping[UUID, str]) -> Iterable[str]:
    """Pairwise figures of each pair of languages, as lines of a table."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    cases = [case for case in told if case.telling.article_id in found]
    for one, other in combinations(cases, 2):
        first, second = one.telling.article_id, other.telling.article_id
        said, true = found[first] == found[second], wanted[first] == wanted[second]
        if said or true:
            spoken = sorted((one.dialect, other.dialect))
            counts[spoken[0], spoken[1]].update(said=int(said), true=int(true), both=int(said and true))
    for languages, count in sorted(counts.items()):
        precision = count["both"] / count["said"] if count["said"] else float("nan")
        recall = count["both"] / count["true"] if count["true"] else float("nan")
        yield f"| {' - '.join(languages)} | {count['true']} | {precision:.2f} | {recall:.2f} |"


def main() -> None:
    """Print the tables, or write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="train on everything and write models/same_event.json")
    parser.add_argument("--labels", action="store_true", help="add the pairs that people judged in the database")
    parser.add_argument("--heldout", action="store_true", help="measure the shipped model on the held-out events")
    asked = parser.parse_args()
    if asked.heldout:
        heldout()
        return
    told = cases()
    if asked.write:
        (models_folder() / pair_model.FILE).write_text(
            fit(told, _labelled() if asked.labels else ()).to_json(), "utf-8"
        )
        return
    cases_wanted = {case.telling.article_id: case.incident for case in told}
    events = {case.telling.article_id: case.event for case in told}
    apart = grouped(told, judged(told, apart_by_target=False))
    strict = grouped(told, judged(told, apart_by_target=True))
    for gold, wanted in (("cases", cases_wanted), ("events as named in the seed", events)):
        compare(told, {"this": apart, "this, no target seen": strict}, gold, wanted)
    print("\n".join(["", BY_LANGUAGES, *by_languages(told, apart, cases_wanted)]))


def heldout() -> None:
    """Print how the shipped model groups the held-out events."""
    told = heldout_cases()
    model = pair_model.shipped()
    asked = candidate_pairs(told, model)
    found = grouped(told, {(a, b): model.judge(told[a].clues, told[b].clues).chance for a, b in asked})
    wanted = {case.telling.article_id: case.event for case in told}
    compare(told, {"this": found}, "held-out events", wanted)
    print("\n".join(["", BY_LANGUAGES, *by_languages(told, found, wanted)]))


def compare(
    told: Sequence[Case], ours: Mapping[str, Mapping[UUID, int]], gold: str, wanted: Mapping[UUID, str]
) -> None:
    """Print a table of groupings, beside the nearest neighbour and every text alone."""
    left = {id: wanted[id] for id in next(iter(ours.values()))}
    found = {
        **ours,
        "TF-IDF, nearest": nearest_neighbour(told, left),
        "none": {id: number for number, id in enumerate(left)},
    }
    print(f"\n{len(told)} texts, {len(told) - len(left)} of them taken for round-ups and left out; wanted: {gold}\n")
    print("| grouping | " + " | ".join(scores(found["none"], left)) + " |\n|---|" + "---|" * 6)
    for name, groups in found.items():
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in scores(groups, left).values()) + " |")


def _labelled() -> list[tuple[Clues, Clues, bool]]:
    with shell.database() as database, database.session() as session:
        return labelled_pairs(session)


if __name__ == "__main__":
    main()
