"""What becomes of a cluster's work when the broker ends and forgets what was queued in it."""

from pathlib import Path

import pytest

from kzmonitor.classify.model import Classifier
from tests.cluster.hosts import eventually
from tests.cluster.services import SHORTENED
from tests.cluster.timeline import Timeline, over
from tests.cluster.world import OUTLETS, PATIENCE_S, PLACES, assert_done_once, assert_planted_once, running

ARTICLES = 200
# What is queued counts as forgotten after 20 seconds in place of 120.
FORGOTTEN = {
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
}
AWAY_S = 15


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_broker_that_ends_and_forgets_what_was_queued(tmp_path: Path, trained: Classifier) -> None:
    with running(ARTICLES, tmp_path, trained, SHORTENED | FORGOTTEN) as cluster:
        # One worker: most outlets wait in the broker for their turn.
        cluster.start_worker("host-3")
        cluster.start("scheduler", "host-2")
        with Timeline(cluster.postgres) as timeline:
            assert eventually(lambda: timeline.queued() >= OUTLETS - 2 * PLACES, PATIENCE_S, every_s=0.1)
            waiting = timeline.queued()
            cluster.kill_redis()
            ended = timeline.note(f"Redis: kill -9 while {waiting} tasks are queued in it")
            assert eventually(lambda: timeline.now - ended >= AWAY_S, PATIENCE_S)
            cluster.start_redis()
            timeline.note("Redis: started again, with nothing in it")
            assert eventually(lambda: cluster.unfinished() == 0 and over(timeline), PATIENCE_S), cluster.progress()
            timeline.note(f"all {ARTICLES} articles are done")
        assert_done_once(cluster)
        assert_planted_once(cluster)
