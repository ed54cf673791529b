"""# collect

Every minute: which sources are due by their declarations, then one mapped task for each of them, named by its slug.

- A source whose looks all fail in a way that may pass (time-out, connection, server error) is tried three times with
  growing pauses. A wall, a wrong address or a plea to slow down fails at once: the next poll, some minutes later, is
  the next try. The last line of the task's log says what to do.
- One failed source makes the run a failed one, and stops no other source.
- When at least one source was polled, `hand_over` starts **understand** through the asset `kzmonitor://articles`,
  whether anything new came or not: what a killed run left lying is then understood as well. Nothing due, nothing
  started.

Run twice, nothing is fetched twice: what has been seen is in kzmonitor's database, not here. A slow source delays
nobody: up to three runs overlap, and all polls together leave one slot of Airflow's (`[core] parallelism`) free for
the other DAGs.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    Asset,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    TriggerRule,
    dag,
    task,
)
from airflow.sdk.configuration import conf

ARTICLES = Asset("kzmonitor://articles")
NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError", "kzmonitor.errors.PageError"]
POLLS = max(1, conf.getint("core", "parallelism") - 1)


@dag(
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC", run_immediately=True),
    catchup=False,
    max_active_runs=3,
    default_args={
        "queue": "fetch",
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=2),
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def collect() -> None:
    @task(execution_timeout=timedelta(minutes=2))
    def due() -> list[str]:
        from kzmonitor.cli import jobs

        return jobs.due_sources()

    @task(
        execution_timeout=timedelta(minutes=8),
        max_active_tis_per_dag=POLLS,
        map_index_template="{{ task.op_kwargs['slug'] }}",
    )
    def poll(slug: str) -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.poll(slug)

    @task(outlets=[ARTICLES], trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def hand_over(polled: Iterable[dict[str, int]], *, outlet_events: Any = None) -> int:
        fetched = sum(counts.get("fetched", 0) for counts in polled)
        outlet_events[ARTICLES].extra = {"fetched": fetched}
        return fetched

    # A run is what its last tasks are: without this one, `hand_over` would make a run with a failed source a success.
    all_polled = EmptyOperator(task_id="all_polled", trigger_rule=TriggerRule.NONE_FAILED)

    polled = poll.expand(slug=due())
    hand_over(polled)
    polled >> all_polled


collect()
