"""Who it is must not count: a name swapped moves the score by less than a twentieth."""

from itertools import islice

import pytest
import yaml

from kzmonitor.config import models_folder

INVENTED = {
    "ru": ["Ерболат Сыздыкпаев", "Пелагея Тестова", "Зухра Прямикова", "Ян Криворучко-Дым"],
    "kk": ["Ерболат Сыздықпаев", "Зухра Тіктеуова", "Нұрболды Жазықов", "Пәкизат Көлбаева"],
    "en": ["Yerbolat Syzdykpayev", "Pelageya Testova", "Zukhra Straightova", "Jan Crookedhand"],
}
REPORTS = {
    "ru": "{name} под арестом. В Алматы полиция задержала активиста, это {name}. Суд дал ему десять суток.",
    "kk": "{name} қамауда. Алматыда полиция белсендіні ұстады, ол {name}. Сот он тәулікке қамады.",
    "en": "{name} jailed. Police in Almaty detained an activist, {name}. A court gave him ten days.",
}
ORDINARY = {
    "ru": "{name} открыл выставку. В Алматы показали картины, автор {name}. Вход свободный до пятницы.",
    "kk": "{name} көрме ашты. Алматыда суреттер қойылды, авторы {name}. Кіру жұмаға дейін тегін.",
    "en": "{name} opens a show. Paintings are on view in Almaty, the author is {name}. Entry is free until Friday.",
}


def listed(language: str, number: int) -> list[str]:
    """People of civil society in the gazetteer. Officials stand for their offices, which do count."""
    people = yaml.safe_load((models_folder() / "gazetteer" / "names" / "people.yaml").read_text("utf-8"))
    names = [one[language] for one in people.values() if one["of"] == "civil" and language in one]
    return list(islice(names, number))


def assert_names_do_not_count(classifier, number):
    for texts in (REPORTS, ORDINARY):
        for language, text in texts.items():
            names = INVENTED[language] + listed(language, number)
            said = classifier.predict([("", text.format(name=name)) for name in names], reasons=False)
            scores = dict(zip(names, (one.relevance for one in said), strict=True))
            assert max(scores.values()) - min(scores.values()) < 0.05, (language, scores)


def test_swapped_names_hardly_move_the_score(classifier):
    assert_names_do_not_count(classifier, 6)


@pytest.mark.slow
def test_swapped_names_hardly_move_the_score_of_the_shipped_model(trained):
    assert_names_do_not_count(trained, 1000)
