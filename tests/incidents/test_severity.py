"""Severity is a rule that can be read."""

import pytest

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.incidents.severity import WEIGHT, severity


@pytest.mark.parametrize(
    ("labels", "sources", "expected"),
    [
        (["obstruction"], 1, 1),
        (["tax_inspection"], 1, 2),
        (["tax_inspection"], 2, 3),
        (["tax_inspection", "detention"], 1, 3),
        (["detention"], 5, 4),
        (["a label of another taxonomy"], 1, 1),
        ([], 0, 1),
    ],
)
def test_the_gravest_label_counts_and_a_second_outlet_adds_one(labels: list[str], sources: int, expected: int) -> None:
    assert severity(labels, sources) == expected


def test_every_label_of_the_taxonomy_has_a_weight() -> None:
    assert {spec.name for spec in read_taxonomy(models_folder() / "taxonomy.yaml").labels} == set(WEIGHT)
