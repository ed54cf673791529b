"""Severity is a rule that can be read, with parts that add up, and a file that says where it is wrong."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify.fields.record import TARGET_KINDS
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.errors import InputError
from kzmonitor.incidents.severity import independent, parts_of, read_rule, severity, shipped, summed, weigh

LABELS = sorted(shipped().kinds)
NOTICE = (
    "Сотрудники департамента полиции задержали активистку возле здания акимата и увезли её в управление полиции, где "
    "продержали до вечера. Адвоката к ней не пустили, рассказали её соратники."
)
OWN = "Вчера вечером соседи увидели, как от дома уехали две машины без номеров; утром её телефон не отвечал."


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
def test_the_gravest_label_counts_and_a_second_source_adds_one(labels: list[str], sources: int, expected: int) -> None:
    assert severity(labels, sources) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"people": 2}, 2),
        ({"people": 12}, 3),
        ({"targets": ["journalist", "outlet"]}, 2),
        ({"targets": ["journalist"], "people": 4}, 3),
        ({"earlier": 1, "escalated": 1}, 3),
        ({"earlier": 3, "escalated": 2}, 4),
        ({"earlier": 30, "escalated": 20, "people": 99, "sources": 9}, 4),
    ],
)
def test_target_people_repetition_and_escalation_add_to_a_tax_inspection(facts: dict[str, int], expected: int) -> None:
    weighed = weigh(["tax_inspection"], **facts)  # type: ignore[arg-type]
    assert weighed.level == expected
    assert weighed.parts[0].what == "kind"


@settings(deadline=None)
@given(
    st.sets(st.sampled_from(LABELS), min_size=1),
    st.sets(st.sampled_from(TARGET_KINDS)),
    *[st.integers(0, 60)] * 4,
)
def test_more_of_anything_is_never_less_grave(
    labels: set[str], targets: set[str], people: int, earlier: int, sources: int, escalated: int
) -> None:
    facts = {"people": people, "earlier": earlier, "sources": sources, "escalated": escalated}
    level = weigh(labels, targets=targets, **facts).level
    assert 1 <= level <= 4
    for fact in facts:
        assert weigh(labels, targets=targets, **(facts | {fact: facts[fact] + 1})).level >= level
    assert weigh({*labels, "detention"}, targets=targets, **facts).level >= level


def test_parts_come_back_from_storage_and_add_up() -> None:
    weighed = weigh(["raid"], targets=["lawyer"], sources=3, escalated=1)
    assert summed(parts_of(weighed.to_json())) == weighed
    assert [(part.what, part.which, part.points) for part in weighed.parts] == [
        ("kind", "raid", 3),
        ("target", "lawyer", 0.5),
        ("sources", "3", 1),
        ("escalation", "1", 0.5),
    ]


def test_every_label_of_the_taxonomy_and_every_kind_of_target_has_points() -> None:
    assert {spec.name for spec in read_taxonomy(models_folder() / "taxonomy.yaml").labels} == set(shipped().kinds)
    assert set(TARGET_KINDS) == set(shipped().targets)


@pytest.mark.parametrize(
    ("texts", "sources", "expected"),
    [
        ([NOTICE], ["a"], 1),
        ([NOTICE, NOTICE + " Читайте также."], ["a", "b"], 1),
        ([NOTICE, OWN], ["a", "b"], 2),
        ([NOTICE, OWN], ["a", "a"], 1),
        ([NOTICE, NOTICE, OWN], ["a", "b", "a"], 2),
        ([], [], 0),
    ],
)
def test_copies_of_one_text_are_one_source(texts: list[str], sources: list[str], expected: int) -> None:
    assert independent(texts, sources) == expected


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("repetition_days: 365", "repetiton_days: 365", "repetition_days"),
        ("obstruction: 1", "obstruction: one", "number"),
        ("obstruction: 1", "obstruction: 0.3", "0.5"),
        ("obstruction: 1", "obstruction: -1", "limit"),
        ("union: 0", "unoin: 0", "union"),
        ("sources: {2: 1}", "sources: {two: 1}", "number"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_what_would_be_right(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    text = (models_folder() / "severity.yaml").read_text("utf-8")
    before, found, _ = text.partition(f"\n{old}") if f"\n{old}" in text else text.partition(f"\n  {old}")
    assert found
    path = tmp_path / "severity.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(InputError, match=says) as error:
        read_rule(path)
    assert str(error.value).startswith(f"{path}:{before.count(chr(10)) + 2}: ")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_rule(tmp_path / "severity.yaml")
