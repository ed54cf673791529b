"""# retrain

Mondays at 04:00 in Almaty, or by hand with a reason: trains a candidate model from the seed corpus and enters it in
the registry.

It promotes nothing. Until there is a gate that compares candidate and champion on held-out reviews, a person does:
`kzmonitor model compare`, then `kzmonitor model promote VERSION`. The task's return value is the candidate's version;
a candidate that comes out the same as a known version is not entered again. The reason stays with the run.
"""

from datetime import timedelta

from airflow.sdk import (
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    dag,
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
        )
    },
    default_args={
        "retries": 1,
        "retry_delay": timedelta(minutes=5),
        "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NEEDS_A_PERSON, action=RetryAction.FAIL)]),
    },
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def retrain() -> None:
    @task(execution_timeout=timedelta(hours=1))
    def train_candidate() -> str:
        from kzmonitor.cli import jobs

        return jobs.train_candidate()

    train_candidate()


retrain()
