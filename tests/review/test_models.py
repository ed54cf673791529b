"""The page of models: who sees it, who may act, and what is written down."""

from typing import Any

import pytest
from sqlalchemy import select, update

from kzmonitor.classify import registry
from kzmonitor.learn import training_runs
from kzmonitor.store import Database
from kzmonitor.store.tables import AuditLog, Model, TrainingRun, new_id
from tests.review.conftest import NOW, Browser

FIGURES = {"f1": 0.9, "precision": 0.91, "recall": 0.89}
METRICS: dict[str, Any] = {
    "queue": {
        "relevance": FIGURES, "core_macro_f1": 0.8, "labels": {"detention": {**FIGURES, "support": 40}},
        "by_language": {"ru": {"relevance": FIGURES, "core_macro_f1": 0.8}},
    },
}  # fmt: skip
COMPARISON = {
    "on": "frozen", "figure": "f1_queue", "of": "kk", "events": 40, "champion": 0.9, "candidate": 0.7,
    "difference": -0.2, "low": -0.3, "high": -0.1, "worse": True, "decides": True,
}  # fmt: skip


@pytest.fixture
def versions(database: Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, Model]:
    monkeypatch.setattr(registry, "classifier", lambda model: None)
    refused = {**METRICS, "reason": "weekly", "gate": {"passed": False, "comparisons": [COMPARISON]}}
    made = {
        name: Model(
            id=new_id(), version=f"2025110{day}-0400-{name}", sha256=b"", state=state, body=b"",
            trained_at=NOW.replace(day=day), metrics=metrics, data_sha256=b"", taxonomy={},
        )
        for name, state, day, metrics in (
            ("old", "retired", 1, METRICS), ("used", "champion", 2, METRICS), ("new", "candidate", 3, refused)
        )
    }  # fmt: skip
    with database.session() as session:
        session.add_all(made.values())
    return made


def states(database: Database) -> dict[str, str]:
    with database.session() as session:
        return {
            version.rsplit("-", 1)[1]: state for version, state in session.execute(select(Model.version, Model.state))
        }


def test_figures_by_language_and_the_gates_report_in_words(versions: dict[str, Model], browser: Browser) -> None:
    page = browser.open("/models")
    assert "20251102-0400-used" in page.text("[aria-labelledby='versions-h'] .chart-said")[0]
    assert (
        "Refused. Worse beyond noise than the version in use at that time: Kazakh (F1 at queue, frozen events)."
        in (page.text("#compare .chart-said")[0])
    )
    assert "0.7" not in page.text("#compare table")[0]
    assert "70%" in page.text("#compare table")[0]


def test_two_versions_side_by_side(versions: dict[str, Model], browser: Browser) -> None:
    page = browser.open("/models?first=20251101-0400-old&second=20251102-0400-used")
    assert "kzmonitor model compare 20251101-0400-old 20251102-0400-used" in page.text("#compare .chart-note")[0]
    assert "never stood before the gate" in page.text("#compare .chart-said")[0]
    assert browser.open("/models?first=nosuch&second=%27").response.status_code == 200


def test_a_version_is_taken_into_use_with_a_reason_and_an_entry_in_the_log(
    versions: dict[str, Model], browser: Browser, database: Database
) -> None:
    sent = {"form_token": browser.form_token(), "version": str(versions["new"].id)}
    refused = browser.post("/models/promote", sent)
    assert refused.status_code == 400
    assert states(database)["used"] == "champion"
    assert browser.post("/models/promote", sent | {"reason": "read by two of us"}).status_code == 200
    assert states(database) == {"old": "retired", "used": "retired", "new": "champion"}
    with database.session() as session:
        entry = session.scalars(select(AuditLog).where(AuditLog.action == "promote model")).one()
        assert entry.subject_id == versions["new"].id
        assert entry.before == {
            "champion": "20251102-0400-used", "now": "20251103-0400-new", "reason": "read by two of us"
        }  # fmt: skip


def test_rolling_back_and_nowhere_to_roll_back_to(
    versions: dict[str, Model], browser: Browser, database: Database
) -> None:
    sent = {"form_token": browser.form_token(), "reason": "too many wrong alerts"}
    assert browser.post("/models/rollback", sent).status_code == 200
    assert states(database)["old"] == "champion"
    again = browser.post("/models/rollback", sent)
    assert again.status_code == 400
    assert "There is no earlier version" in again.text


def test_a_retraining_is_asked_for_once_and_watched(
    versions: dict[str, Model], browser: Browser, database: Database
) -> None:
    sent = {"form_token": browser.form_token(), "reason": "many reviews", "promote": "true"}
    assert browser.post("/models/retrain", sent).status_code == 200
    page = browser.open("/models")
    assert page.dom.cssselect("#retraining[hx-get]")
    assert not page.dom.cssselect("form[action='/models/retrain']")
    second = browser.post("/models/retrain", sent)
    assert second.status_code == 400
    with database.session() as session:
        session.execute(update(TrainingRun).values(state="failed", line="<b>it broke</b>", ended_at=NOW))
        assert [run.promote for run in training_runs.runs(session)] == [True]
    page = browser.open("/models")
    assert not page.dom.cssselect("#retraining[hx-get]")
    assert "<b>it broke</b>" in page.text("#retraining tbody tr")[0]


def test_a_reviewer_sees_and_may_not_act_and_a_reader_sees_nothing(
    versions: dict[str, Model], stranger: Browser, database: Database
) -> None:
    reviewer = stranger.log_in("reviewer")
    page = reviewer.open("/models")
    assert page.response.status_code == 200
    assert not page.dom.cssselect("main form[method='post']")
    for path in ("promote", "rollback", "retrain"):
        sent = {"form_token": reviewer.form_token(), "reason": "x", "version": str(versions["new"].id)}
        assert reviewer.post(f"/models/{path}", sent).status_code == 403
    assert states(database)["used"] == "champion"
    assert stranger.log_in("reader").get("/models").status_code == 403


def test_before_the_first_model_the_page_says_so(browser: Browser) -> None:
    page = browser.open("/models")
    assert page.response.status_code == 200
    assert "There is none yet" in page.html
