"""Readings that differ are settled by a third person, and the alert follows."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, by_hand, reviews
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.learn import adjudication, readings
from kzmonitor.learn.votes import by_text, settle, votes
from kzmonitor.store.tables import Alert, Article, Review, Revision
from tests.learn.conftest import NOW, passed_by, read, reader, says, version

Report = Callable[..., Alert]
CORE = ("detention",)


@pytest.fixture
def disputed(session: Session, report: Report) -> UUID:
    """The text of an alert that anna rejected and berik, blind, found a detention."""
    first = says(session, "anna", report(session, "t", "x", at=NOW), [])
    readings.read(session, first.id, reader(session, "berik"), "correct", labels=["detention"], core=CORE, now=NOW)
    assert first.revision_id
    return first.revision_id


def settled(session: Session, text: UUID, by: str, *labels: str, **more: object) -> Review:
    found = adjudication.case(session, text)
    assert found is not None
    return adjudication.adjudicate(
        session, text, reader(session, by), labels=labels,
        **{"seen": found.seen, "version": found.version, "now": NOW, **more},  # type: ignore[arg-type]
    )  # fmt: skip


def status(session: Session, alert: UUID) -> tuple[str, list[str]]:
    stands = alerts.standing(session, alert)
    assert stands is not None
    return stands.status, stands.labels


def test_a_dispute_names_its_text_and_what_it_is_over(session: Session, disputed: UUID) -> None:
    [one] = adjudication.disputes(session, 10)
    assert (one.revision, one.over, one.readers) == (disputed, ("relevance", "detention"), ("anna", "berik"))


def test_both_readings_stand_side_by_side_the_open_one_first(session: Session, disputed: UUID) -> None:
    found = adjudication.case(session, disputed)
    assert found is not None
    assert [(one.reader, one.labels, one.blind) for one in found.readings] == [
        ("anna", (), False),
        ("berik", ("detention",), True),
    ]


def test_readings_that_agree_are_no_dispute(session: Session, report: Report) -> None:
    first = says(session, "anna", report(session, "t", "x", at=NOW), [])
    readings.read(session, first.id, reader(session, "berik"), "reject", core=CORE, now=NOW)
    assert adjudication.disputes(session, 10) == []


def test_the_order_of_labels_is_no_difference(session: Session, report: Report) -> None:
    first = says(session, "anna", report(session, "t", "x", at=NOW), ["raid", "detention"])
    says(session, "berik", session.get_one(Alert, first.subject_id), ["raid", "detention"], blind=True)
    first.labels = ["raid", "detention"]
    session.flush()
    assert adjudication.disputes(session, 10) == []


def test_a_third_person_settles_it_and_the_alert_follows(session: Session, disputed: UUID) -> None:
    found = adjudication.case(session, disputed)
    assert found is not None
    assert found.alert is not None
    assert status(session, found.alert)[0] == "rejected"
    made = settled(session, disputed, "chief", "detention", note="he was held overnight")
    assert (made.fields, made.blind, made.revision_id) == ({"adjudicates": True}, False, disputed)
    assert status(session, found.alert) == ("confirmed", ["detention"])
    assert settle(by_text(votes(session))[disputed]).labels == {"detention"}
    assert adjudication.disputes(session, 10) == []
    assert adjudication.case(session, disputed) is None


def test_it_may_be_settled_as_irrelevant(session: Session, disputed: UUID) -> None:
    assert settled(session, disputed, "chief", reason="no_act").decision == "reject"


def test_its_readers_may_not_settle_it_unless_one_is_an_admin(session: Session, disputed: UUID) -> None:
    [one] = adjudication.disputes(session, 10)
    for name in ("anna", "berik"):
        assert not adjudication.may_settle(one, name, admin=False)
        with pytest.raises(InputError, match="third person"):
            settled(session, disputed, name, "detention")
    assert adjudication.may_settle(one, "anna", admin=True)
    settled(session, disputed, "anna", "detention", admin=True)


def test_the_second_of_two_who_settle_it_is_told(session: Session, disputed: UUID) -> None:
    found = adjudication.case(session, disputed)
    assert found is not None
    settled(session, disputed, "chief", "detention")
    with pytest.raises(Conflict):
        adjudication.adjudicate(
            session, disputed, reader(session, "dana"), labels=["raid"], seen=found.seen, version=found.version, now=NOW
        )
    assert status(session, found.alert)[1] == ["detention"]  # type: ignore[arg-type]


def test_who_has_not_seen_the_last_word_is_told(session: Session, disputed: UUID) -> None:
    with pytest.raises(Conflict):
        settled(session, disputed, "chief", "detention", seen=UUID(int=1))
    with pytest.raises(Conflict):
        settled(session, disputed, "chief", "detention", version=None)


def test_what_was_settled_holds_until_it_is_undone(session: Session, disputed: UUID) -> None:
    made = settled(session, disputed, "chief", "detention")
    alert = made.subject_id
    more = {"revision_id": disputed, "now": NOW}
    with pytest.raises(InputError, match="undo that"):
        reviews.decide(session, alert, "reject", seen_version=made.id, **more)  # type: ignore[arg-type]
    undo = reviews.decide(session, alert, "undo", seen_version=made.id, now=NOW)
    assert [one.revision for one in adjudication.disputes(session, 10)] == [disputed]
    reviews.decide(session, alert, "reject", seen_version=undo.id, **more)  # type: ignore[arg-type]


def test_labels_that_make_no_sense_are_refused(session: Session, disputed: UUID) -> None:
    with pytest.raises(InputError):
        settled(session, disputed, "chief", "nonsense")
    assert adjudication.case(session, disputed) is not None


def test_a_merged_alert_leaves_the_word_on_the_article(session: Session, disputed: UUID, report: Report) -> None:
    found = adjudication.case(session, disputed)
    assert found is not None
    other = report(session, "u", "y", at=NOW)
    from kzmonitor.store.tables import Incident

    alert = session.get_one(Alert, found.alert)
    session.get_one(Incident, alert.incident_id).redirect_to = other.incident_id
    session.flush()
    made = settled(session, disputed, "chief", "detention")
    assert (made.subject, made.revision_id) == ("article", disputed)
    assert settle(by_text(votes(session))[disputed]).labels == {"detention"}


def test_a_dispute_over_an_audited_article_moves_the_alert_that_it_opened(session: Session) -> None:
    model = version(session, "v", "champion")
    article = passed_by(session, model, 1, at=NOW, text="Суд оштрафовал активистку.")
    opened = by_hand.open_by_hand(session, article.id, ["prosecution"], reader(session, "anna"), NOW, why="audit")
    says(session, "berik", session.get_one(Alert, opened.alert_id), [], blind=True, subject="article")
    text = article.current_revision
    assert text is not None
    made = settled(session, text, "chief")
    assert (made.subject, made.decision) == ("article", "reject")
    assert status(session, opened.alert_id)[0] == "rejected"


def test_an_article_that_the_audit_wrongly_let_pass_gets_its_alert(session: Session) -> None:
    model = version(session, "v", "champion")
    article = passed_by(session, model, 1, at=NOW, text="Суд оштрафовал активистку.")
    read(session, "anna", article, [], "audit")
    first = votes(session)[0]
    session.add(
        Review(
            account_id=reader(session, "berik"), subject="article", subject_id=article.id, revision_id=first.text,
            decision="correct", labels=["prosecution"], blind=True, fields={}, created_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    settled(session, first.text, "chief", "prosecution")
    alert = by_hand.alert_of(session, article.id)
    assert alert is not None
    assert status(session, alert) == ("confirmed", ["prosecution"])


def test_an_edited_article_is_not_decided_by_a_word_on_its_old_text(session: Session) -> None:
    model = version(session, "v", "champion")
    article = passed_by(session, model, 1, at=NOW, text="Суд оштрафовал активистку.")
    read(session, "anna", article, [], "audit")
    old = session.get_one(Revision, article.current_revision)
    session.add(
        Review(
            account_id=reader(session, "berik"), subject="article", subject_id=article.id, revision_id=old.id,
            decision="correct", labels=["prosecution"], blind=True, fields={}, created_at=NOW,
        )
    )  # fmt: skip
    other = passed_by(session, model, 2, at=NOW)
    session.get_one(Article, article.id).current_revision = other.current_revision
    session.flush()
    settled(session, old.id, "chief", "prosecution")
    assert by_hand.alert_of(session, article.id) is None
