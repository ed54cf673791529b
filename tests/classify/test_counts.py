"""Quick counting tells what the named occurrences tell, for whole texts and for parts of them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from kzmonitor.classify import persist
from kzmonitor.classify.features import SentenceCounts, SharedWords, WordGrams
from kzmonitor.classify.leads import lead
from kzmonitor.classify.meetings import ConceptCounts
from kzmonitor.classify.pairs import SharedPairs
from kzmonitor.classify.passages import passages
from kzmonitor.classify.reading import Reader, Reading
from kzmonitor.language.concepts import read_lexicon
from tests.classify.conftest import PLACES, TELLINGS

READER = Reader("\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon()))
TEXTS = [
    (title, text.format(place=place))
    for tellings in TELLINGS.values()
    for _, title, text in tellings
    for place in PLACES
]
READINGS = READER.transform(TEXTS)
SENTENCES = [part for _title, text in TEXTS for part in text.split(". ") if part]
COUNTED = [one.fit(READINGS) for one in (WordGrams(), SharedWords(), SharedWords(country=False), SharedPairs())]


def told(counts: SentenceCounts, reading: Reading) -> Counter[int]:
    """Column -> how often its term is among the named occurrences."""
    known = counts.vocabulary_
    return Counter(known[term] for term, _places in counts.occurrences(reading) if term in known)


def counted(counts: SentenceCounts, readings: list[Reading]) -> list[Counter[int]]:
    rows = counts.transform(readings)
    assert rows.has_sorted_indices
    return [Counter(dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))) for row in rows]


@given(st.lists(st.sampled_from(SENTENCES), max_size=30), st.sampled_from([title for title, _ in TEXTS] + [""]))
def test_texts_leads_and_passages_count_what_is_named_in_them(sentences: list[str], title: str) -> None:
    (reading,) = READER.transform([(title, ". ".join(sentences))])
    start = lead(reading)
    parts = [reading, *passages(reading), *([start] if start else [])]
    for counts in COUNTED:
        assert counted(counts, parts) == [told(counts, part) for part in parts]


@given(st.lists(st.text(max_size=80), max_size=4))
def test_any_text_is_counted(texts: list[str]) -> None:
    readings = READER.transform([("", text) for text in texts])
    for counts in COUNTED:
        assert counted(counts, readings) == [told(counts, reading) for reading in readings]


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12))
def test_terms_are_placed_where_they_are_named(sentences: list[str]) -> None:
    (reading,) = READER.transform([("", ". ".join(sentences))])
    for counts in [*COUNTED, ConceptCounts().fit(READINGS)]:
        found = counts.placed(reading)
        ends = np.cumsum(found.lengths)
        placed = [
            (column, tuple(found.places[end - length : end].tolist()))
            for column, length, end in zip(found.columns.tolist(), found.lengths.tolist(), ends.tolist(), strict=True)
        ]
        known = counts.vocabulary_
        named = [(known[term], places) for term, places in counts.occurrences(reading) if term in known]
        assert sorted(placed) == sorted(named)


def test_a_part_has_what_lies_in_it() -> None:
    (reading,) = READER.transform([("Обыск", "Журналиста задержали. Полиция молчит. Суд оштрафовал активиста.")])
    sentence = reading.tokens.sentence
    first, last = sentence.index(2), sentence.index(3)
    part = reading.part(first, last, titled=False)
    assert [reading.tokens.fold[place] for place in part.places] == ["полисиа", "молчит"]
    assert part.sentences == range(2, 3)
    assert part.title == 0
    assert {match.concept for match in part.matches} == {m.concept for m in reading.matches if first <= m.first < last}
    assert part.whole is reading


def test_rare_terms_are_unknown() -> None:
    counts = WordGrams(3).fit(READINGS)
    seen = Counter(term for reading in READINGS for term in {term for term, _ in counts.occurrences(reading)})
    assert set(counts.vocabulary_) == {term for term, number in seen.items() if number >= 3}


def test_without_any_common_term_there_is_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match="no term stands in 10000 texts"):
        WordGrams(10_000).fit(READINGS)


def test_what_was_learned_anew_is_what_is_counted() -> None:
    for counts in COUNTED:
        again = clone(counts).fit(READINGS[:2] * 8)
        again.transform(READINGS[:1])
        again.fit(READINGS)
        assert (again.transform(READINGS[:3]) != counts.transform(READINGS[:3])).nnz == 0


def test_a_saved_model_says_the_same_and_saves_no_tables(classifier) -> None:
    before = persist.save(classifier)
    said = classifier.predict(TEXTS[:2])
    assert persist.save(classifier) == before
    assert persist.load(before).predict(TEXTS[:2]) == said
