"""Campaigns: a pattern that chance does not make is named, with its reasons; ordinary years name none."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.incidents import campaign_keeping
from kzmonitor.incidents.campaign_keeping import keep_campaigns, keep_campaigns_if_due
from kzmonitor.incidents.campaigns import HOSTILE, PRESSURE, RECURRENCE, Happened, Target, campaigns
from kzmonitor.incidents.scan import Base, Event, base, runs, surprise
from kzmonitor.store.tables import Alert, Campaign, Incident, Party, Proceeding, Review, new_id
from tests.conftest import report_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = UUID("018f0000-0000-7000-8000-000000000000")


def happened(
    days_ago: float,
    *targets: str,
    label: str = "tax_inspection",
    outlets: Sequence[str] = ("vlast",),
    person: bool = False,
    eased: bool = False,
) -> Happened:
    title = f"{label} {days_ago} {targets}"
    named = tuple(Target(one, one.title(), person) for one in targets)
    return Happened(uuid5(NAMES, title), NOW - days_ago * DAY, title, (label,), named, tuple(outlets), eased)


# Three years in which a tax inspection is reported now and then.
USUAL = [happened(1100 - 180 * number, f"org {number}") for number in range(6)]


def test_four_organisations_in_two_weeks_are_a_campaign() -> None:
    wave = [happened(12, "echo"), happened(9, "wings"), happened(5, "bureau", "initiative")]
    (found,) = campaigns(USUAL + wave, NOW)
    assert (found.pattern, found.subject) == (PRESSURE, "tax_inspection:organisations")
    assert [target.key for target in found.targets] == ["echo", "wings", "bureau", "initiative"]
    assert [one.when for one in found.incidents] == sorted(one.when for one in wave)
    assert found.named_at == wave[-1].when
    assert found.surprise.seen == 4
    assert found.surprise.expected < 0.5
    assert found.surprise.recurrence >= RECURRENCE


def test_the_same_organisation_again_and_again_is_no_campaign() -> None:
    assert campaigns(USUAL + [happened(day, "echo") for day in range(1, 20)], NOW) == []


def test_one_report_that_names_many_is_no_campaign() -> None:
    assert campaigns([*USUAL, happened(3, *(f"named {number}" for number in range(15)))], NOW) == []


def test_what_is_usual_for_a_kind_is_no_campaign() -> None:
    usual = [happened(1095 - 4 * number, f"person {number}", label="detention", person=True) for number in range(250)]
    wave = [happened(90 - 9 * number, f"another {number}", label="detention", person=True) for number in range(9)]
    assert campaigns(usual + wave, NOW) == []


def test_taking_fines_back_is_no_campaign() -> None:
    assert campaigns(USUAL + [happened(day, f"freed {day}", eased=True) for day in range(1, 9)], NOW) == []


def test_nothing_is_named_before_it_is_known_what_is_usual() -> None:
    wave = [happened(day, f"org {day}") for day in range(1, 9)]
    assert campaigns([happened(100, "early"), *wave], NOW) == []
    assert campaigns([happened(400, "early"), *wave], NOW) != []


def test_one_target_in_several_outlets_within_days_is_hostile_coverage() -> None:
    usual = [
        happened(1090 - 40 * number, f"target {number % 12}", label="smear_campaign", outlets=[f"paper {number % 9}"])
        for number in range(26)
    ]
    attack = [
        happened(6, "rights group", label="smear_campaign", outlets=["paper 1"]),
        happened(5, "rights group", label="smear_campaign", outlets=["paper 2", "channel"]),
        happened(3, "rights group", label="smear_campaign", outlets=["portal", "paper 4"]),
        happened(2, "rights group", label="smear_campaign", outlets=["paper 5"]),
    ]
    (found,) = campaigns(usual + attack, NOW)
    assert (found.pattern, found.subject) == (HOSTILE, "rights group")
    assert set(found.outlets) == {"paper 1", "paper 2", "channel", "portal", "paper 4", "paper 5"}


def test_two_waves_a_year_apart_are_two_campaigns() -> None:
    waves = [happened(start - day, f"org {start} {day}") for start in (500, 20) for day in (0, 2, 4, 6, 8)]
    assert [len(found.incidents) for found in campaigns(USUAL[:3] + waves, NOW)] == [5, 5]


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_incidents_are_given_changes_nothing(random: Random) -> None:
    incidents = [*USUAL, *(happened(day, f"org {day}", f"and {day}") for day in (1, 4, 9, 11, 30))]
    told = campaigns(incidents, NOW)
    random.shuffle(incidents)
    assert campaigns(incidents, NOW) == told


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1200), max_size=12), st.floats(0, 1200))
def test_a_campaign_holds_only_what_was_known(days: list[float], until: float) -> None:
    incidents = [happened(day, f"org {number}") for number, day in enumerate(days)]
    for found in campaigns(incidents, NOW - until * DAY):
        assert all(one.when <= NOW - until * DAY for one in found.incidents)
        assert found.incidents[0].when <= found.named_at <= found.incidents[-1].when


def test_more_in_a_window_is_more_surprising() -> None:
    usual = Base(a_year=2.0, marks=6.0, dispersion=2.0)
    told = [surprise(seen, 30 * DAY, usual, 2.0) for seen in range(2, 9)]
    assert [one.recurrence for one in told] == sorted(one.recurrence for one in told)


def test_a_rate_is_that_of_the_years_before() -> None:
    events = [Event(NOW - day * DAY, ("a",)) for day in range(3000, 0, -10)]
    known = base(events, events[0].when, NOW)
    assert known is not None
    assert known.a_year == pytest.approx(36.5, rel=0.1)
    assert base(events, NOW - 100 * DAY, NOW) is None


def test_a_run_counts_each_mark_once() -> None:
    events = [Event(NOW, ("a", "b")), Event(NOW + DAY, ("b",)), Event(NOW + 2 * DAY, ("b", "c", "d", "e", "f"))]
    assert [(run.marks, run.fresh) for run in runs(events)][-1] == (4, 2)


def a_raid(session: Session, days_ago: float, name: str, label: str = "tax_inspection") -> Incident:
    alert = report_of(session, f"{label} {name}", f"{name} {days_ago}", at=NOW - days_ago * DAY, labels=(label,))
    party = session.scalar(select(Party).where(Party.key == name))
    if party is None:
        party = Party(id=new_id(), key=name, kind="organisation", names=[name.title()], gazetteer=None)
        session.add(party)
        session.flush()
    session.add(Proceeding(incident_id=alert.incident_id, party_id=party.id, status="named", since=NOW))
    session.flush()
    return session.get_one(Incident, alert.incident_id)


def usual_years(session: Session) -> None:
    for number in range(6):
        a_raid(session, 1100 - 150 * number, f"org {number}")


def kept(session: Session) -> list[Campaign]:
    return list(session.scalars(select(Campaign).order_by(Campaign.id)))


def test_a_campaign_keeps_its_id_as_it_grows(session: Session) -> None:
    usual_years(session)
    for day, name in ((12, "echo"), (9, "wings"), (5, "bureau"), (4, "initiative")):
        a_raid(session, day, name)
    assert keep_campaigns(session, NOW - 3 * DAY) == 1
    (before,) = kept(session)
    id, size = before.id, len(before.incidents)
    a_raid(session, 1, "medianet")
    assert keep_campaigns(session, NOW) == keep_campaigns(session, NOW) == 1
    (after,) = kept(session)
    assert (after.id, len(after.incidents)) == (id, size + 1)
    assert after.targets == ["Echo", "Wings", "Bureau", "Initiative", "Medianet"]
    assert after.gone_at is None


def test_campaigns_are_looked_for_again_only_when_something_has_changed_or_a_day_has_passed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[datetime] = []
    monkeypatch.setattr(campaign_keeping, "keep_campaigns", lambda _session, now: looks.append(now))
    raid = a_raid(session, 5, "echo")
    assert [keep_campaigns_if_due(session, NOW + minute * DAY / 1440) for minute in range(3)] == [True, False, False]
    a_raid(session, 4, "wings")
    assert keep_campaigns_if_due(session, NOW)
    alert = session.scalars(select(Alert.id).where(Alert.incident_id == raid.id)).one()
    session.add(Review(subject="alert", subject_id=alert, decision="reject"))
    session.flush()
    assert [keep_campaigns_if_due(session, NOW), keep_campaigns_if_due(session, NOW)] == [True, False]
    assert keep_campaigns_if_due(session, NOW + DAY)
    assert len(looks) == 4


def test_a_campaign_whose_incidents_were_rejected_says_since_when_it_is_gone(session: Session) -> None:
    usual_years(session)
    wave = [a_raid(session, day, f"hit {day}") for day in (12, 9, 5, 4)]
    keep_campaigns(session, NOW)
    for incident in wave[:2]:
        incident.redirect_to = wave[3].id
    session.flush()
    assert keep_campaigns(session, NOW + DAY) == 0
    (row,) = kept(session)
    assert row.gone_at == NOW + DAY
    for incident in wave[:2]:
        incident.redirect_to = None
    session.flush()
    assert keep_campaigns(session, NOW + 2 * DAY) == 1
    assert [one.gone_at for one in kept(session)] == [None]


def test_two_campaigns_that_become_one_keep_the_older_id(session: Session) -> None:
    usual_years(session)
    for day in (110, 108, 106, 104, 102, 30, 28, 26, 24, 22):
        a_raid(session, day, f"hit {day}")
    assert keep_campaigns(session, NOW) == 2
    older, newer = kept(session)
    for day in range(100, 32, -4):
        a_raid(session, day, f"between {day}")
    assert keep_campaigns(session, NOW) == 1
    assert newer.merged_into == older.id
    assert newer.gone_at == NOW
    assert older.gone_at is None


def test_a_rejected_alert_makes_no_campaign(session: Session) -> None:
    usual_years(session)
    for day in (12, 9, 5, 4):
        incident = a_raid(session, day, f"hit {day}")
        alert = session.scalars(select(Alert).where(Alert.incident_id == incident.id)).one()
        reject(session, alert)
    assert keep_campaigns(session, NOW) == 0


def reject(session: Session, alert: Alert) -> None:
    session.add(Review(id=new_id(), subject="alert", subject_id=alert.id, decision="reject", created_at=NOW))
    session.flush()
