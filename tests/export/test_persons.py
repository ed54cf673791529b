import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymorphy3 import MorphAnalyzer

from kzmonitor.export.naming import Known, key_of, known_persons
from kzmonitor.export.persons import names_somebody, spots
from kzmonitor.export.redaction import Redactor
from kzmonitor.language.names import people, skeleton
from kzmonitor.language.tokens import tokenize

NOBODY = Known({})
KAZAKH_ENDINGS = ("ның", "ға", "ны", "да", "дан", "мен", "нің", "ге", "ні", "ді", "тің", "ке")
RUSSIAN = (
    "Полиция задержала {} у дома.",
    "Вчера {} вызвали на допрос, и суд отложен.",
    "«{} не виновен», — сказал адвокат.",
)
KAZAKH = ("Кеше {} ісі сотта қаралды.", "Полиция {} үйінде тінту жүргізді.")
ENGLISH = ("Police detained {} near the court.", "A court heard the case of {}, his lawyer said.")


@cache
def _dictionary() -> MorphAnalyzer:
    return MorphAnalyzer()


@cache
def russian_forms(name: str) -> list[str]:
    """A name in all cases, both words in the same one."""
    readings = [
        next((one for one in _dictionary().parse(word) if "Name" in one.tag or "Surn" in one.tag), None)
        for word in name.split()
    ]
    if None in readings:
        return [name]
    cases = ("nomn", "gent", "datv", "accs", "ablt", "loct")
    forms = [[reading.inflect({case}) for reading in readings] for case in cases]
    return [name, *(" ".join(one.word.title() for one in form) for form in forms if all(form))]


def told_of(name: str, sentence: str) -> str:
    return Redactor().redact(["Новости дня", sentence.format(name)])[1]


def left_of(name: str, text: str) -> set[str]:
    """The words of `text` that are forms of a word of the name: its skeleton, with any ending."""
    stems = [re.sub("[aeiou]$", "", skeleton(word)) for word in name.split()]
    words = [skeleton(word) for word in tokenize("", text).fold]
    return {word for word in words for stem in stems if len(stem) > 2 and word.startswith(stem)}


LISTED = [
    (person[language], language)
    for person in people().values()
    for language in ("ru", "kk", "en")
    if language in person
]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LISTED), st.data())
def test_no_gazetteer_person_survives_in_any_form(listed, data):
    name, language = listed
    first, last = name.split(" ", 1)
    form, sentence = {
        "ru": lambda: (data.draw(st.sampled_from(russian_forms(name))), data.draw(st.sampled_from(RUSSIAN))),
        "kk": lambda: (name + data.draw(st.sampled_from(("", *KAZAKH_ENDINGS))), data.draw(st.sampled_from(KAZAKH))),
        "en": lambda: (name + data.draw(st.sampled_from(("", "'s", "’s"))), data.draw(st.sampled_from(ENGLISH))),
    }[language]()
    dress = data.draw(
        st.sampled_from([str, str.upper, lambda text: f"{last} {first}", lambda text: f"{first[0]}. {last}"])
    )
    text = told_of(dress(form), sentence)
    assert "person 1" in text
    assert left_of(name, text) <= left_of(name, sentence.format("")), text


@pytest.mark.parametrize(
    "text",
    [
        "Активистка Айсулу Тлеужанкызы вышла на свободу.",
        "С. Мукамбетжанова подала в суд.",
        "Бота Джардемали просит об убежище.",
        "Бота Жардемалі баспана сұрады.",
        "The lawyer Bota Jardemalie asked for asylum.",
        "У Калыка нашли листовки.",
        "Адвокат Ким-Ахметова обжалует приговор.",
        "АРЕСТОВАН АХМЕТОВ",
    ],
)
def test_strangers_are_found_by_the_shape_of_their_names(text):
    assert told_of("", text).count("person 1") == 1
    assert not left_of("Тлеужанкызы Мукамбетжанова Джардемали Jardemalie Калык Ахметов Айсулу", told_of("", text))


@pytest.mark.parametrize(
    "text",
    [
        "Адам құқықтары бюросы мәлімдеме жасады.",
        "Несмотря на снег, суд в Астане прошёл.",
        "Основная версия следствия не изменилась.",
        "В Казахстане и Узбекистане выборы.",
        "Қазақстанның заңы өзгерді.",
        "The Kazakhstan International Bureau for Human Rights was fined in Almaty.",
        "Статья 174 УК и статья 488 КоАП.",
        "Әділ сөз қоры мен Фонд «Әділ сөз» хабарлады.",
    ],
)
def test_plain_words_organisations_and_places_stay(text):
    assert told_of("", text) == text


def test_parties_are_found_where_nothing_else_tells_that_they_are_names():
    known = known_persons([("Роза Вера",)])
    found = spots("Розе вынесли приговор", "вера сказала: розу не отпустят.", known)
    joined = "Розе вынесли приговор\nвера сказала: розу не отпустят."
    assert [joined[spot.start : spot.end] for spot in found] == ["Розе"]
    known = known_persons([("Айгерим Тлеухан",)])
    assert [spot.key for spot in spots("", "тлеухана отпустили", known)] == [key_of("Айгерим Тлеухан")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Жанболат Мамай", "Мамай Жанболат"),
        ("Жанболат Мамай", "Zhanbolat Mamay"),
        ("Думан Мухаметкарим", "Duman Mukhammedkarim"),
        ("Мурат Ержанович Телибеков", "Мурат Телибеков"),
    ],
)
def test_one_person_has_one_key_in_every_spelling(one, other):
    assert key_of(one) == key_of(other)


def test_two_persons_of_one_surname_have_two():
    assert key_of("Айгуль Ахметова") != key_of("Мадина Ахметова")


@pytest.mark.parametrize("tag", ["СвободуМамаю", "FreeMamay", "mamay_on", "мамайбостандық"])
def test_hashtags_with_a_name_are_known(tag):
    assert names_somebody(tag, known_persons([("Жанболат Мамай", "Zhanbolat Mamay")]))


@pytest.mark.parametrize("tag", ["НеМолчиKZ", "protest", "стоп_произвол", "Kazakhstan"])
def test_hashtags_without_one_stay(tag):
    assert not names_somebody(tag, NOBODY)
