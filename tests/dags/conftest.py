"""Airflow with a home, a database (SQLite, for its own tables only) and settings of its own, in one process."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kzmonitor.store import Database

DAGS = Path(__file__).parent.parent.parent / "dags"
Outcome = tuple[str, dict[tuple[str, int], tuple[str | None, int]]]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Before the first import of airflow: nobody's settings but these. The database is named and not there."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
            patch.delenv(name)
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(DAGS))
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("AIRFLOW__CORE__PARALLELISM", "4")  # as `kzmonitor run` and docker-compose.yml have it
        patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/airflow.db")
        yield home


@pytest.fixture(scope="session")
def bag(airflow_home: Path) -> Any:
    """All DAGs of the folder, parsed as Airflow parses them."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(DAGS))


@pytest.fixture(scope="session")
def airflow_tables(airflow_home: Path) -> None:
    """Airflow's own tables."""
    from airflow.utils import db

    db.initdb()


@pytest.fixture
def outside(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """kzmonitor's settings for the tasks and their children; gives the folder of the declarations."""
    sources = tmp_path / "sources"
    sources.mkdir()
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    for name in [name for name in os.environ if name.startswith("KZMONITOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KZMONITOR_ENV_FILE", os.devnull)
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", address)
    monkeypatch.setenv("KZMONITOR_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KZMONITOR_SOURCES_DIR", str(sources))
    monkeypatch.setenv("KZMONITOR_ALLOW_LOOPBACK", "1")
    return sources


@pytest.fixture
def run_dag(bag: Any, airflow_tables: None) -> Callable[..., Outcome]:
    """`run_dag("collect")`: the run's state, and for each (task, map index) its state and the number of tries."""

    def run(dag_id: str, **conf: object) -> Outcome:
        dag = bag.dags[dag_id]
        for task in dag.tasks:
            mapped = getattr(task, "partial_kwargs", None)
            if mapped is not None:
                mapped["retry_delay"] = timedelta()
            else:
                task.retry_delay = timedelta()
        done = dag.test(run_conf=conf or None)
        tasks = {(ti.task_id, ti.map_index): (ti.state, ti.try_number) for ti in done.get_task_instances()}
        return str(done.state.value if hasattr(done.state, "value") else done.state), tasks

    return run
