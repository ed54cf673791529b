"""# backfill

Started by hand with a source and two days: reads back in the outlet's own archive, by its declared sitemaps and
listings, for the days from `first_day` to `last_day` (Almaty, both included), then fetches the articles found there.

It comes last at every host, after today's news and after watching. Killed, or stopped by a wall, it goes on where it
was: at the next try, or when it is started again with the same parameters. Alerts of old reports are not mailed unless
`tell` is switched on. What it fetched is understood by the next run of **understand**.
"""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule, dag, get_current_context, task

NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=2,
    params={
        "source": Param("vlast", type="string", pattern="^[a-z0-9][a-z0-9-]*$", description="Slug of the source"),
        "first_day": Param("2021-01-01", type="string", format="date", description="First day"),
        "last_day": Param("2021-01-31", type="string", format="date", description="Last day"),
        "tell": Param(False, type="boolean", description="Let alerts of old reports into the digests as news"),
    },
    default_args={
        "queue": "fetch",
        "retries": 6,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(hours=2),
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def backfill() -> None:
    @task(execution_timeout=timedelta(hours=12))
    def read_back() -> dict[str, int]:
        from kzmonitor.cli import jobs

        asked = get_current_context()["params"]
        return jobs.backfill(asked["source"], asked["first_day"], asked["last_day"], asked["tell"])

    read_back()


backfill()
