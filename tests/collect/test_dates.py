"""Date texts of Russian, Kazakh and English outlets become moments in UTC, or honestly nothing."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.collect.dates import ALMATY, MONTHS, bounded, parse_date

NOW = datetime(2025, 8, 20, 7, 0, tzinfo=UTC)  # 12:00 in Almaty
LANGUAGES = ("ru", "kk", "en")


def almaty(text: str) -> str | None:
    """What a text means, as Almaty's clock shows it."""
    found = parse_date(text, NOW, LANGUAGES)
    return None if found is None else found.astimezone(ALMATY).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("18 августа 2025", "2025-08-18 00:00"),
        ("18 августа 2025, 16:39", "2025-08-18 16:39"),
        ("Понедельник, 18 Августа 2025 г., 16:39", "2025-08-18 16:39"),
        ("Сегодня, 12:30", "2025-08-20 12:30"),
        ("Вчера", "2025-08-19 00:00"),
        ("вчера, 23:59", "2025-08-19 23:59"),
        ("04 Июл 2025", "2025-07-04 00:00"),
        ("Пятница, 04 Июл 2025, 12:00", "2025-07-04 12:00"),
        ("Контекст дня - 15 октября 2024 17:10", "2024-10-15 17:10"),
        ("Опубликовано 5 мая 2024 г. в 14:20", "2024-05-05 14:20"),
        ("12 сәуір 2025", "2025-04-12 00:00"),
        ("2025 жылғы 12 сәуір", "2025-04-12 00:00"),
        ("2025 ж. 12 сәуір, 09:05", "2025-04-12 09:05"),
        ("4 желтоқсан 2025 18:01", "2025-12-04 18:01"),
        ("23 маусым 2018", "2018-06-23 00:00"),
        ("15 қыр 2024", "2024-09-15 00:00"),
        ("Бүгін, 09:15", "2025-08-20 09:15"),
        ("кеше", "2025-08-19 00:00"),
        ("2025 jylǵy 12 sáýir", "2025-04-12 00:00"),
        ("12 säuır 2025", "2025-04-12 00:00"),
        ("12-апрель, 2025", "2025-04-12 00:00"),
        ("20 August, 2025 - 15:50", "2025-08-20 15:50"),
        ("June 2, 2021", "2021-06-02 00:00"),
        ("3 february 2021", "2021-02-03 00:00"),
        ("Sept. 3, 2024, 10:05 p.m.", "2024-09-03 22:05"),
        ("2 Jun 2021 12:30 AM", "2021-06-02 00:30"),
        ("12.04.2025", "2025-04-12 00:00"),
        ("12.04.2025 18:01", "2025-04-12 18:01"),
        ("22.02.21", "2021-02-22 00:00"),
        ("01.12.99", "1999-12-01 00:00"),
        ("2025-08-18", "2025-08-18 00:00"),
        ("2025-08-18T16:39:00", "2025-08-18 16:39"),
        ("2025-08-18T16:39:00+05:00", "2025-08-18 16:39"),
        ("2025-08-18T11:39:00Z", "2025-08-18 16:39"),
        ("2025-08-18 11:39:00 +0000", "2025-08-18 16:39"),
        ("2025-08-18T11:39:00.123456789Z", "2025-08-18 16:39"),
        ("Mon, 18 Aug 2025 16:39:00 +0500", "2025-08-18 16:39"),
        ("18 Aug 2025 11:39:00 GMT", "2025-08-18 16:39"),
        ("18 августа 2025, 16:39 (UTC+5)", "2025-08-18 16:39"),
        ("18 August 2025, 11:39 GMT", "2025-08-18 16:39"),
    ],
)
def test_a_date_text_is_understood(text: str, meant: str) -> None:
    assert almaty(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20 августа", "2025-08-20 00:00"),
        ("18 августа, 16:39", "2025-08-18 16:39"),
        ("21 августа", "2024-08-21 00:00"),
        ("31 желтоқсан", "2024-12-31 00:00"),
        ("29 февраля", "2024-02-29 00:00"),
    ],
)
def test_a_day_without_a_year_is_the_latest_that_is_not_to_come(text: str, meant: str) -> None:
    assert almaty(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Фото: 18 человек",
        "31 февраля 2025",
        "30 ақпан",
        "1.13.2025",
        "12.04.2025 25:00",
        "0000-00-00",
        "2025-99-01T10:00:00Z",
        "сегодняшний день",
        "Mon, 99 Aug 2025 16:39:00 +0500",
        "18 августа 0000",
    ],
)
def test_what_names_no_day_is_nothing(text: str) -> None:
    assert almaty(text) is None


def test_clocks_were_an_hour_further_until_march_2024() -> None:
    before, after = (parse_date(f"2024-{day} 12:00", NOW, ["ru"]) for day in ("02-29", "03-01"))
    assert before == datetime(2024, 2, 29, 6, tzinfo=UTC)
    assert after == datetime(2024, 3, 1, 7, tzinfo=UTC)


def test_short_months_count_only_in_expected_languages() -> None:
    assert parse_date("5 там 2025", NOW, ["ru"]) is None
    assert parse_date("5 там 2025", NOW, ["kk"]) is not None


@pytest.mark.parametrize("line", MONTHS, ids=["ru", "kk", "kk-latin", "en"])
def test_every_month_in_every_form(line: str) -> None:
    for number, forms in enumerate(line.split(), 1):
        for form in forms.split("/"):
            assert almaty(f"7 {form.title()} 2023 10:20") == f"2023-{number:02}-07 10:20", form


moments = st.datetimes(datetime(1996, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@settings(max_examples=100, deadline=None)
@given(moments)
def test_machine_formats_come_back_exactly(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert parse_date(moment.isoformat(), NOW, []) == moment
    assert parse_date(format_datetime(moment), NOW, []) == moment
    assert parse_date(moment.astimezone(ALMATY).isoformat(), NOW, []) == moment


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80),
        st.from_regex(
            r"[0-9]{0,5}[ .:/-]?[0-9]{0,5}[ .:T-]?(мая|сәуір|May)?[ ,.:]?[0-9]{0,5}(UTC|GMT)?[+-]?[0-9]{0,3}"
        ),
    )
)
def test_any_text_is_a_moment_in_utc_or_nothing(text: str) -> None:
    found = parse_date(text, NOW, LANGUAGES)
    assert found is None or found.tzinfo is UTC


def test_only_the_start_of_a_long_text_is_read() -> None:
    assert parse_date("1" * 1_000_000, NOW, LANGUAGES) is None


@pytest.mark.parametrize(
    ("when", "kept", "doubt"),
    [
        (None, None, "no-time"),
        (NOW - timedelta(days=3), NOW - timedelta(days=3), None),
        (NOW + timedelta(minutes=59), NOW + timedelta(minutes=59), None),
        (NOW + timedelta(minutes=61), NOW, "future"),
        (datetime(1970, 1, 1, tzinfo=UTC), None, "too-old"),
        (datetime(1, 1, 1, tzinfo=UTC), None, "too-old"),
        (datetime(9999, 12, 31, tzinfo=UTC), NOW, "future"),
    ],
)
def test_a_time_that_cannot_be_true_is_named(when: datetime | None, kept: datetime | None, doubt: str | None) -> None:
    assert bounded(when, NOW) == (kept, doubt)
