"""One party for all its names, whatever the script, the case form, the language and the order they come in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.incidents.parties import key_of, unified
from kzmonitor.incidents.stages import Named


def person(name: str, gazetteer: str | None = None) -> Named:
    return Named("person", name, gazetteer)


SAME = [
    [person("Берик Сагындыков"), person("Берік Сағындықов"), person("Berik Sagyndykov"), person("Б. Сагындыков")],
    [person("Пётр Левин"), person("Петр Левин"), person("Pyotr Levin"), person("Левин Пётр Ильич")],
    [person("Сергей Панов"), person("Сергей Пановты"), person("Sergei Panov")],
    [person("Евгений Жовтис", "zhovtis"), person("Евгения Жовтиса"), person("Yevgeny Zhovtis", "zhovtis")],
    [Named("NGO", "Эхо", "echo"), Named("NGO", "Echo", "echo")],
    [Named("NGO", "Ашық жол"), Named("NGO", "Ashyk Zhol"), Named("NGO", "Ашык жол")],
    [Named("outlet", "Дала хабар"), Named("outlet", "«Дала хабар»")],
]
DIFFERENT = [
    [person("Берик Сагындыков"), person("Серик Сагындыков")],
    [person("Ерлан Тасымов"), person("Алия Тасымова")],
    [person("Серик Ахметов"), person("Серик Жунусов")],
    [person("Марат Жунусов"), person("Мурат Жунусов")],
    [Named("NGO", "Ашық жол"), Named("NGO", "Ашық қоғам")],
    [person("Дала Хабаров"), Named("outlet", "Дала хабар")],
]


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[0].name)
@settings(deadline=None)
@given(st.data())
def test_spellings_of_one_name_are_one_party(names: list[Named], data: st.DataObject) -> None:
    groups = unified(data.draw(st.permutations(names)))
    assert len({group.key for group in groups.values()}) == 1
    [group] = set(groups.values())
    assert group.keys == {key_of(name) for name in names}
    assert {name.name for name in names} <= set(group.names)


@pytest.mark.parametrize("names", DIFFERENT, ids=lambda names: names[1].name)
def test_names_that_only_look_alike_stay_apart(names: list[Named]) -> None:
    assert len({group.key for group in unified(names).values()}) == len(names)


def test_an_initial_that_may_be_two_people_is_neither() -> None:
    names = [person("Асель Ахметова"), person("Айгуль Ахметова"), person("А. Ахметова")]
    assert len({group.key for group in unified(names).values()}) == 3


def test_a_party_is_called_by_the_gazetteer_or_by_its_fullest_name() -> None:
    groups = unified([person("Б. Сагындыков"), person("Берик Сагындыков")])
    assert groups[person("Б. Сагындыков")].names[0] == "Берик Сагындыков"
    listed = unified([person("Евгения Жовтиса"), person("Yevgeny Zhovtis", "zhovtis")])
    assert next(iter(listed.values())).key == "zhovtis"
