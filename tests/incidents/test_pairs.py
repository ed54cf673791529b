"""Clues of tellings and what pairs of them share, across languages and scripts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.incidents import pair_model
from kzmonitor.incidents.clues import Clues, clues_of
from kzmonitor.incidents.pairs import Rarities, Rarity, features, reasons
from kzmonitor.incidents.telling import Telling

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOTHING_KNOWN = Rarity(100, {})
RARITIES = Rarities(NOTHING_KNOWN, NOTHING_KNOWN, NOTHING_KNOWN)


def a_telling(text: str, language: str = "ru", title: str = "", **fields: Any) -> Telling:
    return Telling(UUID(int=1), "k", "s", title, text, language, NOW, ("detention",), "mail", 0.9, fields)


SAME_PERSON = [
    ("ru", "В суде допросили Айгерим Тасболатову, активистку из Уральска."),
    ("kk", "Сотта белсенді Әйгерім Тасболатовадан жауап алынды."),
    ("en", "The court questioned activist Aigerim Tasbolatova on Friday."),
    ("kk", "Sotta belsendi Áıgerim Tasbolatovadan jaýap alyndy. Tasbolatova týraly sot keshe bastaldy."),
]


@pytest.mark.parametrize(("language", "text"), SAME_PERSON[1:])
def test_a_stranger_is_the_same_name_in_every_language_and_script(language: str, text: str) -> None:
    first, other = clues_of(a_telling(SAME_PERSON[0][1])), clues_of(a_telling(text, language))
    assert "tasbol" in {*first.names} & {*other.names}


def test_a_listed_organisation_is_the_same_by_its_id() -> None:
    targets = [{"name": "КМБПЧ", "kind": "NGO", "id": "kibhr"}]
    other = [{"name": "KIBHR", "kind": "NGO", "id": "kibhr"}]
    shared = {*clues_of(a_telling("т", targets=targets)).targets} & {*clues_of(a_telling("t", targets=other)).targets}
    assert "id:kibhr" in shared


def test_what_an_organisation_is_called_by_is_no_name() -> None:
    targets = [{"name": "фонд «Эдельвейс-Сарыжаз»", "kind": "NGO", "id": None}]
    found = clues_of(a_telling("т", targets=targets)).targets
    assert all(not key.startswith("fond") for key in found)
    assert any(key.startswith("edel") for key in found)


def test_names_of_the_headline_and_the_first_sentences_are_the_lead() -> None:
    text = "Утром пришёл Иван Брагин. Он молчал. Потом пришли соседи. Среди них был Сергей Лужков."
    found = clues_of(a_telling(text, title="Суд над Марией Кравец"))
    assert {"kravec", "bragin"} & {*found.names} == {"kravec", "bragin"} & {*found.lead}
    assert "lujkov" in found.names
    assert "lujkov" not in found.lead


@given(st.text(max_size=300), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_gives_clues_that_survive_storing(text: str, title: str) -> None:
    found = clues_of(a_telling(text, title=title))
    assert Clues.from_json(found.to_json()) == found


def some_clues(**changed: Any) -> Clues:
    return replace(clues_of(a_telling("В Уральске задержали Айгерим Тасболатову.", region="KZ-27")), **changed)


WORDS = st.lists(st.sampled_from(["a", "b", "c", "id:d"]), unique=True, max_size=3).map(lambda w: tuple(sorted(w)))
CLUES = st.builds(
    some_clues,
    names=WORDS, lead=WORDS, targets=WORDS, people=WORDS, topics=WORDS, numbers=WORDS, places=WORDS, days=WORDS,
    articles=WORDS, labels=WORDS, region=st.sampled_from(["", "KZ-27"]),
    event_day=st.sampled_from(["", "2026-11", "2026-11-19"]),
    when=st.integers(0, 900).map(lambda days: NOW + timedelta(days=days)),
)  # fmt: skip


@given(CLUES, CLUES)
@settings(max_examples=80, deadline=None)
def test_a_pair_is_judged_the_same_both_ways_round(one: Clues, other: Clues) -> None:
    assert features(one, other, RARITIES) == features(other, one, RARITIES)
    assert reasons(one, other, NOTHING_KNOWN) == reasons(other, one, NOTHING_KNOWN)
    model = pair_model.shipped()
    judged = model.judge(one, other)
    assert judged == model.judge(other, one)
    assert 0 < judged.chance < 1


def test_reasons_say_what_is_shared() -> None:
    one = some_clues(targets=("tasbol",), places=("KZ-27/oral",), event_day="2026-11-19")
    other = replace(one, event_day="2026-11", when=NOW + timedelta(days=2), articles=())
    assert reasons(one, other, NOTHING_KNOWN) == ["same target: tasbol", "same place: KZ-27/oral", "days apart: 2"]


def test_a_rare_name_weighs_more_than_a_common_one() -> None:
    rarity = Rarity(1000, {"common": 400})
    assert rarity.of("never seen") > rarity.of("common") > 0
    assert rarity.likeness({"common", "rare"}, {"rare", "other"}) > rarity.likeness({"common", "rare"}, {"common", "x"})
    assert rarity.likeness({"a"}, {"a"}) == pytest.approx(1)
    assert rarity.likeness(set(), {"a"}) == 0
