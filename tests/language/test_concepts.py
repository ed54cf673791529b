"""The automaton and the shipped word lists."""

import pytest

from kzmonitor.errors import InputError
from kzmonitor.language.concepts import Automaton, read_lexicon
from kzmonitor.language.tokens import tokenize

SHIPPED = Automaton(read_lexicon())


def concepts(text, automaton=SHIPPED):
    return {match.concept for match in automaton.find(tokenize("", text))}


def toy(**patterns):
    return Automaton(patterns.items())


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Журналистов избили", "who.journalist"), ("құқық қорғаушыларға", "who.defender"), ("the NGO said", "who.ngo"),
        ("қамауға алынды", "act.arrest"), ("камауга алынды", "act.arrest"), ("сайт бұғатталды", "act.block"),
        ("наложили штраф по статье 460-1", "law.reporting"), ("Комитет госдоходов", "by.revenue"),
        ("в Уральске", "where.kzplace"), ("из «Адил соз» сообщили", "who.ngo"), ("in Bishkek", "where.foreign"),
        ("жала жапты", "act.discredit"), ("иностранного агента", "act.brand"),
        ("отказали в регистрации", "act.refusereg"), ("по 274-й статье", "law.falseinfo"),
    ],
)  # fmt: skip
def test_inflected_forms_are_found(text, concept):
    assert concept in concepts(text)


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("жалақы өсті", "act.discredit"), ("үкімет отырысы", "act.sentence"), ("белсенді демалыс", "who.activist"),
        ("Золотая Орда", "who.outlet"), ("ради их семей", "where.kzplace"), ("алға басу", "who.opposition"),
        ("арест имущества", "act.arrest"), ("власть и общество", "who.outlet"), ("тірек болды", "who.ngo"),
    ],
)  # fmt: skip
def test_known_traps_are_not_fallen_into(text, concept):
    assert concept not in concepts(text)


def test_an_organisation_of_the_country_also_says_where():
    assert {"who.ngo", "where.kz"} <= concepts("КМБПЧ сделало заявление")


def test_a_longer_match_hides_the_words_inside_it():
    automaton = toy(short="арест*", long="арест* счет*")
    assert concepts("арест счетов", automaton) == {"long"}
    assert concepts("арест счетов и арест", automaton) == {"long", "short"}


def test_a_gap_takes_three_words_within_a_sentence_and_hides_none_of_them():
    automaton = toy(gap="отказ* ~ регистрац*", ngo="нпо")
    assert concepts("отказали этому НПО в регистрации", automaton) == {"gap", "ngo"}
    assert concepts("отказали одному два три четыре регистрация", automaton) == set()
    assert concepts("Отказ. Регистрация", automaton) == set()


def test_capitals_quotes_and_alternatives_are_kept_to():
    automaton = toy(capital="^семей", quoted='"власть', either="пост*|видео ~ удал*")
    assert concepts("наших семей", automaton) == set()
    assert concepts("в Семей", automaton) == {"capital"}
    assert concepts("наша власть", automaton) == set()
    assert concepts("газета «Власть»", automaton) == {"quoted"}
    assert concepts("видео вчера удалили", automaton) == concepts("посты удалены", automaton) == {"either"}


def test_a_trap_is_never_reported():
    assert concepts("золотая орда", toy(trap="золот* орд*", outlet="орда")) == set()


def test_a_broken_word_list_is_named(tmp_path):
    (tmp_path / "bad.yaml").write_text("who.ngo: [a]", "utf-8")
    with pytest.raises(InputError, match=r"bad\.yaml"):
        read_lexicon(tmp_path)
    (tmp_path / "bad.yaml").write_text("who.ngo: {ru: ['*']}", "utf-8")
    with pytest.raises(InputError, match=r"bad\.yaml"):
        read_lexicon(tmp_path)


def test_every_shipped_pattern_can_match():
    for concept, pattern in read_lexicon():
        words = [part.lstrip('^"').split("|")[0].rstrip("*") or "имя" for part in pattern.split() if part != "~"]
        text = " ".join(words)
        if "^" in pattern:
            text = text.title()
        if '"' in pattern:
            text = f"«{text}"
        found = Automaton([("x", pattern)]).find(tokenize("", text))
        assert found, (concept, pattern)
