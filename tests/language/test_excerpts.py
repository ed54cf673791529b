"""The passage that was found, in the words of the text itself."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.language.excerpts import excerpt, marked
from kzmonitor.language.queries import parse

FILLER = "Погода была ясной, ветер дул с востока, и ничего больше не случилось. " * 20


def test_the_richest_passage_is_shown_with_its_words_apart() -> None:
    text = f"Суд. {FILLER} Полиция задержала журналистов у здания суда. {FILLER}"
    pieces = excerpt(text, "ru", parse("журналист суд задержать"))
    assert [piece.text for piece in pieces if piece.found] == ["задержала", "журналистов", "суда"]
    assert pieces[0].text == "… "
    assert pieces[-1].text == " …"


def test_a_latin_word_marks_the_cyrillic_one() -> None:
    assert [piece.text for piece in marked("Дело в Жанаозене", "ru", parse("zhanaozen")) if piece.found] == [
        "Жанаозене"
    ]


def test_a_text_without_the_words_is_shown_from_its_beginning() -> None:
    [first, *_rest] = excerpt(FILLER, "ru", parse("футбол"))
    assert first.text.startswith("Погода была ясной")


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=30))
def test_an_excerpt_is_made_of_the_text(text: str, asked: str) -> None:
    told = text.encode("utf-8", "replace").decode()
    for piece in excerpt(text, "ru", parse(asked)):
        assert piece.text in told or piece.text in ("… ", " …")
