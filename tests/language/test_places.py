"""A report is set where its headline and first sentences say."""

import pytest

from kzmonitor.language.places import name_of, patterns, region_names, region_of, town_names


@pytest.mark.parametrize(
    ("title", "text", "region"),
    [
        ("В Алматы задержали активиста", "Его увезли в управление полиции.", "KZ-75"),
        ("Активиста задержали", "АТЫРАУ. Полиция задержала его у акимата. Раньше его судили в Астане.", "KZ-23"),
        ("Шымкентте журналист ұсталды", "Ол редакция алдында тұрған.", "KZ-79"),
        ("Oralda zhurnalist ustaldy", "Politsiya ony Oral qalasynda ustady.", "KZ-27"),
        ("Office searched in Oskemen", "Police searched the office of a group in East Kazakhstan.", "KZ-63"),
        ("Налоговая пришла в фонд", "Проверка началась в Алматинской области, в городе Конаев.", "KZ-19"),
        ("Editor fined", "A court in Bishkek fined the editor.", None),
        ("", "", None),
    ],
)
def test_the_region_of_a_report(title: str, text: str, region: str | None) -> None:
    assert region_of(title, text) == region


def test_all_twenty_regions_have_a_name_in_each_language() -> None:
    assert len(region_names()) == 20
    assert all(set(names) == {"ru", "kk", "en"} for names in region_names().values())


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_every_region_is_found_by_its_own_name(language: str) -> None:
    missed = {code: names[language] for code, names in region_names().items() if region_of(names[language], "") != code}
    assert missed == {}


def test_every_town_has_a_name_in_each_language_and_a_region() -> None:
    towns = {place.partition("/")[2] for place, _ in patterns() if "/" in place}
    assert towns == set(town_names())
    assert all(set(names) == {"ru", "kk", "en"} for names in town_names().values())
    assert {place.partition("/")[0] for place, _ in patterns()} == set(region_names())


@pytest.mark.parametrize("text", ["Митинг прошёл на улице Сатпаева.", "Выступил Динмухамед Конаев."])
def test_streets_and_people_named_after_a_town_are_no_places(text: str) -> None:
    assert region_of("", text) is None


def test_a_place_is_named_in_the_language_asked() -> None:
    assert [name_of(place, "kk") for place in ("KZ-35/temirtau", "KZ-35")] == ["Теміртау", "Қарағанды облысы"]
