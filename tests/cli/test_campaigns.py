"""Campaigns as their user lists them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from kzmonitor.incidents.campaign_keeping import CampaignView, all_campaigns, keep_campaigns
from kzmonitor.incidents.campaign_words import reason
from kzmonitor.store import Database
from kzmonitor.store.tables import Party, Proceeding, new_id
from tests.cli.conftest import Run
from tests.conftest import report_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def wave(database: Database) -> Database:
    """Three years with a tax inspection now and then, and then four within two weeks."""
    with database.session() as session:
        for number, days in enumerate([1100, 950, 800, 650, 500, 350, 12, 9, 5, 4]):
            at = NOW - timedelta(days=days)
            alert = report_of(session, f"Проверка {number}", f"Текст {number}", at=at, labels=("tax_inspection",))
            party = Party(id=new_id(), key=f"org {number}", kind="organisation", names=[f"Фонд {number}"])
            session.add(party)
            session.flush()
            session.add(Proceeding(incident_id=alert.incident_id, party_id=party.id, status="named", since=at))
        session.flush()
        keep_campaigns(session, NOW)
    return database


def test_a_campaign_is_told_with_its_reason_and_its_timeline(wave: Database, run: Run) -> None:
    done = run("campaigns")
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "4 targets in 8 days, where 0.04" in " ".join(told.split())
    assert told.index("Проверка 6") < told.index("Проверка 9")
    (listed,) = json.loads(run("campaigns", "--json").stdout)
    assert listed["targets"] == ["Фонд 6", "Фонд 7", "Фонд 8", "Фонд 9"]
    assert [step["targets"] for step in listed["timeline"]] == [[name] for name in listed["targets"]]
    assert listed["recurrence_years"] >= 20
    assert listed["gone_at"] is None


def test_without_campaigns_it_says_so(run: Run) -> None:
    assert run("campaigns").stdout == "No campaign is known.\n"
    assert json.loads(run("campaigns", "--json").stdout) == []


def test_a_rarity_beyond_measure_is_told_in_words(wave: Database) -> None:
    with wave.session() as session:
        (view,) = all_campaigns(session)
    rare = CampaignView(**{**vars(view), "recurrence_years": 4000.0})
    assert "less than once in a hundred years" in reason(rare)
