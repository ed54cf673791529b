"""Tokens, sentences and folding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.language.tokens import fold, stem, tokenize


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ещё", "еще"), ("вла́сть", "власть"), ("полиция", "полисия"), ("белсенді", "белсендi"), ("Қамауға", "камауга"),
        ("ұсталды", "усталды"), ("ІІМ", "иим"), ("обы\u00adск", "обыск"), ("rights’", "rights"), ("арест", "apecт"),
    ],
)  # fmt: skip
def test_spellings_of_one_word_fold_alike(one, other):
    assert fold(one).strip("'") == fold(other).strip("'")


def test_latin_kazakh_folds_like_cyrillic():
    text = tokenize("Belsendi Almatyda ustaldy", "Polisia azamattyq belsendini qamauga aldy, dep jazdy jurnalister.")
    assert {"полисиа", "белсендини", "камауга"} <= set(text.fold)


def test_english_stays_latin():
    assert tokenize("", "The police detained an activist in Almaty.").fold[1] == "police"


def test_sentences_end_at_stops_and_breaks_but_not_at_abbreviations():
    tokens = tokenize("Заголовок", "По ст. 488 в г. Алматы А. Иванов оштрафован. Суд был закрыт!\nКонец")
    words = dict(
        zip([tokens.text[s:e] for s, e in zip(tokens.start, tokens.end, strict=True)], tokens.sentence, strict=True)
    )
    assert words["Заголовок"] < words["По"] == words["488"] == words["Иванов"] == words["оштрафован"]
    assert words["оштрафован"] < words["Суд"] < words["Конец"]


def test_quotes_capitals_and_the_title_are_noted():
    tokens = tokenize("Суд над «Властью»", "«власть» 460-1")
    assert tokens.title == 3
    assert tokens.quoted == [False, False, True, True, False]
    assert tokens.capital == [True, False, True, False, False]
    assert tokens.fold[-1] == "460-1"


@pytest.mark.parametrize(
    ("forms", "count"), [(["обыск", "обыска", "обысками"], 1), (["arrest", "arrested", "arrests"], 1)]
)
def test_endings_are_dropped(forms, count):
    assert len({stem(fold(form)) for form in forms}) == count


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200))
def test_any_text_is_cut_into_words_that_stand_in_it(title, body):
    tokens = tokenize(title, body)
    assert tokens.text == f"{title}\n{body}"
    assert all(0 <= s < e <= len(tokens.text) for s, e in zip(tokens.start, tokens.end, strict=True))
    assert tokens.sentence == sorted(tokens.sentence)
    assert len(tokens) == len(tokens.fold) == len(tokens.capital) == len(tokens.quoted)
