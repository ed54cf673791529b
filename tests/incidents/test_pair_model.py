"""The model of pairs: plain JSON, reproducible, and sound in the cases that matter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kzmonitor.config import models_folder
from kzmonitor.errors import SetupError
from kzmonitor.incidents import pair_model
from kzmonitor.incidents.blocks import SAME_FROM
from kzmonitor.incidents.clues import Clues
from kzmonitor.incidents.pair_model import PairModel, rarities_of, shipped, train

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def clues(name: str, **more: Any) -> Clues:
    """Of a report about one person in Oral."""
    plain: dict[str, Any] = {
        "when": NOW, "language": "ru", "labels": ("detention",), "turn": "pressure", "role": "report",
        "names": (name, "oral"), "lead": (name,), "targets": (name,), "people": (name,), "actors": ("police",),
        "topics": ("act.detain", "by.police", "word.court"), "numbers": ("15",), "places": ("KZ-27/oral",),
        "region": "KZ-27", "event_day": "2026-11-19", "days": ("2026-11-19",), "articles": (),
    }  # fmt: skip
    return Clues(**plain | more)


def test_two_reports_of_one_arrest_are_one_event_and_of_two_arrests_are_two() -> None:
    model = shipped()
    same = model.judge(clues("tasbol"), clues("tasbol", language="kk", when=NOW + timedelta(hours=4)))
    other = model.judge(clues("tasbol"), clues("vernig", places=("KZ-39/kostanay",), region="KZ-39"))
    assert same.chance > 0.8
    assert other.chance < SAME_FROM, "however alike two formulas are"
    assert same.reasons[0] == "same target: tasbol"


def test_two_cases_of_one_person_years_apart_are_not_one() -> None:
    later = clues(
        "tasbol", when=NOW + timedelta(days=600), event_day="2028-07-12", days=("2028-07-12",),
        labels=("tax_inspection",), topics=("act.fine", "by.tax"), numbers=("400000",),
    )  # fmt: skip
    assert shipped().judge(clues("tasbol"), later).chance < 0.4


def test_a_model_comes_back_from_its_text_as_it_was() -> None:
    text = (models_folder() / pair_model.FILE).read_text("utf-8")
    assert PairModel.from_json(text).to_json() == text


def test_training_twice_gives_the_same_model_and_it_has_learned() -> None:
    people = [clues(f"name{n:02}") for n in range(12)]
    pairs = [(one, replace(one, when=NOW + timedelta(days=1)), True) for one in people]
    pairs += [(one, other, False) for one, other in pairwise(people)]
    rarities = rarities_of(people)
    model = train(pairs, rarities)
    assert model.to_json() == train(pairs, rarities).to_json()
    assert min(model.judge(a, b).chance for a, b, same in pairs if same) > max(
        model.judge(a, b).chance for a, b, same in pairs if not same
    )


@pytest.mark.parametrize("content", ["", "{}", '{"recipe": 0, "means": {}}', "[1]"])
def test_a_broken_model_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    (tmp_path / pair_model.FILE).write_text(content)
    monkeypatch.setattr(pair_model, "models_folder", lambda: tmp_path)
    with pytest.raises(SetupError, match="not a model of pairs"):
        shipped.__wrapped__()
