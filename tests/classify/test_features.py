"""What is read, and what is left out."""

import numpy as np

from kzmonitor.classify.counterfactual import abroad, mixed
from kzmonitor.classify.features import WordGrams
from kzmonitor.classify.meetings import ConceptCounts
from kzmonitor.classify.reading import Reader
from kzmonitor.language.concepts import read_lexicon

LEXICON = "\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon())
READER = Reader(LEXICON)


def names(text, title=""):
    (reading,) = READER.transform([(title, text)])
    return {name for name, _ in ConceptCounts().occurrences(reading)}


def test_three_languages_show_the_same_meeting_of_concepts():
    for text in (
        "Полиция задержала журналиста.",
        "Полиция журналисті ұстады.",
        "Police detained a journalist.",
        "Polisia tilshini ustady, dep habarlady keshe qalalyq sot basqarmasy, jurnalist qamauda.",
    ):
        assert "target + act.detain" in names(text), text


def test_concepts_of_different_sentences_do_not_meet():
    assert "target + act.detain" not in names("Журналист написал книгу. Вора задержали на рынке.")


def test_a_text_set_abroad_shares_no_act_with_one_set_at_home():
    here, there = names("В Алматы задержали активиста."), names("В Бишкеке задержали активиста.")
    assert "target + act.detain" in here
    assert "abroad: target + act.detain" in there
    assert not any("act" in name for name in here & there)


def test_a_text_moved_abroad_reads_like_one_written_there():
    (here,) = READER.transform([("", "В Алматы задержали активиста.")])
    (there,) = READER.transform([("", "В Бишкеке задержали активиста.")])
    counts = ConceptCounts()
    assert {n for n, _ in counts.occurrences(abroad(here))} == {n for n, _ in counts.occurrences(there)}


def test_names_numbers_and_dates_make_no_word_features():
    texts = [
        "Вчера Абылкасов купил 25 книг",
        "Потом Абылкасов читал 30 книг",
        "он продал много книг",
        "она читала двадцать",
    ]
    readings = READER.transform([("", text) for text in texts])
    grams = WordGrams(1)
    grams.fit_transform(readings)
    assert "книг" in grams.vocabulary_
    assert not any("абылка" in term or any(map(str.isdigit, term)) for term in grams.vocabulary_)
    assert not {"вчера", "двадцать"} & set(grams.vocabulary_)


def test_a_mixture_keeps_sentences_whole_and_concepts_in_place():
    texts = [("", f"Полиция задержала журналиста. Матч номер {n} окончен. Погода ясная.") for n in range(6)]
    made = list(mixed(READER.transform(texts), np.random.default_rng(0)))
    assert len(made) == len(texts)
    for reading in made:
        assert len(set(reading.tokens.sentence)) == 8
        for match in reading.matches:
            if match.concept == "act.detain":
                assert reading.tokens.fold[match.first] == "задержала"


def test_the_same_seed_mixes_the_same_texts():
    readings = READER.transform([("", "Один. Два слова. Три новых слова. Четыре.")] * 4)
    first, second = (list(mixed(readings, np.random.default_rng(3))) for _ in range(2))
    assert [r.tokens.fold for r in first] == [r.tokens.fold for r in second]
