"""A record is a function of its tellings: everything that they say, once, with who said it first."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.incidents.record import record, weighed
from tests.incidents.case import START, case, copy_of, telling

HOUR = timedelta(hours=1)


@settings(deadline=None)
@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=4))
def test_neither_order_nor_repetition_makes_a_difference(order: list[int], again: list[int]) -> None:
    reports = case()
    assert record([reports[number] for number in [*order, *again]]) == record(reports)


def test_the_first_mover_comes_first_and_every_source_and_language_is_there() -> None:
    told = record(case())
    assert [line.source for line in told.sources] == ["vlast", "azattyq", "orda", "rferl", "vlast", "rferl"]
    assert told.languages == ("ru", "kk", "en")
    assert (told.first_seen, told.last_seen) == (START, START + timedelta(days=90))


def test_the_title_is_that_of_the_first_report_of_the_best_tier() -> None:
    guess = telling("В соцсетях пишут о задержании", tier="queue", when=START - HOUR)
    appeal = telling("Заявление коалиции", fields={"role": "statement"}, when=START)
    report = telling("Полиция задержала активистку", fields={"role": "report"}, when=START + HOUR)
    told = record([report, guess, appeal])
    assert (told.title, told.title_why) == ("Полиция задержала активистку", "surest")
    assert record([report]).title_why == "first"


def test_place_date_sums_law_and_actors_are_what_most_tellings_say() -> None:
    def fields(region: str, place: str, day: str, precision: str) -> dict[str, object]:
        return {
            "region": region, "place": place, "event_date": day, "date_precision": precision,
            "sums": [{"amount": 555600.0, "currency": "KZT", "start": 3, "end": 9}],
            "articles": ["cao:460-1"], "actors": [{"name": "налоговый орган", "kind": "body", "id": None}],
            "target_kind": ["NGO"], "people": 2,
        }  # fmt: skip

    told = record(
        [
            telling("a", fields=fields("KZ-75", "Алматы", "2021-01", "month")),
            telling("b", fields=fields("KZ-75", "Almaty", "2021-01-25", "day"), when=START + HOUR),
            telling("c", fields=fields("KZ-71", "Астана", "2021-01-20", "day"), when=START + 2 * HOUR),
        ]
    )
    assert (told.region, told.place, told.event_date) == ("KZ-75", "Алматы", "2021-01-25")
    assert told.sums == ({"amount": 555600.0, "currency": "KZT"},)
    assert (told.law, told.actors, told.target_kinds) == (("cao:460-1",), ("налоговый орган",), ("NGO",))
    assert told.people == 2


def test_a_region_is_read_off_the_text_where_no_field_names_it() -> None:
    assert record([telling("Суд в Шымкенте", "Суд в Шымкенте перенесли.")]).region == "KZ-79"


def test_a_named_target_without_a_turn_is_a_party_all_the_same() -> None:
    fields = {"targets": [{"name": "Ашық жол", "kind": "NGO", "id": None}]}
    told = record([telling("Ложь о фонде", "Канал назвал фонд предателями.", fields=fields)])
    assert [party.names for party in told.parties] == [("Ашық жол",)]
    assert told.proceedings == ()


def test_severity_counts_independent_sources_turns_for_the_worse_and_what_came_before() -> None:
    reports = case()
    told = record([*reports[:2], copy_of(reports[0], "orda")])
    parts = {part.what: part.which for part in told.severity.parts}
    assert parts == {"kind": "detention", "sources": "2", "escalation": "1"}
    assert {part.what for part in weighed(told, earlier=4).severity.parts} == {*parts, "repetition"}


def test_the_same_day_given_by_month_and_by_day_is_one_turn() -> None:
    told = record(
        [
            telling("Задержание", "Полиция задержала Асхата Байжанова 2 ноября."),
            telling("Ещё раз", "Полиция задержала Асхата Байжанова в ноябре.", when=START + 5 * HOUR),
        ]
    )
    [proceeding] = told.proceedings
    assert [(turn.status, turn.day.isoformat(), turn.precision) for turn in proceeding.turns] == [
        ("detained", "2025-11-02", "day")
    ]
