"""# watch

Every half hour: looks again at the pages behind alerts whose look is due. After a page was first seen that is after
1 and 6 hours, 1, 3, 7, 14 and 30 days, then monthly for six months; soon again while something is in doubt.

A changed text, a page that is gone or blocked, and one that is back become events on the alert. The looks go out by the
same path as collecting, after it: a crawl of today's news always goes first. The counts of each outcome are the task's
return value. Killed, it goes on where it was; run twice, no page is looked at twice.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, ExceptionRetryPolicy, RetryAction, RetryRule, dag, task

NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule=CronTriggerTimetable("*/30 * * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "queue": "fetch",
        "retries": 2,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": 2.0,
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def watch() -> None:
    @task(execution_timeout=timedelta(minutes=25))
    def look() -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.watch()

    look()


watch()
