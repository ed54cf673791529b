"""Hostile servers, files and networks, against the real programs and the real database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Internet = Callable[[dict[str, Any]], dict[str, Any]]
NO_NAMESPACES = "this machine lets nobody make a network namespace (needs root, or CAP_SYS_ADMIN, and iproute2)"


@pytest.fixture(scope="module")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Internet:
    """Runs the commands of a plan where every address is ours, see `internet.py`; what was asked, and of whom."""
    folder = tmp_path_factory.mktemp("internet")
    apart = ["unshare", "--net", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "-r", "--net", "--mount"]
    if subprocess.run([*apart, "ip", "link", "set", "lo", "up"], capture_output=True).returncode:
        # A skipped attack shows nothing: where everything is checked this must not pass for success.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_NAMESPACES)

    def run(plan: dict[str, Any]) -> dict[str, Any]:
        (folder / "plan.json").write_text(json.dumps(plan))
        done = subprocess.run(
            [*apart, sys.executable, "-m", "tests.hostile.internet", folder / "plan.json", folder / "result.json"],
            cwd=ROOT, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads((folder / "result.json").read_text())

    return run
