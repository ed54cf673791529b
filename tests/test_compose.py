"""docker-compose.yml without a container engine: against the specification, and each command run by itself."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from kzmonitor.store import embedded
from tests.ports import free_port

PATIENCE_S = 600
ROOT = Path(__file__).parent.parent
# Of Debian's docker-compose; elsewhere name the file compose-spec.json of the Compose specification.
SCHEMA = Path(os.environ.get("COMPOSE_SCHEMA", "/usr/lib/python3/dist-packages/compose/config/compose_spec.json"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = sorted(name for name in SERVICES if name.startswith("worker-"))
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
QUEUE = re.compile(r"""queue"?(?:=|: )"([a-z]+)\"""")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$|_CONN|DATABASE_URL|BROKER_URL|RESULT_BACKEND")


def test_the_file_follows_the_compose_specification() -> None:
    assert SCHEMA.is_file(), (
        "no schema of the Compose specification here: apt-get install --no-install-recommends docker-compose, "
        "or set COMPOSE_SCHEMA to a copy of compose-spec.json"
    )
    schema = json.loads(SCHEMA.read_text())
    problems = jsonschema.Draft201909Validator(schema).iter_errors(COMPOSE)
    assert [f"{'/'.join(map(str, problem.path))}: {problem.message}" for problem in problems] == []


def test_every_secret_is_the_operators_and_nothing_starts_without_it() -> None:
    secrets = {
        f"{service}: {name}": value
        for service, content in SERVICES.items()
        for name, value in content.get("environment", {}).items()
        if SECRET.search(name) and not name.endswith("_FILE")
    }
    assert {name for name, value in secrets.items() if not re.search(r"\$\{[A-Z_]+:\?\}", value)} == set()


def test_each_part_has_the_rights_of_its_work_and_the_owner_is_nobody_elses() -> None:
    logins = {
        name: re.sub(r"^postgresql://(\w+):\$\{(\w+):\?\}@.*", r"\1 \2", url)
        for name in OURS
        if (url := SERVICES[name]["environment"].get("KZMONITOR_DATABASE_URL"))
    }
    tasks, workers = "kzmonitor_tasks KZMONITOR_TASKS_DB_PASSWORD", {name for name in OURS if "worker" in name}
    assert logins.pop("airflow-init") == "kzmonitor KZMONITOR_DB_PASSWORD"
    assert logins.pop("review") == "kzmonitor_desk KZMONITOR_DESK_DB_PASSWORD"
    assert logins.pop("worker-fetch") == "kzmonitor_fetch KZMONITOR_FETCH_DB_PASSWORD"
    # Airflow's api-server and dag-processor have none.
    assert logins == dict.fromkeys({"scheduler", *workers} - {"worker-fetch"}, tasks)


def test_what_an_operator_must_set_is_documented() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+):\?\}", (ROOT / "docker-compose.yml").read_text()))
    page = (ROOT / "docs/operations.md").read_text()
    assert {name for name in wanted if name not in page} == set()


def test_ports_are_published_on_this_machine_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_every_service_that_lasts_is_watched_and_waits_for_the_schema() -> None:
    lasting = [name for name in SERVICES if name not in ("airflow-init", "mail")]
    assert [name for name in lasting if "healthcheck" not in SERVICES[name]] == []
    waiting = [name for name in OURS if name != "airflow-init"]
    assert [name for name in waiting if "airflow-init" not in SERVICES[name]["depends_on"]] == []


def test_every_file_that_a_command_names_is_in_the_image() -> None:
    named = [Path(word) for name in OURS for word in SERVICES[name]["command"] if word.startswith("/")]
    assert len(named) == 2
    assert [path for path in named if not (ROOT / path.relative_to("/opt/kzmonitor")).is_file()] == []
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (?:--chown=\S+ )?(\w+) ", dockerfile, re.MULTILINE))
    assert {"kzmonitor", "spiders", "dags", "models", "deploy"} <= copied


def test_in_no_container_anybody_is_root_or_can_write_beside_the_volumes() -> None:
    for name, service in SERVICES.items():
        user = str(service.get("user", "root")).partition(":")[0]
        assert user not in ("", "0", "root"), name
        assert service.get("read_only") is True, name
        assert service.get("cap_drop") == ["ALL"], name
        assert "no-new-privileges:true" in service.get("security_opt", []), name
        assert "/tmp" in [folder.partition(":")[0] for folder in service["tmpfs"]], name
        assert service.get("privileged") is not True
        assert not [volume for volume in service.get("volumes", []) if "docker.sock" in volume]


def test_the_image_does_not_end_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users[-1] == "airflow"


def defaults(command: list[str]) -> list[str]:
    """A command with what it takes from the environment as it is when nothing is set there."""
    return [re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", word) for word in command]


def airflow_commands() -> list[list[str]]:
    """The airflow commands of services and health checks; of the workers, which differ in values only, one."""
    commands = [defaults(SERVICES[name]["command"]) for name in OURS if name not in WORKERS[1:]]
    checks = [SERVICES[name].get("healthcheck", {}).get("test", [""])[-1].split() for name in OURS]
    return [command for command in [*commands, *checks] if command and command[0] == "airflow"]


@pytest.mark.parametrize("command", airflow_commands(), ids=" ".join)
def test_airflow_knows_the_command_and_its_options(command: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", *command, "--help"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert [word for word in command if word.startswith("--") and word not in done.stdout] == []


def test_each_queue_of_the_dags_has_a_worker_and_no_worker_waits_for_nothing() -> None:
    queues = {word for path in (ROOT / "dags").glob("*.py") for word in QUEUE.findall(path.read_text())}
    commands = {name: SERVICES[name]["command"] for name in WORKERS}
    assert {command[command.index("--queues") + 1] for command in commands.values()} == queues
    assert sorted(f"worker-{queue}" for queue in queues) == WORKERS


def test_a_cluster_is_a_profile_and_without_it_nothing_of_it_starts() -> None:
    of_the_profile = {name for name, service in SERVICES.items() if service.get("profiles") == ["cluster"]}
    assert of_the_profile == {"redis", *WORKERS}
    settings = COMPOSE["x-airflow-settings"]
    assert defaults([settings["AIRFLOW__CORE__EXECUTOR"], settings["AIRFLOW__CORE__PARALLELISM"]]) == [
        "LocalExecutor",
        "4",
    ]
    waited_for = {other for name in set(SERVICES) - of_the_profile for other in SERVICES[name].get("depends_on", [])}
    assert waited_for & of_the_profile == set()


def test_workers_share_no_folder_but_that_of_the_logs() -> None:
    shared = {name: [volume.partition(":")[0] for volume in SERVICES[name]["volumes"]] for name in WORKERS}
    alone = shared.pop("worker-send")
    assert alone == ["data", "logs"]
    assert set(map(tuple, shared.values())) == {("logs",)}


def test_the_broker_takes_its_password_by_standard_input(tmp_path: Path) -> None:
    redis = SERVICES["redis"]
    said = [word.replace("$$", "$").replace("exec redis-server -", "cat") for word in redis["command"]]
    done = subprocess.run(
        said, env={"PATH": os.environ["PATH"], "REDIS_PASSWORD": "abc"}, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["dir /tmp", 'save ""', "appendonly no", "maxmemory-policy noeviction",
                                        "requirepass abc"]  # fmt: skip
    assert "exec redis-server -" in redis["command"][-1]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A server as bare as that of the postgres image: psql's variables for its superuser."""
    with embedded.running(tmp_path / "server") as cluster:
        with psycopg.connect(cluster.superuser_dsn(), autocommit=True) as connection:
            for name in embedded.DATABASES:
                connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
                connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
        known = conninfo_to_dict(cluster.superuser_dsn())
        yield {"PGHOST": str(known["host"]), "PGPASSWORD": str(known["password"]), "POSTGRES_USER": "postgres"}
    shutil.rmtree(cluster.server_home, ignore_errors=True)


