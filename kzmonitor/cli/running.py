"""Command: run. Everything on one machine: the database, Airflow, the review app, until Ctrl-C."""

import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import func, select

from kzmonitor import config
from kzmonitor.cli import airflow_home, demonstrating, shell
from kzmonitor.cli.airflow_home import AirflowHome
from kzmonitor.cli.guard import guarded
from kzmonitor.cli.reviewing import TOKEN_VARIABLE
from kzmonitor.cli.supervisor import Child, Supervisor, claimed, listening
from kzmonitor.config import Settings
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.incidents import alerts
from kzmonitor.store import Database, embedded
from kzmonitor.store.embedded import Cluster
from kzmonitor.store.tables import Article, Poll

START_TIMEOUT_S = 240
STATUS_EVERY_S = 10
STATUS_AGAIN_S = 300

Port = Annotated[int, typer.Option(min=1, max=65_535, help=_("Port of the review app on 127.0.0.1."))]
AirflowPort = Annotated[int, typer.Option(min=1, max=65_535, help=_("Port of Airflow on 127.0.0.1."))]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        help=_("Run everything: database, Airflow and the review app, until Ctrl-C. Collecting starts at once."),
        epilog=_("Example: kzmonitor run --demo"),
    )(run)
    demonstrating.register(app)


def run(
    demo: Annotated[
        bool,
        typer.Option("--demo", help=_("Take the bundled local newsroom: no network, nothing of yours is touched.")),
    ] = False,
    port: Port = 8000,
    airflow_port: AirflowPort = 8080,
) -> None:
    require_free({"--port": port, "--airflow-port": airflow_port})
    if demo:
        demonstrating.take_demo_settings()
    pin_settings()
    settings = config.settings()
    with listening() as wish, guarded(settings.data) as guard, ExitStack() as stack:
        supervisor = Supervisor(settings.data / "logs", wish, guard)
        # Airflow keeps its own tables in the embedded server, also when KZMONITOR_DATABASE_URL names another.
        cluster = stack.enter_context(embedded.running(settings.data))
        stack.enter_context(claimed(settings.data))
        database = stack.enter_context(demonstrating.emptied() if demo else shell.database())
        if demo:
            stack.enter_context(demonstrating.newsroom_of(settings))
        home = AirflowHome(settings.data / "airflow")
        home.prepare()
        environment = home.environment(os.environ, cluster.url("airflow"), airflow_port)
        try:
            lost = Run(settings, supervisor, cluster, database, home, environment, port, airflow_port).go()
        finally:
            supervisor.stop()
    if lost is not None:
        raise typer.Exit(1)
    shell.say(_("stopped"))


def require_free(ports: Mapping[str, int]) -> None:
    """Raises SetupError when one of these ports of this machine is taken, or two are the same."""
    if len(set(ports.values())) < len(ports):
        raise SetupError(_("{options} name the same port").format(options=", ".join(ports)))
    for option, port in ports.items():
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise SetupError(
                _("port {port} can't be used ({reason}): is kzmonitor running? Else choose another {option}").format(
                    port=port, reason=os.strerror(error.errno or 0), option=option
                )
            ) from error


