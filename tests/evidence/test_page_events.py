"""Page events as a person reads them: newest first, with the difference, and never as markup."""

from datetime import UTC, datetime, timedelta
from typing import Any

import lxml.html
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.evidence import page_events
from kzmonitor.evidence.looks import LASTING, WALLS
from kzmonitor.review.screens import environment
from kzmonitor.store.tables import Alert, PageEvent, Revision, new_id

AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
OLD = "Полиция задержала пятерых активистов.\nСуд назначен на пятницу."


def event(session: Session, alert: Alert, kind: str, hours: int, state: str = "404", **more: Any) -> PageEvent:
    [revision] = session.scalars(select(Revision))
    made = PageEvent(
        id=new_id(), article_id=revision.article_id, kind=kind, state=state, since=AT + timedelta(hours=hours),
        good_at=AT, confirmed=True, before_capture=revision.capture_id, before_revision=revision.id, **more,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def edited(session: Session, text: str) -> Revision:
    """One more revision of the only article."""
    [old] = session.scalars(select(Revision))
    new = Revision(id=new_id(), article_id=old.article_id, capture_id=old.capture_id, text_sha256=b"\2" * 32,
                   title=old.title, text=text, language="ru", script="cyrl", cut_by="layout:0")  # fmt: skip
    session.add(new)
    session.flush()
    return new


def test_the_newest_event_stands_first(session: Session, report) -> None:
    alert = report(session, "Задержание", OLD, at=AT)
    for hours, kind in enumerate(("gone", "back", "blocked"), 1):
        event(session, alert, kind, hours)
    told = page_events.of_incident(session, alert.incident_id)
    assert [one.kind for one in told] == ["blocked", "back", "gone"]
    assert told[0].url.startswith("https://vlast.example/")
    assert len(page_events.of_incident(session, alert.incident_id, limit=2)) == 2


def test_an_edit_brings_its_difference(session: Session, report) -> None:
    alert = report(session, "Задержание", OLD, at=AT)
    [before] = session.scalars(select(Revision.id))
    new = edited(session, OLD.replace("пятерых", "двоих"))
    session.add(
        PageEvent(
            id=new_id(),
            article_id=new.article_id,
            kind="changed",
            state="edited",
            since=AT,
            good_at=AT,
            confirmed=False,
            before_revision=before,
            after_revision=new.id,
        )
    )
    session.flush()
    [change] = page_events.of_incident(session, alert.incident_id)
    assert [span.text for span in change.spans if span.kind == "removed"] == ["пятерых"]
    assert [span.text for span in change.spans if span.kind == "added"] == ["двоих"]


def test_a_difference_on_a_page_is_text_and_never_markup() -> None:
    from kzmonitor.evidence.differences import difference

    spans = difference("было <script>alert(1)</script>", 'стало <img src=x onerror="alert(2)"> \u202eвот')
    macro = environment().from_string('{% import "parts.html" as parts with context %}{{ parts.difference(spans) }}')
    html = macro.render(spans=spans)
    tree = lxml.html.fragment_fromstring(html)
    assert {element.tag for element in tree.iter()} == {"p", "del", "ins"}
    assert "<script>" in tree.text_content()
    assert "\u202e" not in html


def test_pages_are_counted_by_what_became_of_them(session: Session, report) -> None:
    alert = report(session, "Задержание", OLD, at=AT)
    event(session, alert, "gone", 1, created_at=AT + timedelta(hours=1))
    event(session, alert, "back", 30, created_at=AT + timedelta(hours=30))
    day = timedelta(days=1)
    assert page_events.counted(session, AT, AT + day) == {"gone": 1}
    assert page_events.counted(session, AT, AT + 2 * day) == {"gone": 1, "back": 1}
    assert page_events.counted(session, AT - day, AT) == {}


def test_the_counts_are_said_in_a_sentence() -> None:
    assert page_events.summed_up({"gone": 1, "changed": 2}) == "Of the pages behind alerts 2 were changed, 1 is gone."
    assert page_events.summed_up({}) == ""


@pytest.mark.parametrize("state", sorted({"404", "soft-404", "replaced"} | WALLS | LASTING))
def test_every_reason_is_said_in_words(state: str) -> None:
    assert page_events.why(state) not in ("", state)
