"""Sums and numbers of people are read off the text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify.fields.abroad import transnational
from kzmonitor.classify.fields.counts import people, sums
from kzmonitor.classify.fields.features import Scene, scene_of
from kzmonitor.classify.reading import Reader
from kzmonitor.language.concepts import read_lexicon
from kzmonitor.language.tokens import tokenize

READER = Reader("\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon()))


def scene(text: str, title: str = "") -> Scene:
    return scene_of(READER.transform([(title, text)])[0])


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("Штраф 1,6 млн тенге.", 1_600_000, "KZT"),
        ("2 миллион теңге айыппұл", 2_000_000, "KZT"),
        ("fined KZT 1.6 million", 1_600_000, "KZT"),
        ("100 АЕК айыппұл", 100, "MCI"),
        ("штраф в 200 МРП", 200, "MCI"),
        ("100 месячных расчётных показателей", 100, "MCI"),
        ("a grant of $5,500", 5500, "USD"),
        ("взыскали 1 166 800 тенге", 1_166_800, "KZT"),
        ("5,5 мың доллар", 5500, "USD"),
        ("пять миллионов тенге", 5_000_000, "KZT"),
        ("сорок две тысячи тенге", 42_000, "KZT"),
        ("20,000 euros", 20_000, "EUR"),
        ("1 000 000 ₸", 1_000_000, "KZT"),
    ],
)
def test_a_sum_is_read_with_its_currency(text: str, amount: float, currency: str) -> None:
    assert [(one.amount, one.currency) for one in sums(tokenize("", text))] == [(amount, currency)]


def test_numbers_without_a_currency_are_no_sums() -> None:
    assert sums(tokenize("", "В 2021 году 15 человек, 460-1, 5,000 pages.")) == []


def test_the_offsets_of_a_sum_hold_the_whole_of_it() -> None:
    text = "Суд взыскал 1,6 млн тенге."
    one = sums(tokenize("", text))[0]
    assert f"\n{text}"[one.start : one.end] == "1,6 млн тенге"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Полиция задержала 15 активистов.", 15),
        ("Задержаны более тридцати человек, их держат вторые сутки.", 30),
        ("Полиция 50-ден астам адамды ұстады.", 50),
        ("Police detained at least 12 protesters in Almaty.", 12),
        ("Он бір белсенді қамауға алынды.", 11),
        ("Суд оштрафовал троих журналистов на 100 МРП.", 3),
        ("Активиста арестовали на 15 суток.", None),
        ("A blogger was detained on August 23, a reporter says.", None),
        ("На форум приехали 200 участников.", None),
    ],
)
def test_the_people_that_an_act_befell_are_counted(text: str, number: int | None) -> None:
    assert people(scene(text)) == number


@pytest.mark.parametrize(
    ("text", "crosses"),
    [
        ("Казахстан требует у Польши экстрадиции активиста.", True),
        ("Kazakhstan's embassy in Germany refused to renew the passport of an activist in exile.", True),
        ("Украинада жүрген қазақстандық журналист баспана сұрады.", True),
        ("Активиста задержали в Алматы.", False),
        ("Россия выслала журналиста в Польшу.", False),
    ],
)
def test_pursuit_across_a_border_is_told_from_what_happens_in_one_country(text: str, crosses: bool) -> None:
    assert transnational(scene(text)) is crosses


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789 .,$€₸тысмлненг\u00a0", max_size=60))
def test_any_digits_are_survived(text: str) -> None:
    assert all(one.amount >= 0 and one.start < one.end for one in sums(tokenize("", text)))