def pin_settings() -> None:
    """Make the environment fit for children: Airflow's tasks stand in other folders and must read the same."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # it makes each start of Airflow three times slower
    settings = config.settings()
    os.environ["KZMONITOR_ENV_FILE"] = str(Path(os.environ.get("KZMONITOR_ENV_FILE", ".env")).absolute())
    os.environ["KZMONITOR_DATA"] = str(settings.data.absolute())
    if settings.sources_dir is not None:
        os.environ["KZMONITOR_SOURCES_DIR"] = str(settings.sources_dir.absolute())


def python(code: str, *arguments: str) -> list[str]:
    """A command of this environment, whatever PATH and the working folder say."""
    return [sys.executable, "-P", "-c", code, *arguments]


def ended(child: Child) -> str:
    """The line about a child that should not have ended, or not so."""
    return _("{name} has ended (exit code {code}); its log says why: {log}").format(
        name=child.name, code=child.process.returncode, log=child.log
    )


@dataclass
class Run:
    """One run, from the first child to the wish to stop."""

    settings: Settings
    supervisor: Supervisor
    cluster: Cluster
    database: Database
    airflow: AirflowHome
    environment: dict[str, str]
    port: int
    airflow_port: int

    def go(self) -> Child | None:
        """Start all parts and watch them; the one that ended by itself, or None after Ctrl-C."""
        shell.say(_("starting; the logs are in {folder}").format(folder=self.supervisor.logs))
        token = secrets.token_urlsafe(24)
        if self.prepare() and self.start(token):
            self.announce(token)
            self.watch()
        lost = None if self.supervisor.wish.stop.is_set() else self.supervisor.ended()
        if lost is not None:
            shell.complain(ended(lost))
        elif not self.supervisor.wish.hurry:
            shell.say(_("stopping; what runs may finish, Ctrl-C again stops at once"))
        return lost

    def prepare(self) -> bool:
        """Airflow's tables and, beside them, our partitions and the baseline model; False when we are to stop."""
        shell.say(_("preparing Airflow's tables and, the first time, the model: two minutes, more on a busy machine"))
        tables = self.supervisor.start(
            "airflow-migrate", airflow_home.command("db", "migrate"), self.environment, stage=1
        )
        baseline = self.supervisor.start(
            "prepare", python("from kzmonitor.cli import jobs; jobs.prepare()"), dict(os.environ), stage=1
        )
        for child in (tables, baseline):
            if self.supervisor.finish(child):
                raise SetupError(ended(child))
        return not self.supervisor.wish.stop.is_set()

    def start(self, token: str) -> bool:
        """Start the servers; the scheduler last: a task that finds no API server has wasted a try."""
        self.supervisor.start(
            "review",
            python("from kzmonitor.cli.app import main; main()", "review", "--port", str(self.port)),
            {**os.environ, TOKEN_VARIABLE: token},
            keep_output=False,
        )
        self.start_airflow("api-server", stage=1)
        self.start_airflow("dag-processor", stage=2)
        address = f"http://127.0.0.1:{self.airflow_port}/api/v2/version"
        if not self.supervisor.wait(lambda: airflow_home.answers(address), START_TIMEOUT_S):
            return self.given_up()
        self.start_airflow("scheduler", "--skip-serve-logs", stage=2, patience_s=30)
        address = f"http://127.0.0.1:{self.port}/healthz"
        return self.supervisor.wait(lambda: airflow_home.answers(address), START_TIMEOUT_S) or self.given_up()

    def start_airflow(self, part: str, *options: str, stage: int, patience_s: float = 15) -> None:
        """Start one of Airflow's services."""
        command = airflow_home.command(part, *options)
        self.supervisor.start(f"airflow-{part}", command, self.environment, stage=stage, patience_s=patience_s)

    def given_up(self) -> bool:
        """False; raises SetupError when nothing ended and nobody asked to stop, so that something hangs."""
        if self.supervisor.ended() is None and not self.supervisor.wish.stop.is_set():
            raise SetupError(
                _("not ready after {n} seconds; see the logs in {folder}").format(
                    n=START_TIMEOUT_S, folder=self.supervisor.logs
                )
            )
        return False

    def announce(self, token: str) -> None:
        """Both addresses and how to log in."""
        shell.say(_("review:  {address}").format(address=f"http://127.0.0.1:{self.port}/?token={token}"))
        shell.say(
            _("Airflow: {address}  (user {user}, password in {file})").format(
                address=f"http://127.0.0.1:{self.airflow_port}", user=airflow_home.USER, file=self.airflow.password_file
            )
        )
        shell.say(_("Ctrl-C stops everything"))

    def watch(self) -> None:
        """Say how things stand, when that has changed or after some minutes, until a child ends or we are to stop.

        Another database than the embedded one may be gone for a while. Raises SetupError when the embedded one is."""
        said, said_at = "", time.monotonic()
        while self.supervisor.undisturbed(STATUS_EVERY_S):
            if not embedded.is_running(self.cluster):
                problem = _("the embedded database has ended; its log says why: {log}")
                raise SetupError(problem.format(log=self.cluster.log))
            line = None
            with shell.going_on():
                line = self.standing()
            if line is not None and (line != said or time.monotonic() - said_at > STATUS_AGAIN_S):
                shell.say(f"{shell.now().astimezone():%H:%M:%S}  {line}")
                said, said_at = line, time.monotonic()

    def standing(self) -> str:
        """Sources polled in the last hour, articles, and alerts that nobody has looked at."""
        recent = shell.now() - timedelta(hours=1)
        with self.database.session() as session:
            polled = session.scalar(select(func.count(Poll.source.distinct())).where(Poll.started > recent))
            articles = session.scalar(select(func.count()).select_from(Article))
            waiting = alerts.counts(session)["open"]
        return _("sources polled: {polled}; articles: {articles}; open alerts: {alerts}").format(
            polled=polled, articles=articles, alerts=waiting
        )