def service_environment(name: str, host: str, folder: Path) -> dict[str, str]:
    """A service's environment, with secrets filled in, as if the containers were this machine and this checkout."""
    text = json.dumps(SERVICES[name]["environment"])
    text = re.sub(r"\$\{[A-Z_]+:\?\}", "0123456789abcdef0123456789abcdef", text)
    text = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text)
    text = text.replace("@postgres:5432/kzmonitor", f"@/kzmonitor?host={host}")
    text = text.replace("@postgres:5432/airflow", f"@/airflow?host={host}")
    text = text.replace('"/data', f'"{folder}').replace('"/auth', f'"{folder}').replace("/opt/kzmonitor", str(ROOT))
    fernet = {"AIRFLOW__CORE__FERNET_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = {"PATH": path, "HOME": str(folder), "AIRFLOW_HOME": str(folder), "KZMONITOR_ENV_FILE": os.devnull}
    filled: dict[str, str] = json.loads(text)
    return filled | fernet | home


def here(command: list[str]) -> list[str]:
    return [word.replace("/opt/kzmonitor", str(ROOT)) for word in command]


@pytest.mark.slow
def test_init_and_review_run_against_a_bare_server(postgres: dict[str, str], tmp_path: Path) -> None:
    psql = {**postgres, "PATH": f"{embedded.binaries()}{os.pathsep}{os.environ['PATH']}"}
    made = SERVICES["postgres"]["environment"]
    passwords = {name: "0123456789abcdef0123456789abcdef" for name in made if name.endswith("_DB_PASSWORD")}
    assert len(passwords) == 5
    script = ROOT / "deploy/initdb/10-databases.sh"
    subprocess.run([script], env=psql | passwords, check=True, timeout=PATIENCE_S)

    init = SERVICES["airflow-init"]
    environment = service_environment("airflow-init", postgres["PGHOST"], tmp_path)
    for _again in range(2):  # it is run at every start
        done = subprocess.run(
            here(init["command"]), env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "passwords.json").read_text()) == {"admin": "0123456789abcdef0123456789abcdef"}
    assert (tmp_path / "passwords.json").stat().st_mode & 0o777 == 0o600

    # A task that stores, and makes the coming months' tables, under its own login; under none a capture can go.
    environment = service_environment("scheduler", postgres["PGHOST"], tmp_path)
    task = "from kzmonitor.cli import jobs; jobs.prepare(); print(jobs.make_partitions(), len(jobs.due_sources()) > 5)"
    done = subprocess.run(
        [sys.executable, "-c", task], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.stdout == "0 True\n", done.stderr
    for name in ("scheduler", "review", *(name for name in OURS if name == "worker-fetch")):
        url = service_environment(name, postgres["PGHOST"], tmp_path)["KZMONITOR_DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.execute("select count(*) from capture").fetchone() == (0,)
            for forbidden in ("delete from capture", "drop table capture", "update review set decision = 'confirm'"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)

    port = free_port()
    environment = service_environment("review", postgres["PGHOST"], tmp_path) | {"PORT": str(port)}
    with subprocess.Popen(here(SERVICES["review"]["command"]), env=environment, cwd=tmp_path) as review:
        try:
            assert eventually_answers(review, f"http://127.0.0.1:{port}/healthz")
        finally:
            review.terminate()


def eventually_answers(process: "subprocess.Popen[bytes]", url: str) -> bool:
    with httpx.Client(trust_env=False) as client:
        while process.poll() is None:
            try:
                return client.get(url).status_code == 200
            except httpx.TransportError:
                time.sleep(0.1)
    return False
