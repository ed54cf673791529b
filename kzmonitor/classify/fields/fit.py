"""Learning the fields from labelled texts."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from kzmonitor.classify.fields.candidates import PartyChoice, date_choices, is_party, party_choices, region_choices
from kzmonitor.classify.fields.choice import Choice, Kinds
from kzmonitor.classify.fields.features import Scene, features, scene_of
from kzmonitor.classify.fields.model import YES, FieldsModel
from kzmonitor.classify.fields.record import ACTOR_KINDS, TARGET_KINDS, Known
from kzmonitor.classify.fields.turn import turn_features
from kzmonitor.classify.reading import Reading

# Fewer texts with fields than this teach nothing.
LEAST_RECORDS = 30
# Strength of the evidence against regularisation, and the weight of named features beside the classifier's own, whose
# largest values are about 1; by cross-validation on the seed.
TURN_C, TURN_WEIGHT = 1.0, 1.0
KINDS_C, KINDS_WEIGHT = 0.3, 0.4
CHOICE_C = {"date": 0.3, "region": 0.5, "party": 0.3}
NO = "no"


def fit_fields(
    readings: Sequence[Reading], rows: csr_matrix, records: Sequence[Known | None], *, seed: int = 0
) -> FieldsModel | None:
    """A model of the fields; None when fewer than 30 texts bear them.

    readings, rows (their lines of the classifier's feature matrix) and records are parallel; texts without fields
    (None) are passed over. The same input gives the same model, bit for bit."""
    told = [(number, record) for number, record in enumerate(records) if record is not None]
    if len(told) < LEAST_RECORDS:
        return None
    scenes = [scene_of(readings[number]) for number, _ in told]
    known = [record for _, record in told]
    matrix = rows[[number for number, _ in told]].tocsr()
    turn_rows = [turn_features(scene) for scene in scenes]
    turn = Kinds.prepare(matrix, turn_rows, TURN_WEIGHT)
    turns = _fit(turn.joint(matrix, turn_rows), [str(record.turn) for record in known], TURN_C, seed)
    return FieldsModel(
        turn.with_models({"turn": turns} if turns else {}),
        _kinds(scenes, matrix, known, seed),
        {"date": _dates(scenes, known), "region": _regions(scenes, known), "party": _parties(scenes, known)},
    )


def _fit(matrix: csr_matrix, answers: Sequence[object], c: float, seed: int) -> LogisticRegression | None:
    """A linear model in which rare answers weigh as much as common ones; None where all answers are the same."""
    kinds = len(set(answers))
    if kinds < 2:
        return None
    solver = "liblinear" if kinds == 2 else "lbfgs"
    linear = LogisticRegression(C=c, solver=solver, class_weight="balanced", max_iter=3000, random_state=seed)
    return linear.fit(matrix, np.array(answers))


def _kinds(scenes: Sequence[Scene], matrix: csr_matrix, known: Sequence[Known], seed: int) -> Kinds:
    rows = [features(scene) for scene in scenes]
    kinds = Kinds.prepare(matrix, rows, KINDS_WEIGHT)
    joint = kinds.joint(matrix, rows)
    asked: dict[str, list[object]] = {"role": [str(record.role) for record in known]}
    for kind in TARGET_KINDS:
        asked[f"target_kind {kind}"] = [kind in record.target_kind for record in known]
    for kind in ACTOR_KINDS:
        asked[f"actor_kind {kind}"] = [kind in record.actor_kind for record in known]
    fitted = {question: _fit(joint, answers, KINDS_C, seed) for question, answers in asked.items()}
    return kinds.with_models({question: linear for question, linear in fitted.items() if linear is not None})


def _dates(scenes: Sequence[Scene], known: Sequence[Known]) -> Choice:
    rows, answers = [], []
    for scene, record in zip(scenes, known, strict=True):
        for choice in date_choices(scene, record.published) if record.published else ():
            rows.append(choice.features)
            answers.append(YES if choice.iso == record.event_date else NO)
    return Choice.fit(rows, answers, c=CHOICE_C["date"])


def _regions(scenes: Sequence[Scene], known: Sequence[Known]) -> Choice:
    rows, answers = [], []
    for scene, record in zip(scenes, known, strict=True):
        for choice in region_choices(scene):
            rows.append(choice.features)
            answers.append(YES if choice.region == record.region else NO)
    return Choice.fit(rows, answers, c=CHOICE_C["region"])


def _parties(scenes: Sequence[Scene], known: Sequence[Known]) -> Choice:
    rows, answers = [], []
    for scene, record in zip(scenes, known, strict=True):
        for choice in party_choices(scene):
            rows.append(choice.features)
            answers.append(_side(choice, record))
    return Choice.fit(rows, answers, c=CHOICE_C["party"])


def _side(choice: PartyChoice, record: Known) -> str:
    if choice.kind != "body" and any(is_party(name, choice) for name in record.targets):
        return "target"
    return "actor" if any(is_party(name, choice) for name in record.actors) else NO
