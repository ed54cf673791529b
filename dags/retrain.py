"""# retrain

Mondays at 04:00 in Almaty, or by hand with a reason: trains a candidate model from the seed corpus and all reviews,
and compares it with the champion on events that neither was trained on.

The candidate becomes champion if no language and no core label got worse beyond noise; otherwise, or with `promote`
switched off, it stays a candidate, and `kzmonitor model compare` and `kzmonitor model promote VERSION` are left to a
person. `kzmonitor model rollback` goes back. The task's return value is the outcome and the version; a candidate that
comes out the same as a known version is not entered again. The reason is kept with the version.
"""

from datetime import timedelta

from airflow.sdk import (
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
)

NEEDS_A_PERSON = ["kzmonitor.errors.SetupError", "kzmonitor.errors.InputError"]


@dag(
    schedule=CronTriggerTimetable("0 4 * * 1", timezone="Asia/Almaty", run_immediately=timedelta()),
    catchup=False,
    max_active_runs=1,
    params={
        "reason": Param(
            "weekly", type="string", minLength=1, maxLength=200, description="Why this candidate is trained"
        ),
        "promote": Param(True, type="boolean", description="Make it the champion if it passes the gate"),
    },
    default_args={
        "queue": "score",
        "retries": 1,
        "retry_delay": timedelta(minutes=5),
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def retrain() -> None:
    @task(execution_timeout=timedelta(hours=1))
    def train_and_compare() -> dict[str, str]:
        from kzmonitor.cli import jobs

        asked = get_current_context()["params"]
        return jobs.retrain(asked["reason"], asked["promote"])

    train_and_compare()


retrain()
