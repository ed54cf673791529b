"""# canary

Every night at 02:30 in Almaty (21:30 UTC): fetches one known article of each source again, by the same path as
collecting, and compares its title, length and date with what is known of it.

A difference means that the layout of the site has changed, or that a wall stands before its pages, even where its feed
looks well. The states are shown on the page **Sources** and by `kzmonitor doctor`; the counts of each are the task's
return value. Killed, it goes on where it was; run twice, no article is fetched twice in a night.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, ExceptionRetryPolicy, RetryAction, RetryRule, dag, task

NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule=CronTriggerTimetable("30 2 * * *", timezone="Asia/Almaty"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "queue": "fetch",
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def canary() -> None:
    @task(execution_timeout=timedelta(minutes=30))
    def look() -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.canary()

    look()


canary()
