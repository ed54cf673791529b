"""Each DAG run for real in this process: against the newsroom, the test database and Airflow on SQLite."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from kzmonitor import newsroom
from kzmonitor.cli import jobs
from kzmonitor.digest.period import digest_day
from kzmonitor.errors import SourceError
from kzmonitor.incidents import sharing
from kzmonitor.newsroom import Fault
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Article, Capture, Entry, Model, Prediction, Watch

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("airflow")]

RunDag = Callable[..., tuple[str, dict[tuple[str, int], tuple[str | None, int]]]]


@pytest.fixture
def outlets(outside: Path) -> Iterator[newsroom.Newsroom]:
    with newsroom.Newsroom(newsroom.outlets_from(newsroom.demo_files(), datetime.now(UTC))) as running:
        # However slow the machine, no source is due twice within one test.
        newsroom.declare(running, outside, every_minutes=600)
        yield running


def count(database: Database, table: type) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_collect_then_understand_then_digest(
    run_dag: RunDag, outlets: newsroom.Newsroom, champion: Database, tmp_path: Path
) -> None:
    state, tasks = run_dag("collect")
    assert state == "success"
    assert tasks == {
        ("due", -1): ("success", 1),
        **{("poll", index): ("success", 1) for index in range(3)},
        ("hand_over", -1): ("success", 1),
        ("all_polled", -1): ("success", 1),
    }
    waiting = count(champion, Entry)
    assert waiting == sum(len(outlet.articles()) for outlet in outlets.outlets.values())

    state, tasks = run_dag("understand")
    assert state == "success"
    assert tasks == {
        ("split", -1): ("success", 1),
        ("extract", -1): ("skipped", 0),
        ("score", -1): ("skipped", 0),
        ("understand", -1): ("success", 1),
    }
    assert count(champion, Article) == waiting
    alerts = count(champion, Alert)
    assert alerts > 0

    assert run_dag("understand")[0] == "success"
    assert (count(champion, Article), count(champion, Alert)) == (waiting, alerts)

    state, tasks = run_dag("digest")
    assert state == "success"
    assert len(list((tmp_path / "data" / "digests").iterdir())) == 6

    # Nothing is due: nothing is polled and nothing is started.
    state, tasks = run_dag("collect")
    assert state == "success"
    assert tasks[("poll", -1)][0] == tasks[("hand_over", -1)][0] == "skipped"


def test_a_failed_source_fails_its_task_and_the_run_and_stops_no_other(
    run_dag: RunDag, outlets: newsroom.Newsroom, database: Database
) -> None:
    gone, broken, well = outlets.outlets.values()
    gone.fault("/feed/", Fault(status=404))
    broken.fault("/feed/", Fault(status=403))
    state, tasks = run_dag("collect")
    assert state == "failed"
    polls = sorted((tasks[("poll", index)] for index in range(3)), key=str)
    assert polls == [("failed", 1), ("failed", 1), ("success", 1)]
    assert tasks[("hand_over", -1)][0] == "success"
    assert tasks[("all_polled", -1)][0] == "upstream_failed"
    assert count(database, Entry) == len(well.articles())


def test_a_server_error_is_tried_again(
    run_dag: RunDag, outlets: newsroom.Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def failing_once(slug: str) -> dict[str, int]:
        tries.append(slug)
        if tries.count(slug) == 1:
            raise SourceError(f"{slug}: server-error", "server-error")
        return {"fetched": 1}

    monkeypatch.setattr(jobs, "poll", failing_once)
    state, tasks = run_dag("collect")
    assert state == "success"
    assert [tasks[("poll", index)] for index in range(3)] == [("success", 2)] * 3


def test_a_backlog_is_shared_out_and_done_once(
    run_dag: RunDag, outlets: newsroom.Newsroom, champion: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KZMONITOR_SHARES", "2")
    monkeypatch.setattr(sharing, "WORTH_A_SHARE", 20)
    assert run_dag("collect")[0] == "success"
    state, tasks = run_dag("understand")
    assert state == "success"
    shares = [(task, share) for task in ("extract", "score") for share in range(2)]
    assert tasks == dict.fromkeys([("split", -1), *shares, ("understand", -1)], ("success", 1))
    assert count(champion, Article) == count(champion, Entry) == count(champion, Prediction)
    assert count(champion, Alert) > 0


def test_what_a_share_leaves_undone_is_done_by_the_last_task(
    run_dag: RunDag, outlets: newsroom.Newsroom, champion: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KZMONITOR_SHARES", "2")
    monkeypatch.setattr(sharing, "WORTH_A_SHARE", 20)

    def lost(_share: int) -> dict[str, int]:
        raise SourceError("the worker is gone", "error")

    for share in ("extract", "score"):
        monkeypatch.setattr(jobs, share, lost)
    assert run_dag("collect")[0] == "success"
    state, tasks = run_dag("understand")
    assert (state, tasks[("understand", -1)]) == ("success", ("success", 1))
    assert tasks[("extract", 0)] == tasks[("score", 1)] == ("failed", 5)
    assert count(champion, Prediction) == count(champion, Entry)


def test_retraining_without_anything_new_enters_nothing(run_dag: RunDag, outside: Path, champion: Database) -> None:
    assert run_dag("retrain", reason="a test", promote=False)[0] == "success"
    assert run_dag("retrain")[0] == "success"
    with champion.session() as session:
        assert session.scalars(select(Model.state)).all() == ["champion"]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-22T03:00:00", "2026-11-22"),
        ("2026-11-22T02:59:59", "2026-11-21"),
        ("2026-11-22T20:00:00", "2026-11-22"),
    ],
)
def test_a_digest_started_by_hand_is_that_of_the_last_eight_o_clock(moment: str, day: str) -> None:
    assert str(digest_day(datetime.fromisoformat(moment).replace(tzinfo=UTC))) == day


def test_watch_looks_at_the_pages_behind_alerts_that_are_due(
    run_dag: RunDag, outlets: newsroom.Newsroom, champion: Database
) -> None:
    assert run_dag("collect")[0] == run_dag("understand")[0] == "success"
    with champion.session() as session:
        session.execute(update(Article).values(first_seen=Article.first_seen - timedelta(hours=2)))
        session.execute(update(Capture).values(fetched_at=Capture.fetched_at - timedelta(hours=2)))
    state, tasks = run_dag("watch")
    assert (state, tasks) == ("success", {("look", -1): ("success", 1)})
    with champion.session() as session:
        assert session.scalars(select(Watch.seen).distinct()).all() == ["ok"]
    assert count(champion, Watch) >= count(champion, Alert)


def test_backfill_reads_the_days_it_is_given_and_fails_at_once_for_senseless_ones(
    run_dag: RunDag, outside: Path, database: Database
) -> None:
    record = newsroom.Record("1", "en", "A report of that day", "A hearing took place behind closed doors. " * 5,
                             published=datetime(2021, 2, 3, 6, tzinfo=UTC))  # fmt: skip
    with newsroom.Newsroom([newsroom.Outlet("dala", "plain", [record])]) as running:
        newsroom.declare(running, outside, sitemaps=True)
        days = {"source": "dala", "first_day": "2021-02-01", "last_day": "2021-02-28", "tell": False}
        assert run_dag("backfill", **days) == ("success", {("read_back", -1): ("success", 1)})
        with database.session() as session:
            assert session.execute(select(Entry.route, Entry.state, Entry.tell)).all() == [
                ("archive", "fetched", False)
            ]
        turned = days | {"first_day": "2021-03-01"}
        assert run_dag("backfill", **turned) == ("failed", {("read_back", -1): ("failed", 1)})
