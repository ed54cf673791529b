"""Kazakh written without its own letters comes back near enough to be compared."""

import pytest

from kzmonitor.language.romanized import kazakh_marks, latin_words, restore, to_cyrillic

SENTENCE = "адам құқықтары заң билігімен қорғалуы керек, ешкім үйінен айдалмауы тиіс"


@pytest.mark.parametrize(
    "latin",
    [
        "Adam qūqyqtary zañ bilıgımen qorğaluy kerek, eşkım üiınen aidalmauy tiıs",
        "Adam quqyqtary zań bıligimen qorǵalýy kerek, eshkim úıinen aıdalmaýy tıis",
        "Adam quqyqtary zan' bi'ligimen qorg'aly'y kerek, eshkim u'i'inen ai'dalmay'y ti'is",
        "Adam quqyqtary zan’ bi’ligimen qorg’aly’y kerek, eshkim u’i’inen ai’dalmay’y ti’is",
    ],
    ids=["2021", "2018", "2017", "2017 with curly apostrophes"],
)
def test_the_alphabets_that_mark_every_letter_lose_hardly_a_word(latin: str) -> None:
    words, found = SENTENCE.split(), to_cyrillic(latin).split()
    assert len(found) == len(words)
    assert sum(a == b for a, b in zip(words, found, strict=True)) >= len(words) - 2


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("quqyq qorgau", "құқық қорғау"),
        ("kukyk korghau", "құқық қорғау"),
        ("zhurnalist", "журналіст"),
        ("bilikke koterildi", "білікке көтерілді"),
    ],
)
def test_vowel_harmony_brings_letters_back_to_plain_ascii(latin: str, cyrillic: str) -> None:
    found = to_cyrillic(latin)
    assert sum(a == b for a, b in zip(found, cyrillic, strict=False)) >= len(cyrillic) - 2


def test_russian_letters_become_kazakh_ones() -> None:
    assert restore("Адам кукыктары бузылды") == "адам құқықтары бұзылды"


def test_words_that_look_kazakh_are_told_from_uzbek_ones() -> None:
    assert kazakh_marks(latin_words("qyzmetkerler aldynda ustaldy")) == 1.0
    assert kazakh_marks(latin_words("bilan uchun xalq")) < 0
    assert kazakh_marks([]) == 0


def test_apostrophes_stay_inside_their_word() -> None:
    assert latin_words("ko’terildi, ja'ne") == ["ko'terildi", "ja'ne"]
