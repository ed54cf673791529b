"""One stem for the forms of a word, in either script; measured on lists of our own."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.language.searching import MOST_WORDS, names_vector, readings, search_vector, stems

FORMS = json.loads((Path(__file__).parent / "data" / "search_forms.json").read_text("utf-8"))


def found(groups: list[str], language: str) -> float:
    """The share of pairs of different forms of a word of which one, asked for, finds the other in a text."""
    pairs = [(a, b) for group in groups for a in group.split() for b in group.split() if a != b]
    return sum(bool({*readings(a)} & {*stems(b, language)}) for a, b in pairs) / len(pairs)


@pytest.mark.parametrize(("language", "least"), [("ru", 0.95), ("kk", 0.98)])
def test_inflected_words_find_each_other(language: str, least: float) -> None:
    assert found(FORMS[language], language) >= least


def test_latin_finds_cyrillic_and_the_other_way_round() -> None:
    missed = [
        (asked, word) for asked, word, language in FORMS["scripts"] if not {*readings(asked)} & {*stems(word, language)}
    ]
    assert len(missed) <= 1, missed


def test_different_words_stay_apart() -> None:
    told = "журналист суд полиция редакция обыск штраф арест митинг закон налог блокировка фонд адвокат театр погода"
    words = told.split()
    for word in words:
        assert [other for other in words if {*readings(word)} & {*stems(other, "ru")}] == [word]


def test_a_vector_keeps_places_and_weighs_the_title() -> None:
    vector = search_vector("Суд в Алматы", "Журналиста оштрафовали.", "ru")
    assert "'sud':1A" in vector
    assert "'almat':3A" in vector
    assert "'jurnalist':4B" in vector


def test_kazakh_in_latin_letters_is_indexed_as_kazakh() -> None:
    text = "Almaty qalasynda jýrnalister sotqa shaqyryldy dep habarlady baspasóz qyzmeti búgin keshke jáne taǵy"
    vector = search_vector("Jýrnalister sotta", text, "kk")
    assert any(f"'{stem}'" in vector for stem in readings("журналист"))


def test_a_name_is_found_by_each_of_its_words() -> None:
    vector = names_vector(["Евгений Жовтис", "Yevgeny Zhovtis"])
    assert all(any(f"'{stem}'" in vector for stem in readings(word)) for word in ("Жовтиса", "zhovtis", "Jovtis"))


def test_a_very_long_text_is_cut_and_not_refused() -> None:
    vector = search_vector("", " ".join(f"слово{number}" for number in range(2 * MOST_WORDS)), "ru")
    assert vector.count(":") <= 2 * MOST_WORDS
    assert len(vector) < 1_000_000


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=200), st.sampled_from(["ru", "kk", "en", "ky", "other"]))
def test_any_text_gives_a_vector(title: str, body: str, language: str) -> None:
    search_vector(title, body, language).encode()
