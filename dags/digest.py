"""# digest

Every day at 08:00 in Almaty (03:00 UTC): writes the digest of the day before in all languages into `digests` of the
data folder, and sends it to the subscribers whose hour that is. Those of other hours are served by `notices`.

A digest that was missed because nothing ran at 08:00 is made up for at the next start, the last one only. Started by
hand, it makes the digest of the last 08:00 again: the files come out the same, and nobody is sent a second copy.
Without a mail server it fails at once if there are subscribers; what a server refused is tried three times more.
"""

from datetime import timedelta

from airflow.sdk import (
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
)

NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule=CronTriggerTimetable("0 8 * * *", timezone="Asia/Almaty"),
    catchup=False,
    max_active_runs=1,
    default_args={
        "queue": "send",
        "retries": 3,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": 2.0,
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
        "execution_timeout": timedelta(minutes=20),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def digest() -> None:
    @task
    def write_and_send() -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.digest(get_current_context()["dag_run"].run_after)

    @task
    def make_partitions() -> int:
        from kzmonitor.cli import jobs

        return jobs.make_partitions()

    write_and_send()
    make_partitions()  # the coming months' tables, made once a day


digest()
