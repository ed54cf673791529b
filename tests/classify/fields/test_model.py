"""Fields: learned from a few texts, the facts read off, saved and loaded without change."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import skops.io
from scipy.sparse import csr_matrix, hstack

from kzmonitor.classify.fields.candidates import same_name
from kzmonitor.classify.fields.fit import fit_fields
from kzmonitor.classify.fields.model import Fields, FieldsModel
from kzmonitor.classify.fields.record import Known, known
from kzmonitor.classify.labelled import read_jsonl
from kzmonitor.classify.meetings import ConceptCounts
from kzmonitor.classify.reading import Reader, Reading
from kzmonitor.language.concepts import read_lexicon

PUBLISHED = date(2024, 3, 14)
PEOPLE = ("Серик Ахметов", "Данияр Омаров", "Гульмира Касенова", "Айгуль Сатова", "Марат Искаков")
CITIES = {"Алматы": "KZ-75", "Астане": "KZ-71", "Атырау": "KZ-23", "Павлодаре": "KZ-55"}


def corpus() -> list[tuple[str, str, Known]]:
    """Forty toy texts: detentions by the police, tax cases of NGOs, and releases by a court."""
    texts = []
    who: tuple[str, str, str, str, tuple[str, ...]]
    for number in range(40):
        person, (city, region) = PEOPLE[number % 5], list(CITIES.items())[number % 4]
        common = Known(region=region, event_date="2024-03-12", published=PUBLISHED)
        kind = number % 3
        if kind == 0:
            title, text = "Активиста задержали", f"12 марта полиция в {city} задержала активиста. Его зовут {person}."
            who = ("pressure", "report", "activist", "police", (person,))
        elif kind == 1:
            title, text = (
                "НПО оштрафовали",
                f"Налоговая 12 марта оштрафовала общественный фонд в {city}. Это анализ дела.",
            )
            who = ("pressure", "analysis", "NGO", "revenue", ())
        else:
            title, text = (
                "Журналист вышел на свободу",
                f"Суд в {city} 12 марта освободил журналиста. Его зовут {person}.",
            )
            who = ("eased", "follow_up", "journalist", "court", (person,))
        turn, role, target, actor, targets = who
        told = replace(common, turn=turn, role=role, targets=targets)
        texts.append((title, text, replace(told, target_kind=frozenset({target}), actor_kind=frozenset({actor}))))
    return texts


READER = Reader("\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon()))


def readings(texts: list[tuple[str, str]]) -> list[Reading]:
    found: list[Reading] = READER.transform(texts)
    return found


@pytest.fixture(scope="module")
def concepts() -> ConceptCounts:
    return ConceptCounts().fit(readings([(title, text) for title, text, _ in corpus()]))


@pytest.fixture(scope="module")
def model(concepts: ConceptCounts) -> FieldsModel:
    read = readings([(title, text) for title, text, _ in corpus()])
    fitted = fit_fields(read, concepts.transform(read), [fields for *_, fields in corpus()])
    assert fitted is not None
    return fitted


def fields_of(
    model: FieldsModel, concepts: ConceptCounts, title: str, text: str, published: date | None = PUBLISHED
) -> Fields:
    read = readings([(title, text)])
    return model.fields(read[0], concepts.transform(read), ["detention"], published)


def test_what_was_learned_is_told_of_a_new_text(model: FieldsModel, concepts: ConceptCounts) -> None:
    text = "13 марта полиция в Шымкенте задержала активиста. Его зовут Бауыржан Тлеубаев. Статья 488 КоАП, 20 МРП."
    said = fields_of(model, concepts, "Активиста задержали", text)
    assert (said.turn, said.role) == ("pressure", "report")
    assert (said.target_kind, said.actor_kind) == (("activist",), ("police",))
    assert [(party.name, party.kind, party.id) for party in said.targets] == [("Бауыржан Тлеубаев", "person", None)]
    assert (said.place, said.region) == ("Шымкент", "KZ-79")
    assert (said.event_date, said.date_precision) == ("2024-03-13", "day")
    assert said.articles == ("cao:488",)
    assert [(one.amount, one.currency) for one in said.sums] == [(20, "MCI")]


def test_a_turn_for_the_better_is_seen(model: FieldsModel, concepts: ConceptCounts) -> None:
    assert (
        fields_of(model, concepts, "Журналист вышел на свободу", "Суд в Атырау освободил журналиста.").turn == "eased"
    )


def test_without_a_day_the_month_of_publication_is_told_and_called_a_month(
    model: FieldsModel, concepts: ConceptCounts
) -> None:
    said = fields_of(model, concepts, "Активиста задержали", "Полиция задержала активиста.")
    assert (said.event_date, said.date_precision) == ("2024-03", "month")
    assert (said.place, said.region) == (None, None)


def test_without_a_day_of_publication_no_date_is_told(model: FieldsModel, concepts: ConceptCounts) -> None:
    said = fields_of(model, concepts, "Активиста задержали", "Вчера полиция задержала активиста.", None)
    assert (said.event_date, said.date_precision) == (None, "unknown")


def test_a_text_without_labels_has_no_parties(model: FieldsModel, concepts: ConceptCounts) -> None:
    read = readings([("Активиста задержали", "Полиция задержала активиста. Его зовут Серик Ахметов.")])
    said = model.fields(read[0], concepts.transform(read), [], PUBLISHED)
    assert (said.targets, said.actors) == ((), ())


def test_the_name_of_a_person_does_not_change_what_is_said(model: FieldsModel, concepts: ConceptCounts) -> None:
    text = "12 марта полиция в Алматы задержала активиста. Его зовут {}."
    one, other = (
        fields_of(model, concepts, "Активиста задержали", text.format(name))
        for name in ("Серик Ахметов", "Ермек Тасов")
    )
    assert (one.role, one.target_kind, one.actor_kind) == (other.role, other.target_kind, other.actor_kind)
    assert len(one.targets) == len(other.targets) == 1


@pytest.mark.parametrize("text", ["", " ", "🙂🙂", "\x00", "слово", "١٢٣ שלום", "<p>1</p>" * 50, "« » “ ” . , 12"])
def test_odd_texts_have_fields_too(model: FieldsModel, concepts: ConceptCounts, text: str) -> None:
    said = fields_of(model, concepts, text, text)
    assert json.loads(json.dumps(said.to_json()))["turn"] in ("pressure", "eased")


def test_a_saved_model_says_the_same_and_nothing_in_it_needs_trust(model: FieldsModel, concepts: ConceptCounts) -> None:
    data = skops.io.dumps(model.to_state())
    assert skops.io.get_untrusted_types(data=data) == []
    loaded = FieldsModel.from_state(skops.io.loads(data, trusted=[]))
    for title, text, _ in corpus()[:6]:
        assert fields_of(loaded, concepts, title, text) == fields_of(model, concepts, title, text)


def test_the_same_texts_give_the_same_model(model: FieldsModel, concepts: ConceptCounts) -> None:
    read = readings([(title, text) for title, text, _ in corpus()])
    again = fit_fields(read, concepts.transform(read), [fields for *_, fields in corpus()])
    assert again is not None
    for question, linear in model.kinds.linear.items():
        assert np.array_equal(linear.coef_, again.kinds.linear[question].coef_)


def test_features_never_seen_in_training_are_passed_over(model: FieldsModel, concepts: ConceptCounts) -> None:
    read = readings([("Активиста задержали", "Полиция в Алматы задержала активиста.")])
    row = concepts.transform(read)
    wider = hstack([row, csr_matrix(np.ones((1, 3)))]).tocsr()
    assert model.fields(read[0], wider, ["detention"], PUBLISHED) == model.fields(
        read[0], row, ["detention"], PUBLISHED
    )


def test_too_few_texts_with_fields_teach_nothing(concepts: ConceptCounts) -> None:
    read = readings([(title, text) for title, text, _ in corpus()])
    records = [fields if number < 10 else None for number, (*_, fields) in enumerate(corpus())]
    assert fit_fields(read, concepts.transform(read), records) is None


def test_fields_of_a_record_are_read(tmp_path: Path) -> None:
    record = {"id": "a", "text": "", "turn": "eased", "role": "report", "target_kind": ["NGO"], "date": "2024-03-14"}
    file = tmp_path / "texts.jsonl"
    file.write_text(json.dumps(record) + "\n" + json.dumps({"id": "b", "text": "", "turn": None}) + "\n", "utf-8")
    expected = Known("eased", "report", frozenset({"NGO"}), published=PUBLISHED)
    assert [text.known for text in read_jsonl(file)] == [expected, None]


def test_fields_of_a_label_set_from_elsewhere_are_passed_over() -> None:
    record = {"turn": "pressure", "role": 3, "target_kind": "NGO", "actor_kind": ["aliens"], "date": "May"}
    assert known(record) == Known("pressure", target_kind=frozenset({"NGO"}))
    assert known({"turn": "up", "role": "report"}) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Абжан Махамбет", "Махамбета Абжана", True),
        ("Zhanar Sekerbayeva", "Жанар Секербаева", True),
        ("Adil Soz", "Orda.kz", False),
        ("", "Orda.kz", False),
    ],
)
def test_names_are_compared_whatever_their_order_and_script(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
