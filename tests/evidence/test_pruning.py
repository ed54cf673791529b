"""Retention: what led to nothing goes after its time, what anything stands on never does."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from kzmonitor.config import Settings
from kzmonitor.evidence import manifests, pruning
from kzmonitor.evidence.verification import verify
from kzmonitor.store import Database, partitions
from kzmonitor.store.tables import (
    Alert,
    Article,
    AuditLog,
    Capture,
    Entry,
    IncidentArticle,
    Model,
    Poll,
    Prediction,
    Review,
    Revision,
    new_id,
)
from tests.conftest import empty, report_of
from tests.evidence.conftest import NOON, PAGE, captured

# So that everything which is stored today is old.
LATER = datetime.now(NOON.tzinfo) + timedelta(days=800)
RULES = Settings(_env_file=None)  # type: ignore[call-arg]


def ordinary(session: Session, n: int) -> UUID:
    """The capture of a page that was cut and scored, and is about nothing of ours."""
    url = f"https://vlast.example/ordinary/{n}"
    capture_id = captured(session, url=url, body=PAGE * 3)
    report_of(session, f"Погода {n}", "Солнечно", at=NOON, url=url)
    article = session.scalars(select(Article).where(Article.canonical_url == url)).one()
    for table in ("alert_event", "alert", "incident_article", "incident"):
        session.execute(text(f"delete from {table} where true" + _of_last(table)), {"article": article.id})
    session.execute(text("update revision set capture = :new where article = :article"), _pair(capture_id, article.id))
    session.execute(text("delete from capture where canonical_url = :url and body is null"), {"url": url})
    session.execute(
        text("update prediction set tier = null where revision = :revision"), {"revision": article.current_revision}
    )
    session.expire_all()
    return capture_id


def _of_last(table: str) -> str:
    newest = "(select incident from incident_article where article = :article)"
    return {
        "alert_event": " and article = :article",
        "alert": f" and incident in {newest}",
        "incident_article": " and article = :article",
        "incident": " and not exists (select from incident_article where incident = incident.id)",
    }[table]


def _pair(new: UUID, article: UUID) -> dict[str, UUID]:
    return {"new": new, "article": article}


def article_of(session: Session, capture: UUID) -> Revision:
    return session.scalars(select(Revision).where(Revision.capture_id == capture)).one()


def in_an_incident(session: Session, capture: UUID) -> None:
    alert = report_of(session, "Задержан", "другой", at=NOON)
    session.add(
        IncidentArticle(
            incident_id=alert.incident_id, article_id=article_of(session, capture).article_id, why="copy", score=1.0,
            by="grouping",
        )
    )  # fmt: skip


def flagged(session: Session, capture: UUID) -> None:
    revision = article_of(session, capture)
    session.execute(text("update prediction set tier = 'queue' where revision = :id"), {"id": revision.id})


def of_an_event(session: Session, capture: UUID) -> None:
    report_of(session, "Осуждён", "другой", at=NOON)
    session.execute(text("update alert_event set article = :id"), {"id": article_of(session, capture).article_id})


def reviewed(session: Session, capture: UUID) -> None:
    session.add(Review(subject="article", subject_id=article_of(session, capture).article_id, decision="reject"))


def paired(session: Session, capture: UUID) -> None:
    report_of(session, "Осуждён", "другой", at=NOON)
    review = Review(id=new_id(), subject="article", subject_id=new_id(), decision="reject")
    session.add(review)
    session.flush()
    session.execute(
        text("""insert into pair_label (first, second, review, same)
                select :mine, current.article, :review, true from revision as current where title = 'Осуждён'"""),
        {"mine": article_of(session, capture).article_id, "review": review.id},
    )


def watched(session: Session, capture: UUID) -> None:
    revision = article_of(session, capture)
    session.execute(
        text("""insert into watch (article, source, first_seen, good_capture, good_revision, good_at)
                values (:article, 'vlast', now(), :capture, :revision, now())"""),
        {"article": revision.article_id, "capture": capture, "revision": revision.id},
    )


def looked_at_again(session: Session, capture: UUID) -> None:
    """An edit of a page behind an alert: this capture is only the proof of how it was."""
    alert = report_of(session, "Задержан", "другой", at=NOON)
    session.execute(
        text("""insert into page_event (id, article, kind, state, since, good_at, confirmed, before_capture)
                select gen_random_uuid(), article, 'gone', '404', now(), now(), true, :capture
                from incident_article where incident = :incident"""),
        {"capture": capture, "incident": alert.incident_id},
    )


def canary(session: Session, capture: UUID) -> None:
    article = article_of(session, capture).article_id
    session.execute(
        text("""insert into canary (source, article, capture, title, words, chosen_at)
                values ('vlast', :article, :capture, 't', 5, now())"""),
        {"article": article, "capture": capture},
    )


def missed(session: Session, capture: UUID) -> None:
    session.execute(
        text("""insert into missed_report (id, source, labels, standing, article)
                values (gen_random_uuid(), 'vlast', '{}', 'unflagged', :article)"""),
        {"article": article_of(session, capture).article_id},
    )


def waits_to_be_cut(session: Session, capture: UUID) -> None:
    url = session.get_one(Capture, capture).url
    session.add(Entry(source="vlast", url=url, canonical_url=url, route="feed", state="fetched", capture_id=capture))


@pytest.mark.parametrize(
    "stand_on",
    [
        in_an_incident, flagged, of_an_event, reviewed, paired, watched, looked_at_again, canary, missed,
        waits_to_be_cut,
    ],
)  # fmt: skip
def test_what_something_stands_on_is_never_touched(
    database: Database, stand_on: Callable[[Session, UUID], None]
) -> None:  # fmt: skip
    with database.session() as session:
        kept, goes = ordinary(session, 1), ordinary(session, 2)
        stand_on(session, kept)
        retired(session)
    list(pruning.prune(database, RULES, LATER))
    with database.session() as session:
        assert session.get_one(Capture, kept).body is not None
        assert article_of(session, kept).text == "Солнечно"
        assert session.get_one(Capture, goes).body is None
        assert article_of(session, goes).text == ""


def retired(session: Session) -> None:
    session.execute(text("update model set state = 'retired'"))


def test_no_capture_behind_an_alert_is_touched(database: Database) -> None:
    """Of many pages, with other captures of the same addresses: the sum over all forms of evidence."""
    with database.session() as session:
        for n in range(30):
            one = ordinary(session, n)
            if n % 3 == 0:
                in_an_incident(session, one)
                captured(session, url=session.get_one(Capture, one).url, body=PAGE + b"edited")
    behind = text("""
        select capture.id from capture where body is not null and canonical_url in (
            select canonical_url from article join incident_article on incident_article.article = article.id
        ) order by 1
    """)
    with database.session() as session:
        before = session.scalars(behind).all()
        assert len(before) == 20
    done = {one.rule: one.rows for one in pruning.prune(database, RULES, LATER)}
    assert done[pruning.TEXTS] == 20
    with database.session() as session:
        assert session.scalars(behind).all() == before


def test_what_was_removed_is_erased_by_rule_and_no_tampering(database: Database) -> None:
    with database.session() as session:
        ordinary(session, 1)
    manifests.close(database, datetime.now(NOON.tzinfo) + timedelta(days=2))
    list(pruning.prune(database, RULES, LATER))
    with database.session() as session:
        told = verify(session)
        assert told.problems == []
        assert [one.why for one in told.erased] == ["retention: pages that led to nothing, after 365 days"]
        assert session.scalars(select(AuditLog.action)).all() == ["prune"]


def test_a_dry_run_counts_the_same_and_changes_nothing(database: Database) -> None:
    with database.session() as session:
        goes = [ordinary(session, n) for n in range(3)]
        retired(session)
        session.add(AuditLog(action="x", subject="y", created_at=NOON))
    counted = list(pruning.prune(database, RULES, LATER, dry_run=True))
    with database.session() as session:
        assert session.get_one(Capture, goes[0]).body is not None
        assert session.scalar(select(func.count()).select_from(Prediction)) == 3
    done = list(pruning.prune(database, RULES, LATER))
    assert [one.rows for one in done if one.rule in (pruning.TEXTS, pruning.SCORES, "log of actions")] == [3, 3, 1]
    # Scores may go once their texts are gone.
    assert [one for one in counted if one.rule != pruning.SCORES] == [one for one in done if one.rule != pruning.SCORES]
    assert {one.rows for one in pruning.prune(database, RULES, LATER) if one.rule != "log of actions"} == {0}


def test_nothing_young_goes_and_a_rule_of_nought_days_is_off(database: Database) -> None:
    with database.session() as session:
        ordinary(session, 1)
        session.execute(text("update capture set id = id"))
        retired(session)
    now = datetime.now(NOON.tzinfo)
    young = [one.rows for one in pruning.prune(database, RULES.model_copy(update={"keep_texts_days": 0}), now)]
    assert set(young) == {0}
    off = RULES.model_copy(update={name: 0 for name in Settings.model_fields if name.startswith("keep_")})
    assert {one.rows for one in pruning.prune(database, off, LATER)} == {0}


def test_it_works_in_batches_and_goes_on_after_it_was_killed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    with database.session() as session:
        for n in range(7):
            ordinary(session, n)
    monkeypatch.setattr(pruning, "CAPTURES", pruning.CAPTURES.replace(f"limit {pruning.BATCH}", "limit 2"))
    forget, batches = pruning.erasure.forget, []

    def killed(session: Session, captures: Sequence[Capture], why: str, now: datetime) -> None:
        forget(session, captures, why, now)
        batches.append(len(captures))
        if len(batches) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(pruning.erasure, "forget", killed)
    with pytest.raises(KeyboardInterrupt):
        list(pruning.prune(database, RULES, LATER))
    with database.session() as session:
        erased = session.scalar(select(func.count()).where(Capture.erased_at.is_not(None)))
        assert (batches, erased) == ([2, 2], 2)
    assert next(iter(pruning.prune(database, RULES, LATER))).rows == 5


def test_rows_that_somebody_holds_are_left_for_the_next_time(database: Database) -> None:
    with database.session() as session:
        held, _free = ordinary(session, 1), ordinary(session, 2)
    with database.session() as holder:
        holder.scalars(select(Capture).where(Capture.id == held).with_for_update()).one()
        assert next(iter(pruning.prune(database, RULES, LATER))).rows == 1
    assert next(iter(pruning.prune(database, RULES, LATER))).rows == 1


def test_the_champions_scores_stay(database: Database) -> None:
    with database.session() as session:
        ordinary(session, 1)
    assert {one.rule: one.rows for one in pruning.prune(database, RULES, LATER)}[pruning.SCORES] == 0
    with database.session() as session:
        assert session.scalars(select(Model.state)).all() == ["champion"]
        assert session.scalar(select(func.count()).select_from(Prediction)) == 1


def test_a_text_that_stays_keeps_one_score_so_that_nobody_scores_it_again(database: Database) -> None:
    with database.session() as session:
        ordinary(session, 1)
        retired(session)
    keep_texts = RULES.model_copy(update={"keep_texts_days": 0})
    assert {one.rule: one.rows for one in pruning.prune(database, keep_texts, LATER)}[pruning.SCORES] == 0
    with database.session() as session:
        old = session.scalars(select(Model)).one()
        session.add(Model(version="test-2", state="champion", trained_at=NOON, **_of_no_interest(old)))
        session.flush()
        session.execute(
            text("""insert into prediction (revision, model, relevance, probabilities, labels, reasons)
            select revision, (select id from model where state = 'champion'), 0, '{}', '{}', '[]' from prediction""")
        )
    assert {one.rule: one.rows for one in pruning.prune(database, keep_texts, LATER)}[pruning.SCORES] == 1


def _of_no_interest(model: Model) -> dict[str, object]:
    return {name: getattr(model, name) for name in ("sha256", "body", "metrics", "data_sha256", "taxonomy")}


def test_the_last_good_look_at_a_feed_stays_and_what_came_after_it(database: Database) -> None:
    with database.session() as session:
        captured(session)
        for n, state in enumerate(["ok", "timeout", "not-modified", "dns"]):
            session.add(
                Poll(source="vlast", url="https://vlast.example/rss", started=NOON + timedelta(hours=n), state=state)
            )
    done = {one.rule: one.rows for one in pruning.prune(database, RULES, LATER)}
    assert done["looks at feeds"] == 2
    with database.session() as session:
        assert set(session.scalars(select(Poll.state))) == {"not-modified", "dns"}


def test_the_log_of_an_alert_that_waits_for_a_decision_stays(database: Database) -> None:
    with database.session() as session:
        alert: Alert = report_of(session, "Задержан", "т", at=NOON)
        session.add(AuditLog(action="assign", subject="alert", subject_id=alert.id, created_at=NOON))
        session.add(AuditLog(action="login", subject="account", subject_id=new_id(), created_at=NOON))
    assert {one.rule: one.rows for one in pruning.prune(database, RULES, LATER)}["log of actions"] == 1
    with database.session() as session:
        assert set(session.scalars(select(AuditLog.action))) == {"assign", "prune"}


def test_months_without_rows_are_dropped_and_those_with_rows_are_not(database: Database) -> None:
    with database.session() as session:
        partitions.ensure(session, NOON)
        captured(session, stored=NOON)
    try:
        done = {one.rule: one.rows for one in pruning.prune(database, RULES, NOON + timedelta(days=40))}
        assert done[pruning.PARTITIONS] == 1
        with database.session() as session:
            left = partitions.empty_months(session.connection(), NOON + timedelta(days=40))
            assert left == []
            assert session.scalar(text("select to_regclass('prediction_2026_11')")) is None
            assert session.scalar(text("select count(*) from capture_2026_11")) == 1
    finally:
        empty(database)
        with database.session() as session:
            for name in partitions.empty_months(session.connection(), NOON + timedelta(days=400)):
                assert partitions.drop(session.connection(), name)
