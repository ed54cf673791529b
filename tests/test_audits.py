"""The searches of `make audit` find what they are for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
# Put together here, so that this file holds none. The last is as `openssl rand -hex 32` makes them.
PLANTED = {
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n",
    "address with a password": "url = 'postgresql://kzmonitor:" + "Xk2-9qLw8@db.example/kzmonitor'\n",
    "access key": "key = 'AKIA" + "QX5RPWVEXAMPL3Z7'\n",
    "keyword": "smtp_password = '" + "Wr8-pL2xQz7'\n",
    "hexadecimal": "KEY = '" + "9f86d081"
    "884c7d65" + "9a2feaa0"
    "c55ad015" + "a3bf4f1b"
    "2b0b822c" + "d15d6c15"
    "b0f00a08" + "'\n",
}


def search(*files: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / ".ci/secrets"), *map(str, files)], capture_output=True, text=True, cwd=ROOT
    )


def test_planted_secrets_are_found(tmp_path: Path) -> None:
    for name, content in PLANTED.items():
        (tmp_path / f"{name}.py").write_text(content)
    told = search(*tmp_path.iterdir())
    assert told.returncode == 1
    assert [name for name in PLANTED if f"{name}.py" not in told.stdout + told.stderr] == []


def test_an_ordinary_file_passes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("url = 'postgresql://user:" + "password@db.example/kzmonitor'\n")
    assert search(tmp_path / "a.py").returncode == 0


@pytest.mark.slow
def test_the_repository_holds_none() -> None:
    told = search()
    assert told.returncode == 0, told.stdout


def bandit(*paths: Path) -> "subprocess.CompletedProcess[str]":
    options = ["--quiet", "--recursive", "--severity-level", "medium", "--configfile", str(ROOT / "pyproject.toml")]
    return subprocess.run([str(BIN / "bandit"), *options, *map(str, paths)], capture_output=True, text=True)


def test_dangerous_code_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import pickle, sys, yaml\npickle.load(sys.stdin.buffer)\nyaml.load('')\n")
    told = bandit(tmp_path)
    assert told.returncode == 1
    assert {"B301", "B506"} <= {word.strip("[]").split(":")[0] for word in told.stdout.split()}


@pytest.mark.slow
def test_the_list_of_what_is_inside_names_every_locked_package(tmp_path: Path) -> None:
    command = ["requirements", str(ROOT / "requirements.lock"), "--of", "JSON", "--output-file", str(tmp_path / "s")]
    subprocess.run([str(BIN / "cyclonedx-py"), *command], check=True, capture_output=True)
    inside = {component["name"].lower() for component in json.loads((tmp_path / "s").read_text())["components"]}
    assert {"scrapy", "apache-airflow", "psycopg", "skops"} <= inside
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {line.partition("==")[0].partition("[")[0] for line in lines if "==" in line and line[0].isalpha()}
    assert len(locked - inside) == 0
