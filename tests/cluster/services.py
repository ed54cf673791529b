"""The services of docker-compose.yml as processes on separate hosts, with the settings that stand there."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import yaml

from tests.cluster.hosts import Host

ROOT = Path(__file__).parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
POSTGRES = Path("/usr/lib/postgresql/15/bin")
# What differs from docker-compose.yml so that the test lasts minutes: a worker's silence counts as its death after 30
# seconds in place of 60, the scheduler looks each 5 in place of 10, and DAG files are read at once.
SHORTENED = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
}
# What an operator sets in .env for a cluster.
CLUSTER = {"AIRFLOW_EXECUTOR": "CeleryExecutor", "AIRFLOW_PARALLELISM": "16", "KZMONITOR_SHARES": "4"}
# A folder that nobody can make: whatever a worker does, it does without one.
NOWHERE = "/proc/no-data-folder"


class MissingServerError(Exception):
    """A server that the test needs is not on this machine; the text says which."""


def required_servers() -> None:
    """Raises MissingServerError."""
    if not (POSTGRES / "initdb").exists():
        raise MissingServerError(f"{POSTGRES}: no PostgreSQL here: apt-get install postgresql-15")
    if shutil.which("redis-server") is None:
        raise MissingServerError("no Redis here: apt-get install redis-server")


@dataclass
class Services:
    """Commands and environments, as docker-compose.yml has them. `folder`: what the hosts keep on their disks;
    `shortened`: Airflow's settings that differ."""

    folder: Path
    dags: Path
    sources: Path
    secrets: dict[str, str] = field(default_factory=dict)
    shortened: Mapping[str, str] = field(default_factory=lambda: SHORTENED)

    def __post_init__(self) -> None:
        text = json.dumps(COMPOSE)
        for name in re.findall(r"\$\{([A-Z_]+):\?\}", text):
            self.secrets.setdefault(name, secrets.token_hex(32))
        self.secrets["AIRFLOW_FERNET_KEY"] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

    def environment(self, service: str, host: Host) -> dict[str, str]:
        """The environment of a service, as if the container were `host`: its names and settings are the file's."""
        home = self.folder / host.name
        home.mkdir(parents=True, exist_ok=True)
        text = json.dumps(COMPOSE[service].get("environment", {}))
        text = re.sub(r"\$\{([A-Z_]+):\?\}", lambda found: self.secrets[found[1]], text)
        text = re.sub(r"\$\{([A-Z_]+):-([^}]*)\}", lambda found: CLUSTER.get(found[1], found[2]), text)
        text = text.replace('"/auth/', f'"{home}/').replace('"/data"', f'"{NOWHERE}"')
        filled: dict[str, str] = json.loads(text)
        mine = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "KZMONITOR_SOURCES_DIR": str(self.sources),
            "KZMONITOR_ALLOW_LOOPBACK": "1",
            "KZMONITOR_ENV_FILE": os.devnull,
        }
        return filled | mine | (self.shortened if "AIRFLOW__CORE__EXECUTOR" in filled else {})

    def command(self, service: str) -> list[str]:
        """The command of a service, its own settings filled in."""
        words = [re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", word) for word in COMPOSE[service]["command"]]
        return [sys.executable, "-P", "-m", *words] if words[0] == "airflow" else words

    def start(self, service: str, host: Host, *more: str) -> "subprocess.Popen[bytes]":
        """Start a service of Airflow on a host."""
        return host.start(service, [*self.command(service), *more], self.environment(service, host))

    def start_worker(self, host: Host, concurrency: int) -> "subprocess.Popen[bytes]":
        """Start one Celery worker that serves all the queues: a small host in place of a container for each.
        Its login at the database is that of the queues extract and score, which may do all three."""
        command = self.command("worker-fetch")
        queues = [COMPOSE[name]["command"][5] for name in ("worker-fetch", "worker-extract", "worker-score")]
        command[command.index("--queues") + 1] = ",".join(queues)
        command[command.index("--concurrency") + 1] = str(concurrency)
        name = ["--celery-hostname", f"worker@{host.name}"]
        return host.start("worker", [*command, *name], self.environment("worker-score", host))

    def start_redis(self, host: Host) -> "subprocess.Popen[bytes]":
        """The broker, by the command of its container."""
        command = [word.replace("$$", "$") for word in COMPOSE["redis"]["command"]]
        path = {"PATH": os.environ["PATH"]}
        return host.start("redis", command, {**path, "REDIS_PASSWORD": self.secrets["REDIS_PASSWORD"]})


@dataclass
class Keeper:
    """Starts again what ends, as `restart: unless-stopped` of docker-compose.yml says. For a `with` block.

    restarted: is told the host and the service each time."""

    restarted: Callable[[str, str], object] = print
    _kept: dict[tuple[str, str], tuple["subprocess.Popen[bytes]", Callable[[], "subprocess.Popen[bytes]"]]] = field(
        default_factory=dict
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Keeper":
        self._thread = threading.Thread(target=self._watch, name="keeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def keep(self, host: Host, service: str, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        """Start a service, and start it again whenever it ends."""
        with self._lock:
            self._kept[(host.name, service)] = (start(), start)

    def let_go(self, host: Host) -> None:
        """Nothing on this host is started again."""
        with self._lock:
            self._kept = {key: kept for key, kept in self._kept.items() if key[0] != host.name}

    def _watch(self) -> None:
        while not self._over.wait(1):
            with self._lock:
                for (host, service), (process, start) in self._kept.items():
                    if process.poll() is not None:
                        self.restarted(host, service)
                        self._kept[(host, service)] = (start(), start)


@dataclass
class Postgres:
    """A server that listens on its host's network, with passwords; for this test also on a socket beside its data."""

    host: Host
    folder: Path

    @property
    def data(self) -> Path:
        """Where it keeps its tables."""
        return self.folder / "pgdata"

    def make(self, made: Mapping[str, str]) -> None:
        """Make it in a folder that is there, and its databases by the script of the container. `made`: its secrets."""
        shutil.chown(self.folder, "postgres", "postgres")
        self.folder.chmod(0o711)
        self._command("initdb", "--auth=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "-D", str(self.data))
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet scram-sha-256\n")
        self.start()
        psql = {"PGHOST": str(self.folder), "POSTGRES_USER": "postgres", "PATH": os.environ["PATH"], **made}
        self.host.run([str(ROOT / "deploy/initdb/10-databases.sh")], psql)

    def start(self) -> None:
        """Start it with the settings of the container."""
        settings = [*COMPOSE["postgres"]["command"][1:], "-c", "listen_addresses=*"]
        settings += ["-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off"]
        log = str(self.folder / "log")
        self._command("pg_ctl", "start", "-w", "-D", str(self.data), "-l", log, "-o", " ".join(settings))

    def restart(self) -> None:
        """Stop it at once, breaking all connections, and start it again."""
        self._command("pg_ctl", "stop", "-m", "fast", "-w", "-D", str(self.data))
        self.start()

    def connect(self, database: str) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection past all networks, to watch what goes on."""
        return psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True)

    def _command(self, *words: str) -> None:
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.host.run([str(POSTGRES / words[0]), *words[1:]], environment, user="postgres")
