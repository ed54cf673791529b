"""# notices

Every minute: sends the digests of those whose own hour has come (08:00 and any other), tells severe alerts at once to
those who asked for that, and tries again what a mail server, webhook or Telegram could not take before.

It sends nothing twice: each delivery has a row that was made before it is sent, and one sender at a time holds a
channel. A run that finds nothing to do takes a second.
"""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule, dag, task

NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule="* * * * *",
    catchup=False,
    max_active_runs=1,
    default_args={
        "queue": "send",
        "retries": 0,  # the next run is a minute away
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
        "execution_timeout": timedelta(minutes=20),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def notices() -> None:
    @task
    def send_what_is_due() -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.notices()

    send_what_is_due()


notices()
