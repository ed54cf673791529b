"""Dates are read in three languages, against the day of publication."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify.fields.dates import dates
from kzmonitor.language.tokens import tokenize

FRIDAY = date(2021, 2, 5)


def told(text: str, published: date = FRIDAY) -> list[str]:
    return [dated.iso() for dated in dates(tokenize("", text), published)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Суд прошёл 15 января.", "2021-01-15"),
        ("Сот қаңтардың 15-і күні өтті.", "2021-01-15"),
        ("The court sat on 15 January.", "2021-01-15"),
        ("They came on January 25, 2020.", "2020-01-25"),
        ("On the 18th of December 2015 police came.", "2015-12-18"),
        ("2020 жылғы 28 сәуірде жарияланды.", "2020-04-28"),
        ("Протокол от 25.01.2021 отменён.", "2021-01-25"),
        ("Вчера его отпустили.", "2021-02-04"),
        ("Кеше оны босатты.", "2021-02-04"),
        ("Бүгін сот болады.", "2021-02-05"),
        ("On Monday police came.", "2021-02-01"),
        ("В пятницу пришли снова.", "2021-02-05"),
        ("Дүйсенбіде тінту болды.", "2021-02-01"),
        ("Восемнадцатого июня пришли.", "2020-06-18"),
        ("Двадцать пятого января пришли.", "2021-01-25"),
        ("Ustady 29 qańtarda, dep habarlady jergilikti basylym búgin tańerteń.", "2021-01-29"),
        ("Задержан 27 декабря", "2020-12-27"),
        ("Это было в сентябре 2019 года.", "2019-09"),
        ("Бұл 2020 жылдың қыркүйегінде болды.", "2020-09"),
        ("Arrests began in May 2019.", "2019-05"),
        ("Қазан айында қамалды.", "2020-10"),
    ],
)
def test_a_date_is_read(text: str, day: str) -> None:
    assert day in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "Police may detain him.",
        "Казанский собор открыт.",
        "31 февраля не бывает.",
        "Средств нет.",
        "Protesters march on.",
        "",
    ],
)
def test_other_words_and_impossible_days_are_no_dates(text: str) -> None:
    assert told(text) == []


def test_a_day_of_the_year_to_come_is_taken_for_the_last_one() -> None:
    assert told("Это случилось 20 декабря.") == ["2020-12-20"]
    assert told("Суд назначен на 20 декабря 2021 года.") == ["2021-12-20"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["31", "29", "0", "99", "февраля", "May", "2021", "1", "1999", ",", "-", "of", "қаңтардың", "вчера"]
        ),
        max_size=15,
    ),
    st.dates(date(1996, 1, 1), date(2100, 1, 1)),
)
def test_any_words_give_real_days(words: list[str], published: date) -> None:
    assert all(dated.day.year >= 1990 for dated in dates(tokenize("", " ".join(words)), published))
