import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kzmonitor import errors

pytestmark = pytest.mark.xdist_group("airflow")

DAGS = Path(__file__).parent.parent.parent / "dags"
FILES = sorted(path for path in DAGS.glob("*.py") if path.stem != "__init__")


def test_every_file_loads_without_a_database_and_holds_the_dag_of_its_name(bag: Any, airflow_home: Path) -> None:
    assert bag.import_errors == {}
    assert sorted(bag.dags) == [path.stem for path in FILES]
    expected = "backfill canary collect digest notices retrain retrain_requested understand watch"
    assert sorted(bag.dags) == expected.split()


def test_no_dag_uses_what_airflow_has_deprecated(bag: Any) -> None:
    assert {stats.file: stats.warning_num for stats in bag.dagbag_stats if stats.warning_num} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_docstring_of_a_dag_is_its_page(bag: Any, path: Path) -> None:
    written = ast.get_docstring(ast.parse(path.read_text()), clean=False)
    assert written is not None
    assert written.startswith(f"# {path.stem}\n")
    assert bag.dags[path.stem].doc_md.strip() == written.strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_is_wiring_only(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.IfExp | ast.Try | ast.While)]
    at_the_top = [name for node in tree.body for name in imported(node)]
    assert not [name for name in at_the_top if name.startswith(("kzmonitor", "spiders", "sqlalchemy", "httpx"))]
    inside = [name for node in ast.walk(tree) for name in imported(node) if name.startswith("kzmonitor")]
    assert set(inside) == {"kzmonitor.cli"}


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_no_dag_catches_up_and_only_polls_overlap(bag: Any) -> None:
    assert {name: dag.catchup for name, dag in bag.dags.items() if dag.catchup} == {}
    assert {name: dag.max_active_runs for name, dag in bag.dags.items()} == {
        "collect": 3,
        "understand": 1,
        "digest": 1,
        "notices": 1,
        "retrain": 1,
        "watch": 1,
        "backfill": 2,
        "canary": 1,
        "retrain_requested": 1,
    }


def test_one_mapped_task_a_source_with_retries_back_off_and_a_limit(bag: Any) -> None:
    poll = bag.dags["collect"].get_task("poll")
    assert poll.is_mapped
    assert (poll.retries, poll.retry_exponential_backoff) == (2, 2.0)
    assert poll.execution_timeout == timedelta(minutes=8)
    assert poll.max_active_tis_per_dag == 3  # one slot of four stays free
    assert poll.upstream_task_ids == {"due"}
    assert poll.downstream_task_ids == {"hand_over", "all_polled"}


def test_collecting_hands_over_to_understanding_by_the_asset(bag: Any) -> None:
    outlets = bag.dags["collect"].get_task("hand_over").outlets
    assert [asset.uri for asset in outlets] == ["kzmonitor://articles/"]
    assert bag.dags["understand"].timetable.asset_condition.objects == tuple(outlets)


@pytest.mark.parametrize("dag_id", ["collect", "understand", "digest", "notices", "retrain", "watch", "backfill"])
def test_what_needs_a_person_is_not_tried_again_and_a_source_that_failed_is(bag: Any, dag_id: str) -> None:
    from airflow.sdk import RetryAction

    task = next(task for task in bag.dags[dag_id].tasks if task.task_id != "all_polled")
    policy = task.retry_policy
    for fatal in (errors.SetupError("x"), errors.InputError("x")):
        assert policy.evaluate(fatal, 1, 2).action is RetryAction.FAIL
    assert policy.evaluate(errors.SourceError("x", "timeout"), 1, 2).action is RetryAction.DEFAULT


@pytest.mark.parametrize(("dag_id", "hour_utc"), [("digest", 3), ("retrain", 23)])
def test_the_next_run_is_at_the_hour_of_almaty(bag: Any, dag_id: str, hour_utc: int) -> None:
    import pendulum
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import TimeRestriction

    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.dags[dag_id]))
    after = pendulum.datetime(2026, 11, 22, 12, tz="UTC")  # a Sunday evening in Almaty
    info = dag.timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=after, latest=None, catchup=True)
    )
    expected = {"digest": "2026-11-23 08:00", "retrain": "2026-11-23 04:00"}[dag_id]
    assert info.run_after.in_timezone("Asia/Almaty").format("YYYY-MM-DD HH:mm") == expected
    assert info.run_after.in_timezone("UTC").hour == hour_utc


def test_collecting_starts_at_once_and_then_every_minute(bag: Any) -> None:
    import pendulum
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import TimeRestriction

    timetable = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.dags["collect"])).timetable
    first = timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=None, latest=None, catchup=False)
    )
    assert first.run_after <= pendulum.now("UTC")
    assert timetable.summary == "* * * * *"


def test_each_task_says_by_its_queue_what_it_needs(bag: Any) -> None:
    queues = {
        queue: sorted(task.task_id for dag in bag.dags.values() for task in dag.tasks if task.queue == queue)
        for queue in {task.queue for dag in bag.dags.values() for task in dag.tasks}
    }
    assert queues == {
        "fetch": sorted(["all_polled", "due", "hand_over", "look", "look", "poll", "read_back"]),
        "extract": ["extract", "split"],
        "score": ["score", "train_and_compare", "train_if_asked", "understand"],
        "send": ["make_partitions", "send_what_is_due", "write_and_send"],
    }


def test_what_a_share_fails_to_do_the_last_task_does(bag: Any) -> None:
    understand = bag.dags["understand"]
    assert understand.get_task("score").partial_kwargs["trigger_rule"] == "all_done"
    assert understand.get_task("understand").trigger_rule == "all_done"
    assert understand.get_task("understand").upstream_task_ids == {"score"}
