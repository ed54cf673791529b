"""Reading alerts: order, filters, counts, and one alert whole."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kzmonitor.incidents import alerts, reviews, told
from kzmonitor.incidents.keeping import keep
from kzmonitor.store.tables import Alert, Incident, Model, Prediction, new_id
from tests.incidents.case import case, stored

NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Report = Callable[..., Alert]


def test_the_gravest_comes_first_then_the_least_certain_then_what_waited_longest(
    session: Session, report: Report
) -> None:
    late = report(session, "late", "x", at=NOON, severity=2, relevance=0.74)
    early = report(session, "early", "x", at=NOON - HOUR, severity=2, relevance=0.71)
    sure = report(session, "sure", "x", at=NOON - 2 * HOUR, severity=2, relevance=0.98)
    grave = report(session, "grave", "x", at=NOON, severity=4, relevance=0.99)
    assert [line.id for line in alerts.alerts(session)] == [grave.id, early.id, late.id, sure.id]


def test_a_line_names_its_sources_and_languages_in_order_of_publication(session: Session, report: Report) -> None:
    alert = report(session, "first", "x", at=NOON, source="orda", language="ru")
    report(session, "third", "x", at=NOON + 2 * HOUR, source="azattyq", language="kk", of=alert)
    report(session, "second", "x", at=NOON + HOUR, source="vlast", language="ru", of=alert)
    [line] = alerts.alerts(session)
    assert (line.sources, line.languages, line.articles) == (["orda", "vlast", "azattyq"], ["ru", "kk"], 3)
    assert line.last_seen == NOON + 2 * HOUR


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, {"ru", "kk"}),
        ({"label": "raid"}, {"kk"}),
        ({"language": "ru"}, {"ru"}),
        ({"source": "azattyq"}, {"kk"}),
        ({"since": NOON}, {"kk"}),
        ({"status": "open"}, {"ru", "kk"}),
        ({"status": "rejected"}, set()),
        ({"label": "raid", "language": "ru"}, set()),
    ],
)
def test_every_filter_narrows(session: Session, report: Report, filters: alerts.Filters, found: set[str]) -> None:
    report(session, "ru", "x", at=NOON - HOUR)
    report(session, "kk", "x", at=NOON, language="kk", source="azattyq", labels=["raid", "detention"])
    assert {line.title for line in alerts.alerts(session, **filters)} == found


def test_status_and_labels_are_those_of_the_last_decision(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOON)
    known = ["detention", "raid"]
    reviews.decide(session, alert.id, "correct", labels=["raid"], known_labels=known, now=NOON)
    [line] = alerts.alerts(session, status="confirmed", label="raid")
    assert (line.status, line.labels) == ("confirmed", ["raid"])
    assert alerts.alerts(session, label="detention") == []


def test_every_status_is_counted(session: Session, report: Report) -> None:
    for decision in ("confirm", "reject", "reject", "unsure"):
        alert = report(session, decision, "x", at=NOON)
        reviews.decide(session, alert.id, decision, now=NOON)
    assert alerts.counts(session) == {"open": 1, "confirmed": 1, "rejected": 2, "duplicate": 0}


def test_neighbours_follow_the_order_of_the_list_and_its_filters(session: Session, report: Report) -> None:
    made = [report(session, str(number), "x", at=NOON + number * HOUR) for number in range(4)]
    reviews.decide(session, made[1].id, "reject", now=NOON)
    assert alerts.neighbours(session, made[2].id) == (made[1].id, made[3].id)
    assert alerts.neighbours(session, made[2].id, status="open") == (made[0].id, made[3].id)
    assert alerts.neighbours(session, made[1].id, status="open") == (made[0].id, made[2].id)
    assert alerts.neighbours(session, new_id()) == (None, None)


def test_one_alert_has_its_articles_in_order_of_publication_with_what_the_model_said(
    session: Session, report: Report
) -> None:
    reason = {
        "label": "detention", "phrase": "задержали", "start": 8, "end": 17, "weight": 1.5,
        "concept": "detain", "side": "for",
    }  # fmt: skip
    alert = report(session, "Активистку", "задержали", at=NOON, reasons=[reason], place="Алматы")
    report(session, "Раньше", "x", at=NOON - HOUR, source="orda", of=alert)
    view = alerts.alert(session, alert.id)
    assert view is not None
    assert [article.title for article in view.articles] == ["Раньше", "Активистку"]
    said = view.articles[1].prediction
    assert said is not None
    assert said.reasons == [told.Reason(**reason)]
    assert (said.relevance, said.labels, said.model) == (0.9, ["detention"], "test-1")
    assert view.articles[1].source_name == "Vlast"
    assert [event.kind for event in view.events] == ["opened"]
    assert (view.history, view.version) == ([], None)


def test_an_unknown_alert_is_none(session: Session) -> None:
    assert alerts.alert(session, new_id()) is None
    assert told.capture(session, new_id()) is None


def test_the_champions_view_is_shown_where_there_is_one(session: Session, report: Report) -> None:
    alert = report(session, "t", "x", at=NOON, relevance=0.9)
    view = alerts.alert(session, alert.id)
    assert view is not None
    later = Model(
        id=new_id(), version="test-2", sha256=b"", state="candidate", body=b"", trained_at=NOON, metrics={},
        data_sha256=b"", taxonomy={},
    )  # fmt: skip
    session.add(later)
    session.flush()
    session.add(
        Prediction(
            revision_id=view.articles[0].revision_id, model_id=later.id, relevance=0.1, probabilities={}, labels=[],
            reasons=[], created_at=NOON + timedelta(days=400),
        )
    )  # fmt: skip
    session.flush()
    again = alerts.alert(session, alert.id)
    assert again is not None
    assert again.articles[0].prediction is not None
    assert again.articles[0].prediction.model == "test-1"


def test_an_incident_without_articles_is_still_listed(session: Session) -> None:
    incident = Incident(id=new_id(), title="t", first_seen=NOON, last_seen=NOON, labels=[], severity=1)
    session.add(incident)
    session.flush()
    session.add(Alert(id=new_id(), incident_id=incident.id, tier="queue", score=0.5, opened_at=NOON))
    session.flush()
    [line] = alerts.alerts(session)
    assert (line.sources, line.articles, line.languages) == ([], 0, [])


def test_a_capture_shows_the_texts_cut_from_it(session: Session, report: Report) -> None:
    alert = report(session, "Заголовок", "Текст", at=NOON)
    view = alerts.alert(session, alert.id)
    assert view is not None
    article = view.articles[0]
    capture = told.capture(session, article.capture_id)
    assert capture is not None
    assert [(text.title, text.text) for text in capture.texts] == [("Заголовок", "Текст")]
    other = told.capture(session, article.capture_id, new_id())
    assert other is not None
    assert other.texts == []


def test_an_alert_tells_whose_case_stands_where_why_it_is_grave_and_what_its_events_told(session: Session) -> None:
    detained, charged, *_ = reports = case()
    stored(session, reports)
    first = keep(session, new_id(), [detained, charged], NOON)
    [line] = alerts.alerts(session)
    [party] = line.record.parties
    assert (party.kind, party.status) == ("person", "charged")
    assert [(turn.status, turn.day) for turn in party.turns] == [("detained", "2025-11-03"), ("charged", "2025-11-12")]
    assert [part.what for part in line.record.severity_parts] == ["kind", "sources", "escalation"]
    view = alerts.alert(session, first.id)
    assert view is not None
    assert [(event.name, event.from_status, event.to_status, event.late) for event in view.events] == [
        ("Берик Сагындыков", None, "detained", False),
        ("Берик Сагындыков", "detained", "charged", False),
    ]


def test_an_alert_whose_incident_was_merged_is_no_longer_listed_and_leads_on(session: Session) -> None:
    detained, charged, *_ = reports = case()
    stored(session, reports)
    ids = sorted([new_id(), new_id()])
    kept, merged = keep(session, ids[0], [detained], NOON), keep(session, ids[1], [charged], NOON)
    session.get_one(Incident, ids[1]).redirect_to = ids[0]
    session.flush()
    assert [line.id for line in alerts.alerts(session)] == [kept.id]
    assert alerts.counts(session)["open"] == 1
    assert alerts.neighbours(session, kept.id) == (None, None)
    assert alerts.moved_to(session, merged.id) == kept.id
    assert alerts.moved_to(session, kept.id) is None
    assert alerts.moved_to(session, new_id()) is None
