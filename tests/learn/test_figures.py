"""The overview's figures: what counts, where, and how sure a share is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kzmonitor.incidents import reviews
from kzmonitor.learn import figures
from kzmonitor.learn.figures import Asked, Named
from kzmonitor.store.tables import Alert, Incident, Party, Proceeding, new_id

# A Wednesday in Almaty.
NOW = datetime(2026, 11, 11, 9, tzinfo=UTC)
LABELS = ("detention", "fine")
Report = Callable[..., Alert]


def told(
    session: Session, report: Report, at: datetime, name: str, *, region: str | None = None,
    actors: tuple[str, ...] = (), labels: tuple[str, ...] = ("detention",),
) -> Alert:  # fmt: skip
    alert = report(session, name, name, at=at, labels=labels)
    session.execute(update(Incident).where(Incident.id == alert.incident_id).values(region=region, actors=list(actors)))
    session.flush()
    return alert


def decide(session: Session, alert: Alert, decision: str) -> None:
    reason = "other" if decision == "reject" else None
    reviews.decide(session, alert.id, decision, reason=reason, known_labels=LABELS, now=NOW)


def test_a_week_begins_on_monday_in_almaty_and_the_last_is_the_current_one(session: Session, report: Report) -> None:
    told(session, report, datetime(2026, 11, 8, 18, 59, tzinfo=UTC), "sunday night")
    told(session, report, datetime(2026, 11, 8, 19, 0, tzinfo=UTC), "monday")
    made = figures.overview(session, Asked(4), NOW)
    assert made.weeks == [date(2026, 10, 19), date(2026, 10, 26), date(2026, 11, 2), date(2026, 11, 9)]
    assert made.every.total == [0, 0, 1, 1]


def test_an_incident_of_two_kinds_counts_for_each_and_once_in_the_sum(session: Session, report: Report) -> None:
    told(session, report, NOW - timedelta(hours=1), "both", labels=LABELS, region="KZ-75")
    made = figures.overview(session, Asked(4), NOW)
    assert sum(made.every.total) == 1
    assert {kind: sum(weekly.total) for kind, weekly in made.kinds.items()} == {"detention": 1, "fine": 1}
    assert made.regions == {"KZ-75": 1}


def test_what_a_person_rejected_does_not_count_and_what_was_confirmed_is_told_apart(
    session: Session, report: Report
) -> None:
    for name, decision in (("a", "confirm"), ("b", "reject"), ("c", None)):
        alert = told(session, report, NOW - timedelta(hours=1), name)
        if decision:
            decide(session, alert, decision)
    made = figures.overview(session, Asked(4), NOW)
    assert (sum(made.every.confirmed), sum(made.every.unchecked)) == (1, 1)


def test_filters_by_label_and_region(session: Session, report: Report) -> None:
    told(session, report, NOW - timedelta(hours=1), "a", labels=("fine",), region="KZ-75")
    told(session, report, NOW - timedelta(hours=1), "b", region="KZ-71")
    told(session, report, NOW - timedelta(days=40), "old", region="KZ-71")
    assert figures.overview(session, Asked(4, region="KZ-71"), NOW).regions == {"KZ-71": 1}
    assert figures.overview(session, Asked(12, region="KZ-71"), NOW).regions == {"KZ-71": 2}
    assert figures.overview(session, Asked(4, label="fine"), NOW).regions == {"KZ-75": 1}


def test_whom_it_befell_and_who_acted_most_often(session: Session, report: Report) -> None:
    party = Party(id=new_id(), key="person:a", kind="person", names=["Aigul A."], gazetteer=None)
    unnamed = Party(id=new_id(), key="person:b", kind="person", names=[], gazetteer=None)
    session.add_all([party, unnamed])
    session.flush()
    for name in ("a", "b"):
        alert = told(session, report, NOW - timedelta(hours=1), name, actors=("the police", f"court {name}"))
        for who in (party, unnamed):
            session.add(Proceeding(incident_id=alert.incident_id, party_id=who.id, status="named", since=NOW))
    session.flush()
    made = figures.overview(session, Asked(4), NOW)
    assert made.targets == [Named("Aigul A.", "person", 2)]
    assert made.actors == [Named("the police", "", 2), Named("court a", "", 1), Named("court b", "", 1)]


def test_the_share_of_right_alerts_is_of_those_that_people_decided_on(session: Session, report: Report) -> None:
    for name, decision in (("a", "confirm"), ("b", "confirm"), ("c", "confirm"), ("d", "reject"), ("e", None)):
        alert = told(session, report, NOW - timedelta(hours=1), name)
        if decision:
            decide(session, alert, decision)
    *before, this_week = figures.overview(session, Asked(4), NOW).right
    assert [one.share for one in before] == [None, None, None]
    assert (this_week.confirmed, this_week.rejected, this_week.waiting, this_week.share) == (3, 1, 1, 0.75)
    assert this_week.low is not None
    assert this_week.high is not None
    assert 0.25 < this_week.low < 0.75 < this_week.high < 1


@pytest.mark.parametrize("decided", [1, 10, 1000])
def test_an_interval_reaches_the_end_where_all_were_alike(decided: int) -> None:
    assert figures.jeffreys(decided, 0)[1] == 1.0
    assert figures.jeffreys(0, decided)[0] == 0.0
    low, high = figures.jeffreys(decided, decided)
    assert 0 < low < 0.5 < high < 1
