"""Which turns are news: a case of six turns gives four events, whatever the order and the copies of its reports."""

from datetime import timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.incidents.record import record
from kzmonitor.incidents.renewals import renewals
from kzmonitor.incidents.telling import Telling
from tests.incidents.case import FOUR, START, case, copy_of, telling


def told(tellings: list[Telling]) -> list[tuple[str, str | None, str | None]]:
    return [(event.kind, event.before, event.to_status) for event in renewals(record(tellings))]


def test_six_turns_give_one_opening_and_three_renewals() -> None:
    assert told(case()) == FOUR


@settings(deadline=None)
@given(st.permutations(range(6)), st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.integers(1, 90))))
def test_order_and_copies_make_no_difference(order: list[int], copies: list[tuple[int, str, int]]) -> None:
    reports = case()
    given_reports = [reports[number] for number in order]
    given_reports += [copy_of(reports[number], source, hours) for number, source, hours in copies]
    assert told(given_reports) == FOUR


def test_every_part_of_the_case_gives_the_news_that_it_has() -> None:
    """A hearing and an appeal renew nothing, whatever else is known."""
    reports = case()
    for count in range(1, 7):
        for chosen in combinations(range(6), count):
            news = [FOUR[{0: 0, 1: 1, 3: 2, 5: 3}[number]][2] for number in chosen if number in (0, 1, 3, 5)]
            expected = [("opened", news[0] if news else None), *(("renewed", status) for status in news[1:])]
            assert [(kind, to) for kind, _, to in told([reports[number] for number in chosen])] == expected


def test_two_victims_who_end_differently_are_told_apart() -> None:
    reports = [
        telling("Обыск и задержания", "Полиция задержала Асхата Байжанова и Руслана Садыкова."),
        telling("Байжанова отпустили", "Асхата Байжанова отпустили.", when=START + timedelta(days=1)),
        telling("Приговор", "Суд приговорил Руслана Садыкова к двум годам колонии.", when=START + timedelta(days=60)),
    ]
    events = renewals(record(reports))
    assert [(event.party.names[0], event.before, event.to_status) for event in events if event.party] == [
        ("Асхат Байжанов", None, "detained"),
        ("Асхат Байжанов", "detained", "released"),
        ("Руслан Садыков", "detained", "sentenced"),
    ]
    assert [len(event.news) for event in events] == [2, 1, 1]


def test_several_turns_that_one_report_tells_are_told_at_once() -> None:
    first = telling("Задержали", "Полиция задержала Асхата Байжанова.")
    then = telling(
        "Осудили и отпустили", "Суд оштрафовал Асхата Байжанова. Вечером его отпустили.", when=START + timedelta(days=3)
    )
    assert told([first, then]) == [("opened", None, "detained"), ("renewed", "detained", "released")]


def test_what_happens_again_after_a_release_is_news_again() -> None:
    reports = [
        telling("Задержали", "Полиция задержала Асхата Байжанова."),
        telling("Отпустили", "Асхата Байжанова отпустили.", when=START + timedelta(days=1)),
        telling("Снова", "Полиция снова задержала Асхата Байжанова.", when=START + timedelta(days=20)),
    ]
    assert told(reports) == [
        ("opened", None, "detained"),
        ("renewed", "detained", "released"),
        ("renewed", "released", "detained"),
    ]


def test_a_retelling_after_the_release_is_no_news() -> None:
    reports = [
        telling("Задержали", "Полиция задержала Асхата Байжанова."),
        telling("Отпустили", "Асхата Байжанова отпустили.", when=START + timedelta(days=20)),
        telling("Что известно", "Асхата Байжанова задержали 3 ноября.", when=START + timedelta(days=24)),
    ]
    assert told(reports) == [("opened", None, "detained"), ("renewed", "detained", "released")]


def test_an_incident_without_turns_is_opened_all_the_same() -> None:
    assert told([telling("Ложь о фонде", "Канал назвал фонд предателями.", labels=["smear_campaign"])]) == [
        ("opened", None, None)
    ]
