"""deploy/helm-values.yaml without Kubernetes: each key against the chart's schema, each secret by reference."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
VALUES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/helm-values.yaml").read_text())
CELERY: dict[str, Any] = yaml.safe_load((ROOT / "deploy/helm-celery.yaml").read_text())
FILES = {"helm-values.yaml": VALUES, "helm-celery.yaml": CELERY}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

# What we use of chart/values.schema.json of github.com/apache/airflow, read at the commit
# 002e5532d7d55a375bbf71bd4e72d7e008635073 (between the versions 1.18 and 1.19 of the chart): each path with its types.
# `*` is any key, `[]` any item. Objects of the chart mostly refuse keys that they do not know, so nothing else
# may stand in our values.
TEXT, YES_NO, NUMBER = (str,), (bool,), (int, float)
CHART: dict[str, tuple[type, ...]] = {
    "executor": TEXT,
    "airflowVersion": TEXT,
    "images.airflow.repository": (str, type(None)),
    "images.airflow.tag": (str, type(None)),
    "images.migrationsWaitTimeout": NUMBER,
    "securityContexts.pod.runAsUser": (int,),
    "securityContexts.pod.runAsGroup": (int,),
    "securityContexts.pod.fsGroup": (int,),
    "securityContexts.pod.runAsNonRoot": YES_NO,
    "securityContexts.container.allowPrivilegeEscalation": YES_NO,
    "securityContexts.container.readOnlyRootFilesystem": YES_NO,
    "securityContexts.container.capabilities.drop[]": TEXT,
    "volumes[].name": TEXT,
    "volumes[].emptyDir": (dict,),
    "volumeMounts[].name": TEXT,
    "volumeMounts[].mountPath": TEXT,
    "postgresql.enabled": YES_NO,
    "data.metadataSecretName": (str, type(None)),
    "data.resultBackendSecretName": (str, type(None)),
    "data.brokerUrlSecretName": (str, type(None)),
    "fernetKeySecretName": (str, type(None)),
    "apiSecretKeySecretName": (str, type(None)),
    "jwtSecretName": (str, type(None)),
    "env[].name": TEXT,
    "env[].value": TEXT,
    "secret[].envName": TEXT,
    "secret[].secretName": TEXT,
    "secret[].secretKey": TEXT,
    "config.*.*": (bool, int, float, str),
    "workers.replicas": (int,),
    "workers.args[]": TEXT,
    "workers.persistence.enabled": YES_NO,
    "workers.resources.requests.*": (str, int),
    "workers.resources.limits.*": (str, int),
    "migrateDatabaseJob.args[]": TEXT,
    "apiServer.args[]": TEXT,
    "createUserJob.args[]": TEXT,
    "triggerer.enabled": YES_NO,
    "dagProcessor.enabled": (bool, type(None)),
    "statsd.enabled": YES_NO,
    "redis.enabled": YES_NO,
    **{
        f"{part}.env[].{key}": TEXT
        for part in ("workers", "migrateDatabaseJob", "apiServer")
        for key in ("name", "value", "valueFrom.secretKeyRef.name", "valueFrom.secretKeyRef.key")
    },
}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value with its path, items of lists as `[]`."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def allowed(path: str) -> tuple[type, ...] | None:
    """The types that the chart allows at a path; None where it knows no such path."""
    head = path.split(".")[0]
    for known in (path, f"{head}.*.*" if path.count(".") == 2 else "", path.rpartition(".")[0] + ".*"):
        if known in CHART:
            return CHART[known]
    return None


@pytest.mark.parametrize("name", FILES)
def test_each_value_is_one_that_the_chart_knows_and_of_its_type(name: str) -> None:
    wrong = [
        path for path, value in leaves(FILES[name]) if (types := allowed(path)) is None or type(value) not in types
    ]
    assert wrong == []


def test_a_mistyped_key_or_value_is_found() -> None:
    assert allowed("data.metadataSecretname") is None
    assert allowed("workers.queue") is None
    assert str not in (allowed("triggerer.enabled") or ())


def environment(name: str) -> dict[str, Any]:
    """Variables of all containers (``) or of one part."""
    return {one["name"]: one for one in (VALUES[name] if name else VALUES)["env"]}


def test_secrets_are_references_never_values() -> None:
    plain = {one["name"]: one["value"] for one in VALUES["env"]}
    for part in ("workers", "migrateDatabaseJob", "apiServer"):
        plain |= {one["name"]: one["value"] for one in VALUES[part]["env"] if "value" in one}
    words = ("SECRET_KEY", "DATABASE_URL", "CONN", "TOKEN", "SMTP_URL", "FERNET", "JWT")
    assert [name for name in plain if any(word in name for word in words)] == []
    assert [name for name in plain if name.endswith("PASSWORD")] == []
    assert [path for path, value in leaves([VALUES, CELERY]) if "://" in str(value)] == []


def test_only_what_runs_tasks_or_migrates_sees_our_database() -> None:
    assert "KZMONITOR_DATABASE_URL" not in environment("")
    assert "KZMONITOR_DATABASE_URL" not in {one["envName"] for one in VALUES["secret"]}
    keys = {
        part: environment(part)["KZMONITOR_DATABASE_URL"]["valueFrom"]["secretKeyRef"]["key"]
        for part in ("workers", "migrateDatabaseJob")
    }
    assert keys == {"workers": "tasks-database-url", "migrateDatabaseJob": "owner-database-url"}
    assert "KZMONITOR_DATABASE_URL" not in environment("apiServer")


def test_every_secret_that_the_operator_makes_is_documented() -> None:
    page = (ROOT / "docs/cluster.md").read_text()
    names = {
        value for path, value in leaves([VALUES, CELERY]) if path.endswith(("SecretName", "secretName", "KeyRef.name"))
    }
    keys = {value for path, value in leaves(VALUES) if path.endswith(("secretKey", "secretKeyRef.key"))}
    assert len(names) >= 5
    assert {name for name in names | keys if name not in page} == set()


def test_settings_of_recovery_are_those_of_the_compose_file() -> None:
    settings = COMPOSE["x-airflow-settings"]
    both = {
        f"AIRFLOW__{section}__{option}".upper(): value
        for section in ("scheduler", "workers", "operators", "dag_processor")
        for option, value in VALUES["config"][section].items()
    }
    assert {name: settings[name] for name in both} == both


def test_what_the_commands_name_is_in_the_image() -> None:
    named = [word for path, word in leaves([VALUES, CELERY]) if path.endswith("args[]") and word.startswith("/")]
    assert named
    assert [path for path in named if not (ROOT / Path(path).relative_to("/opt/kzmonitor")).is_file()] == []
    module, _, name = VALUES["config"]["core"]["auth_manager"].rpartition(".")
    source = Path(sysconfig.get_path("purelib"), *module.split(".")).with_suffix(".py")
    assert f"class {name}(" in source.read_text()


def test_celery_workers_serve_all_queues_of_the_compose_file() -> None:
    command = CELERY["workers"]["args"]
    queues = command[command.index("--queues") + 1].split(",")
    workers = [service["command"] for name, service in COMPOSE["services"].items() if name.startswith("worker-")]
    assert sorted(queues) == sorted(one[one.index("--queues") + 1] for one in workers)
    assert (VALUES["executor"], CELERY["executor"]) == ("KubernetesExecutor", "CeleryExecutor")


def test_the_api_server_starts_with_a_password_file_that_nobody_else_reads(tmp_path: Path) -> None:
    """With a stand-in for Airflow, which says how it was called."""
    airflow = tmp_path / "airflow"
    airflow.write_text("#!/bin/sh\necho called with $*\n")
    airflow.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    secret = {"AIRFLOW_ADMIN_PASSWORD": "0123456789abcdef"}
    file = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(tmp_path / "passwords.json")}
    command = [word.replace("/opt/kzmonitor", str(ROOT)) for word in VALUES["apiServer"]["args"]]
    done = subprocess.run(
        command, env={"PATH": path, **secret, **file}, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "called with api-server\n"
    assert json.loads((tmp_path / "passwords.json").read_text()) == {"admin": "0123456789abcdef"}
    assert (tmp_path / "passwords.json").stat().st_mode & 0o777 == 0o600
    assert environment("")["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]["value"].startswith("/tmp/")
