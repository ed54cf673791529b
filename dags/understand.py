"""# understand

Started by **collect** through the asset `kzmonitor://articles`: cuts captured pages into articles, scores them, groups
the copies of one event and opens alerts, until nothing is left.

It claims rows and commits in batches: killed, it goes on where it was; run twice, nothing is done twice. The counts of
each outcome are the task's return value; no text of an article is ever stored in Airflow.
"""

from datetime import timedelta

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule, dag, task

ARTICLES = Asset("kzmonitor://articles")
NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule=[ARTICLES],
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def understand() -> None:
    @task(task_id="understand", execution_timeout=timedelta(minutes=30))
    def cut_score_group() -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.understand()

    cut_score_group()


understand()
