"""An erased text is nowhere where it was, and everything that proves it was there stays."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.evidence import erasure
from kzmonitor.store.tables import (
    ArticleClue,
    AuditLog,
    Capture,
    Entry,
    Incident,
    IncidentArticle,
    Party,
    Prediction,
    Proceeding,
    Revision,
)
from tests.conftest import report_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TITLE = "Задержана Айгуль Нұрғалиева"


@pytest.fixture
def told(session: Session) -> UUID:
    """The capture of a page that was cut, scored and grouped."""
    report_of(session, TITLE, f"{TITLE} у здания суда", at=NOW, reasons=[{"phrase": "Айгуль"}], url="https://a.example")
    capture = session.scalars(select(Capture)).one()
    session.add(Entry(source="vlast", url=capture.url, canonical_url=capture.url, route="feed", title=TITLE))
    session.execute(text("update revision set author = 'Айгуль', search = to_tsvector('simple', title)"))
    session.execute(text("""update prediction set fields = '{"persons": ["Айгуль"]}'"""))
    session.execute(text("update incident_article set reasons = array['names: Айгуль']"))
    _grouped(session)
    session.expire_all()
    return capture.id


def _grouped(session: Session) -> None:
    """What grouping and records keep of the text."""
    link, prediction = session.scalars(select(IncidentArticle)).one(), session.scalars(select(Prediction)).one()
    party = Party(key="person:x", kind="person", names=["somebody"])
    session.add(party)
    session.flush()
    session.add_all([
        ArticleClue(
            article_id=link.article_id, revision_id=prediction.revision_id, model_id=prediction.model_id, recipe=1,
            told_at=NOW, clues={"names": ["Айгуль"], "region": "KZ-75"}, paired=True, grouped=True,
        ),
        Proceeding(
            incident_id=link.incident_id, party_id=party.id, status="detained", since=NOW,
            history=[{"status": "detained", "article": str(link.article_id), "words": "Айгуль задержана"}],
        ),
    ])  # fmt: skip
    session.flush()


def test_nothing_that_the_page_said_is_left_in_any_table(session: Session, told: UUID) -> None:
    session.execute(text("update capture set body = :body"), {"body": TITLE.encode()})
    assert erasure.erase(session, told, "court order 12/2026", NOW)
    for table in (
        "capture", "revision", "prediction", "entry", "incident", "article", "alert", "alert_event",
        "incident_article", "article_clue", "proceeding",
    ):  # fmt: skip
        rows = session.scalars(text(f"select row_to_json(one)::text from {table} one")).all()
        assert rows
        assert not [row for row in rows if "Айгуль" in row or "Нұрғалиева" in row], table


def test_address_time_hashes_and_reason_stay(session: Session, told: UUID) -> None:
    before = session.get_one(Capture, told)
    kept = (before.url, before.fetched_at, before.status, before.headers, before.sha256)
    text_sha256 = session.scalars(select(Revision.text_sha256)).one()
    erasure.erase(session, told, " court\norder ", NOW)
    after = session.get_one(Capture, told)
    assert (after.url, after.fetched_at, after.status, after.headers, after.sha256) == kept
    assert (after.body, after.erased_at, after.erased_why) == (None, NOW, "court order")
    assert session.scalars(select(Revision.text_sha256)).one() == text_sha256
    assert session.scalars(select(Prediction.labels)).one() == ["detention"]
    assert session.scalars(select(AuditLog.subject_id).where(AuditLog.action == "erase")).one() == told


def test_other_pages_keep_their_texts_and_incidents_their_own_titles(session: Session, told: UUID) -> None:
    report_of(session, TITLE + " и отпущена", "другой текст", at=NOW, url="https://b.example")
    session.execute(text("update incident set title = 'Дело Айгуль' where title = :title"), {"title": TITLE})
    session.expire_all()
    erasure.erase(session, told, "rule", NOW)
    assert sorted(session.scalars(select(Revision.title))) == sorted([erasure.ERASED, TITLE + " и отпущена"])
    assert sorted(session.scalars(select(Incident.title))) == sorted(["Дело Айгуль", TITLE + " и отпущена"])


def test_the_first_reason_stays(session: Session, told: UUID) -> None:
    assert erasure.erase(session, told, "first", NOW)
    assert not erasure.erase(session, told, "second", NOW)
    assert session.get_one(Capture, told).erased_why == "first"


def test_without_a_reason_or_a_capture_nothing_is_erased(session: Session, told: UUID) -> None:
    with pytest.raises(InputError, match="needs a reason"):
        erasure.erase(session, told, " \n", NOW)
    with pytest.raises(InputError, match="no such capture"):
        erasure.erase(session, uuid4(), "rule", NOW)
    assert session.get_one(Capture, told).erased_at is None
