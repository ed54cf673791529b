"""`kzmonitor run` while its databases come and go; what else it does, tests/cli/test_running.py shows."""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kzmonitor.cli import running, shell
from kzmonitor.cli.airflow_home import AirflowHome
from kzmonitor.cli.guard import guarded
from kzmonitor.cli.running import Run
from kzmonitor.cli.supervisor import Supervisor, Wish
from kzmonitor.config import Settings
from kzmonitor.errors import SetupError
from kzmonitor.store import engine
from tests.faults.conftest import Make
from tests.faults.machine import Machine, Server
from tests.faults.table import line_of


class Steps:
    """Stands for the passing of time: does one thing after the other, then asks to stop."""

    def __init__(self, wish: Wish, *steps: Any) -> None:
        self.wish, self.steps = wish, list(steps)

    def __call__(self, _seconds: float) -> bool:
        if not self.steps:
            self.wish.stop.set()
            return False
        self.steps.pop(0)()
        return True


@pytest.fixture
def running_on(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`running_on(machine, steps...)` watches as `run` does; what was said."""
    said = io.StringIO()
    monkeypatch.setattr(shell, "console", Console(file=said, width=200))
    monkeypatch.setattr(shell, "errors", Console(file=said, width=200))
    monkeypatch.setattr(running, "STATUS_AGAIN_S", 0)

    def watch(machine: Machine, *steps: Any) -> list[str]:
        wish = Wish()
        with guarded(tmp_path / "data") as guard, engine.connected(machine.url) as database:
            supervisor = Supervisor(tmp_path / "logs", wish, guard)
            supervisor.undisturbed = Steps(wish, *steps)  # type: ignore[method-assign]
            settings = Settings(data=tmp_path, _env_file=None)  # type: ignore[call-arg]
            home = AirflowHome(tmp_path / "airflow")
            Run(settings, supervisor, postgres.cluster, database, home, dict(os.environ), 1, 2).watch()
        return said.getvalue().splitlines()

    return watch


def test_a_database_by_url_that_is_gone_for_a_while(running_on: Any, machine_of: Make) -> None:
    machine = machine_of("bare")

    def change(limit: int) -> None:
        with machine.server.admin() as connection:
            connection.execute(f"alter database broken connection limit {limit}")  # type: ignore[arg-type]
            if limit == 0:
                connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'broken'")

    standing, gone, back = running_on(machine, lambda: None, lambda: change(0), lambda: change(-1))
    assert line_of("run-database-gone").fullmatch(gone), gone
    assert "articles: 0" in standing
    assert standing.partition("  ")[2] == back.partition("  ")[2]


def test_an_embedded_database_that_has_ended(running_on: Any, machine_of: Make, postgres: Server) -> None:
    machine = machine_of("bare")
    with pytest.raises(SetupError) as told:
        running_on(machine, lambda: None, postgres.stop)
    assert line_of("run-server-gone").fullmatch(str(told.value))
