"""# understand

Started by **collect** through the asset `kzmonitor://articles`: cuts captured pages into articles, scores them, groups
the copies of one event and opens alerts, until nothing is left.

- `split` says into how many shares the work is worth splitting: none while little waits or where `KZMONITOR_SHARES`
  is 1, as on one machine; then `understand` does all of it.
- `extract` and `score` are the shares, on as many workers as there are. None of them has rows of its own: each takes
  what waits, batch by batch, so that a worker that dies leaves nothing behind that another would not take.
- `understand` does what is left, in any case, and then what only one may do at a time.

Rows are claimed and committed in batches: killed, it goes on where it was; run twice, nothing is done twice. The counts
of each outcome are the tasks' return values; no text of an article is ever stored in Airflow.
"""

from datetime import timedelta

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule, TriggerRule, dag, task

ARTICLES = Asset("kzmonitor://articles")
NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule=[ARTICLES],
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 4,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def understand() -> None:
    @task(queue="extract", execution_timeout=timedelta(minutes=2))
    def split() -> list[int]:
        from kzmonitor.cli import jobs

        return jobs.shares()

    @task(queue="extract", execution_timeout=timedelta(minutes=30))
    def extract(share: int) -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.extract(share)

    @task(queue="score", execution_timeout=timedelta(minutes=30), trigger_rule=TriggerRule.ALL_DONE)
    def score(share: int) -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.score(share)

    # A share that failed has left its work to this one, which fails itself where the work does.
    @task(
        task_id="understand",
        queue="score",
        execution_timeout=timedelta(minutes=30),
        trigger_rule=TriggerRule.ALL_DONE,
    )
    def cut_score_group() -> dict[str, int]:
        from kzmonitor.cli import jobs

        return jobs.understand()

    shares = split()
    extract.expand(share=shares) >> score.expand(share=shares) >> cut_score_group()


understand()
