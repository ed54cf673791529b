"""Airflow as child processes: its folder, its secrets and the environment it gets. Nothing here imports it."""

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from sqlalchemy import URL

from kzmonitor.config import CHECKOUT

USER = "admin"
# Tasks at a time; each idle one is a process, and Airflow's default is 32 of them.
PARALLELISM = 4
# Of our own environment these would change what Airflow does in ways that nobody meant.
NOT_FOR_AIRFLOW = (
    "AIRFLOW_",
    "_AIRFLOW_",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONWARNINGS",
    "KZMONITOR_REVIEW_",
)
# skops asks every loaded module for every ufunc by name, which Airflow's answer with 3,000 warnings a task.
QUIET = "ignore::FutureWarning:skops.io._utils"


def dags_folder() -> Path:
    """The DAG files: of the checkout, or beside the installed package."""
    return CHECKOUT / "dags"


def command(*arguments: str) -> list[str]:
    """An airflow command of this environment, whatever PATH and the working folder say."""
    return [sys.executable, "-P", "-m", "airflow", *arguments]


@dataclass(frozen=True)
class AirflowHome:
    """What Airflow keeps: configuration, logs, and two files of secrets of mode 0600."""

    folder: Path

    @property
    def password_file(self) -> Path:
        """`{"admin": "..."}`, in Airflow's own format."""
        return self.folder / "passwords.json"

    @cached_property
    def _keys(self) -> dict[str, str]:
        path = self.folder / "keys.json"
        fresh = {
            "jwt_secret": secrets.token_urlsafe(64),
            "fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "secret_key": secrets.token_urlsafe(64),
        }
        _write_once(path, fresh)
        keys: dict[str, str] = json.loads(path.read_text())
        return keys

    def prepare(self) -> None:
        """Make the folder, the keys and the password, those that are not there."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(self.password_file, {USER: secrets.token_urlsafe(16)})
        assert self._keys

    def environment(self, mine: Mapping[str, str], database: URL, port: int) -> dict[str, str]:
        """The environment of each of Airflow's processes, from mine; its settings are ours alone."""
        kept = {name: value for name, value in mine.items() if not name.startswith(NOT_FOR_AIRFLOW)}
        # Tasks talk to the API on this machine; a proxy for the outside must not come between.
        no_proxy = ",".join(filter(None, [kept.get("no_proxy") or kept.get("NO_PROXY"), "127.0.0.1,localhost"]))
        sections = self._settings(database.render_as_string(hide_password=False), port)
        settings = {
            f"AIRFLOW__{section}__{option}".upper(): value
            for section, options in sections.items()
            for option, value in options.items()
        }
        own = {
            "AIRFLOW_HOME": str(self.folder),
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            "PYTHONWARNINGS": QUIET,
        }
        return kept | own | settings

    def _settings(self, database: str, port: int) -> dict[str, dict[str, str]]:
        address = f"http://127.0.0.1:{port}"
        return {
            "core": {
                "dags_folder": str(dags_folder()),
                "load_examples": "False",
                "dags_are_paused_at_creation": "False",
                "executor": "LocalExecutor",
                "parallelism": str(PARALLELISM),
                "execution_api_server_url": f"{address}/execution/",
                "fernet_key": self._keys["fernet_key"],
                "simple_auth_manager_users": f"{USER}:admin",
                "simple_auth_manager_passwords_file": str(self.password_file),
            },
            # psycopg 3 serves both; the asynchronous driver that would be derived is not installed.
            "database": {"sql_alchemy_conn": database, "sql_alchemy_conn_async": database},
            "api": {
                "host": "127.0.0.1",
                "port": str(port),
                "base_url": address,
                "secret_key": self._keys["secret_key"],
            },
            "api_auth": {"jwt_secret": self._keys["jwt_secret"]},
            "dag_processor": {
                "parsing_processes": "1",
                "refresh_interval": "30",
                "min_file_process_interval": "60",
            },
            "scheduler": {"orphaned_tasks_check_interval": "30"},
            "logging": {"colored_console_log": "False"},
        }


def answers(url: str, timeout_s: float = 2) -> bool:
    """Whether an address on this machine answers with success."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=timeout_s) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def _write_once(path: Path, content: Mapping[str, str]) -> None:
    """Write a file of mode 0600 unless it is there; whole or not at all."""
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file)
    unfinished.rename(path)
