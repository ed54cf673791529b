"""Past incidents beside an incident: the same party, the same clues, the same kind in the same region."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.incidents.keeping import keep
from kzmonitor.incidents.similar import similar
from kzmonitor.store.tables import Alert, ClueToken, Incident, IncidentArticle, new_id
from tests.incidents.case import case, stored

NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Report = Callable[..., Alert]


def article_of(session: Session, alert: Alert) -> object:
    return session.scalar(select(IncidentArticle.article_id).where(IncidentArticle.incident_id == alert.incident_id))


def test_what_befell_the_same_person_before_is_said_to_be_so(session: Session) -> None:
    detained, _charged, _hearing, sentenced, *_ = reports = case()
    stored(session, reports)
    first, second = keep(session, new_id(), [detained], NOON), keep(session, new_id(), [sentenced], NOON)
    [one] = similar(session, second.incident_id)
    assert (one.incident_id, one.alert_id, one.why, one.status) == (first.incident_id, first.id, "party", "open")
    assert one.shared == ("Берик Сагындыков",)


def test_what_is_told_with_the_same_rare_clues_is_found_but_not_by_common_ones(
    session: Session, report: Report
) -> None:
    made = [report(session, str(number), "x", at=NOON) for number in range(24)]
    for place, alert in enumerate(made):
        shared = [1] + ([2, 3] if place in (0, 5) else [4] if place in (0, 7) else [])
        for token in shared:
            session.add(ClueToken(token=token, told_at=NOON, article_id=article_of(session, alert), reach_days=2))
    session.flush()
    [one] = similar(session, made[0].incident_id)
    assert (one.alert_id, one.why, one.shared) == (made[5].id, "clues", ("2",))


def test_the_same_kind_in_the_same_region_counts_for_a_season(session: Session, report: Report) -> None:
    alerts = {}
    for name, days, region, label in (
        ("near", 30, "KZ-75", "raid"), ("long ago", 200, "KZ-75", "raid"), ("elsewhere", 30, "KZ-71", "raid"),
        ("other kind", 30, "KZ-75", "censorship"), ("later", -5, "KZ-75", "raid"), ("own", 0, "KZ-75", "raid"),
    ):  # fmt: skip
        alerts[name] = report(session, name, "x", at=NOON - days * DAY, labels=[label])
        session.get_one(Incident, alerts[name].incident_id).region = region
    session.flush()
    assert [(one.title, one.why, one.shared) for one in similar(session, alerts["own"].incident_id)] == [
        ("near", "place", ("raid",))
    ]


def test_each_is_shown_once_merged_ones_never_and_no_more_than_asked_for(session: Session, report: Report) -> None:
    made = [report(session, str(number), "x", at=NOON - number * DAY) for number in range(9)]
    for alert in made:
        session.get_one(Incident, alert.incident_id).region = "KZ-75"
    session.get_one(Incident, made[1].incident_id).redirect_to = made[2].incident_id
    session.flush()
    found = similar(session, made[0].incident_id)
    assert [one.title for one in found] == ["2", "3", "4", "5", "6", "7"]
    assert [one.title for one in similar(session, made[0].incident_id, limit=2)] == ["2", "3"]
    assert similar(session, new_id()) == []
