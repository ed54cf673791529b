"""What becomes of a backlog in a cluster when hosts fail: each article is done once, nothing is lost."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kzmonitor.classify.model import Classifier
from tests.cluster.hosts import eventually
from tests.cluster.services import SHORTENED
from tests.cluster.timeline import Timeline, Try, again, over, still_lost
from tests.cluster.world import PATIENCE_S, PLACES, Cluster, assert_done_once, assert_planted_once, running

# The short form is for each change; `make cluster` runs the long one.
ARTICLES = int(os.environ.get("CLUSTER_ARTICLES", "600"))
CUT_OFF_S = 60


@pytest.fixture
def cluster(tmp_path: Path, trained: Classifier) -> Iterator[Cluster]:
    with running(ARTICLES, tmp_path, trained) as cluster:
        yield cluster


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_backlog_is_done_once_whatever_worker_network_and_database_do(cluster: Cluster, tmp_path: Path) -> None:
    half = ARTICLES // 2
    for name in ("host-3", "host-4"):
        cluster.start_worker(name)
    cluster.start("scheduler", "host-2")
    facts: dict[str, Any] = {"articles": ARTICLES, "places": PLACES, "shortened": SHORTENED}
    with Timeline(cluster.postgres) as timeline:
        cluster.keeper.restarted = lambda host, service: timeline.note(f"{host}: {service} has ended, is started again")
        assert eventually(lambda: timeline.done("fetched") > 0, PATIENCE_S), "no page was fetched"
        timeline.note("fetching has begun")

        assert eventually(lambda: timeline.done("fetched") >= half and bool(timeline.running("host-3")), PATIENCE_S)
        killed_tasks = timeline.running("host-3")
        cluster.keeper.let_go(cluster.host("host-3"))
        processes = cluster.host("host-3").kill()
        killed = timeline.note(
            f"host 3: kill -9 of the worker and all {processes} processes; tasks lost: {len(killed_tasks)}"
        )

        def all_again() -> bool:
            lost = still_lost(timeline, killed_tasks)
            return len(again(timeline, lost, killed)) == len(lost)

        # What the next round has fetched may be understood before the lost tasks had their turn.
        assert eventually(lambda: all_again() or bool(understanding(timeline, "host-4")), PATIENCE_S)
        cluster.start_worker("host-3")
        timeline.note("host 3: the worker is started again")

        assert eventually(lambda: bool(understanding(timeline, "host-4")), PATIENCE_S), "nothing to understand"
        cluster.host("host-4").unplug()
        cut_off_tasks = timeline.running("host-4")
        unplugged = timeline.note(f"host 4: cut off the network; tasks under way: {len(cut_off_tasks)}")
        assert eventually(lambda: timeline.now - unplugged >= CUT_OFF_S, PATIENCE_S)
        cluster.host("host-4").plug_in()
        timeline.note("host 4: back on the network")
        assert eventually(lambda: timeline.done("scored") >= half or cluster.unfinished() == 0, PATIENCE_S), (
            "scoring has stopped"
        )

        timeline.note("PostgreSQL: stopped, all connections broken")
        cluster.postgres.restart()
        timeline.note("PostgreSQL: started again")
        assert eventually(lambda: cluster.unfinished() == 0 and over(timeline), PATIENCE_S), cluster.progress()
        timeline.note(f"all {ARTICLES} articles are done")
        assert eventually(all_again, PATIENCE_S), "lost tasks did not run again"
        for name, lost, since in (("killed", killed_tasks, killed), ("cut_off", cut_off_tasks, unplugged)):
            ran_again = again(timeline, lost, since)
            facts[f"{name}_tasks_ran_again_after_s"] = [round(at - since, 1) for at in ran_again.values()]
        facts["finished_after_s"] = round(timeline.now, 1)
    kept = Path(os.environ.get("CLUSTER_TIMELINE", str(tmp_path / "timeline.json")))
    timeline.save(kept, facts)
    print(facts)
    assert_done_once(cluster)
    assert_planted_once(cluster)


def understanding(timeline: Timeline, host: str) -> list[Try]:
    """What a host does of understanding."""
    tasks = ("understand.extract", "understand.score", "understand.understand")
    return [one for one in timeline.running(host) if one.task in tasks]
