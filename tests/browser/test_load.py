"""The load test of bench/ builds its database and prints its tables, at a size that takes a minute."""

import re
import subprocess
import sys

import pytest

from tests.browser.conftest import found_chromium

pytestmark = pytest.mark.slow


def test_the_load_test_runs_at_ten_thousand_articles() -> None:
    found_chromium()
    # Long enough that, on a busy machine too, some of twenty who begin at once come to decide.
    command = [sys.executable, "-m", "bench.desk_load", "--articles", "10000", "--seconds", "18", "--keys", "10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert "built 10,000 articles" in done.stdout
    assert "WRONG" not in done.stdout
    assert re.search(r"next alert on the screen, 10 keys", done.stdout)
    assert len(re.findall(r"^decide, and the next +\d+ +\d+", done.stdout, re.MULTILINE)) == 2
