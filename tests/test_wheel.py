"""The wheel holds all it needs: installed in an empty environment, outside the checkout, it does the whole job."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def command(*arguments: object, cwd: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "KZMONITOR_"))}
    done = subprocess.run(
        [*map(str, arguments)], cwd=cwd, env={**clean, **environment}, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_runs_the_demo_outside_the_checkout(tmp_path: Path) -> None:
    command(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    environment = tmp_path / "environment"
    uv = Path(sys.executable).with_name("uv")
    command(uv, "venv", "--quiet", "--python", sys.executable, environment, cwd=tmp_path)
    python = environment / "bin" / "python"
    command(
        uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", ROOT / "requirements.lock", cwd=tmp_path
    )
    command(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel, cwd=tmp_path)
    kzmonitor = environment / "bin" / "kzmonitor"
    assert command(kzmonitor, "--version", cwd=tmp_path).startswith("kzmonitor ")
    told = command(kzmonitor, "demo", cwd=tmp_path, KZMONITOR_DATA=str(tmp_path / "data"), LANGUAGE="en")
    assert "all alerts" in told
    assert list((tmp_path / "data").rglob("digest-*-ru.html"))
