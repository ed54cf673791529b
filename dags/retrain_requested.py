"""# retrain_requested

Every two minutes: if somebody asked for a retraining on the page **Models**, trains it as **retrain** does, with the
reason and the wish of that person. The page shows how it stands; the task's return value is the outcome and the
version, empty when nobody asked.

One retraining is under way at a time. Killed, it is taken up once more by the next run, and given up after that.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task


@dag(
    schedule=CronTriggerTimetable("*/2 * * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"queue": "score"},
    doc_md=__doc__,
    tags=["kzmonitor"],
)
def retrain_requested() -> None:
    @task(execution_timeout=timedelta(hours=1))
    def train_if_asked() -> dict[str, str]:
        from kzmonitor.cli import jobs

        return jobs.retrain_requested()

    train_if_asked()


retrain_requested()
