import os
import runpy
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from kzmonitor.cli import airflow_home
from kzmonitor.cli.airflow_home import AirflowHome

ROOT = Path(__file__).parent.parent.parent
DATABASE = make_url("postgresql+psycopg://airflow:p%25w@/airflow?host=/run/socket")


@pytest.fixture
def home(tmp_path: Path) -> AirflowHome:
    found = AirflowHome(tmp_path / "airflow")
    found.prepare()
    return found


def known_options() -> set[str]:
    """The environment variables of Airflow's core and of its Celery provider that exist, by their tables."""
    package = find_spec("airflow")
    assert package is not None
    assert package.origin is not None
    table = yaml.safe_load((Path(package.origin).parent / "config_templates" / "config.yml").read_text())
    celery = Path(package.origin).parent / "providers" / "celery" / "get_provider_info.py"
    table |= runpy.run_path(str(celery))["get_provider_info"]()["config"]  # importing Airflow would set its folders
    return {
        f"AIRFLOW__{section}__{option}".upper() for section, content in table.items() for option in content["options"]
    }


def test_secrets_are_made_once_and_are_nobody_elses(home: AirflowHome) -> None:
    files = {path.name: path.read_text() for path in home.folder.iterdir()}
    assert {path.name: path.stat().st_mode & 0o777 for path in home.folder.iterdir()} == {
        "keys.json": 0o600,
        "passwords.json": 0o600,
    }
    AirflowHome(home.folder).prepare()
    assert {path.name: path.read_text() for path in home.folder.iterdir()} == files


def test_the_keys_suit_airflow(home: AirflowHome) -> None:
    environment = home.environment({}, DATABASE, 8080)
    Fernet(environment["AIRFLOW__CORE__FERNET_KEY"])
    assert len(environment["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64


def test_nothing_of_another_airflow_leaks_in(home: AirflowHome) -> None:
    mine = {
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PLUGINS_FOLDER": "/elsewhere",
        "AIRFLOW_CONN_X": "x",
        "PYTHONDONTWRITEBYTECODE": "1",
        "KZMONITOR_REVIEW_TOKEN": "secret",
        "KZMONITOR_DATA": "/data",
        "PATH": "/bin",
        "NO_PROXY": "example.org",
    }
    got = home.environment(mine, DATABASE, 8080)
    assert "/elsewhere" not in got.values()
    assert not {"AIRFLOW_CONN_X", "PYTHONDONTWRITEBYTECODE", "KZMONITOR_REVIEW_TOKEN"} & set(got)
    assert (got["KZMONITOR_DATA"], got["PATH"]) == ("/data", "/bin")
    assert got["NO_PROXY"] == got["no_proxy"] == "example.org,127.0.0.1,localhost"
    assert got["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"


def test_airflow_listens_to_this_machine_only_and_starts_its_dags(home: AirflowHome) -> None:
    got = home.environment({}, DATABASE, 8080)
    assert got["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert got["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "False"
    assert Path(got["AIRFLOW__CORE__DAGS_FOLDER"]) == ROOT / "dags"


def test_every_setting_is_one_that_airflow_knows(home: AirflowHome) -> None:
    ours = {name for name in home.environment({}, DATABASE, 8080) if name.startswith("AIRFLOW__")}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = compose["services"].values()
    theirs = {name for one in services for name in one.get("environment", {}) if name.startswith("AIRFLOW__")}
    simple_auth_manager = {name for name in ours | theirs if "SIMPLE_AUTH_MANAGER" in name}
    assert (ours | theirs) - known_options() - simple_auth_manager == set()
    # In containers the address is the container's, and the rest is the same.
    assert ours - theirs == {"AIRFLOW__API__HOST", "AIRFLOW__API__PORT", "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG"}


def test_airflow_is_found_whatever_the_path_and_the_folder(home: AirflowHome, tmp_path: Path) -> None:
    (tmp_path / "airflow.py").write_text("raise SystemExit('the wrong one')")
    environment = home.environment({"PATH": "/nowhere", "HOME": os.environ["HOME"]}, DATABASE, 8080)
    done = subprocess.run(
        airflow_home.command("version"), env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.split()[-1]) == (0, version("apache-airflow")), done.stderr
