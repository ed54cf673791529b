from kzmonitor.export.people import COLUMNS, PEOPLE
from kzmonitor.export.tables import Wanted
from tests.export.conftest import MORNING, party_of


def rows(session):
    return [row for batch in PEOPLE.rows(session, Wanted()) for row in batch]


def test_two_victims_of_one_raid_are_two_rows_that_may_end_differently(session, told):
    alert = told("Обыск в редакции", "Двое задержаны.", labels=["raid", "detention"])
    turns = [{"status": "detained", "day": "2026-11-01"}, {"status": "released", "day": None}]
    party_of(session, alert, ["Инга Иманбай"], status="released", history=turns)
    party_of(session, alert, ["Эхо"], kind="NGO", status="searched")
    found = rows(session)
    assert set(found[0].cells) == {column.name for column in COLUMNS}
    assert {row.cells["name"]: row.cells["status"] for row in found} == {
        "Инга Иманбай": "released", "Эхо": "searched",
    }  # fmt: skip
    by_name = {row.cells["name"]: row for row in found}
    assert by_name["Инга Иманбай"].cells["history"] == ["2026-11-01 detained", "unknown released"]
    assert (by_name["Инга Иманбай"].persons, by_name["Эхо"].persons) == ((("Инга Иманбай",),), ())
    assert by_name["Эхо"].cells["incident"] == alert.incident_id
    assert by_name["Эхо"].cells["since"] == MORNING
