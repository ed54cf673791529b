"""The moment that a crawl is told is the one at which it believes to begin."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kzmonitor.collect import crawl
from spiders.house import clock_from

THEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CHILD = """
import json, sys
given = sys.argv[sys.argv.index("--now") + 1] if "--now" in sys.argv else "that of the machine"
open(sys.argv[1], "w").write(json.dumps(
    {"a": {"finished": "finished", "exceptions": 0, "counts": {}, "notes": [{"now": given}]}}
))
"""


def test_a_crawl_passes_the_moment_on_to_its_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    monkeypatch.setattr(crawl, "SPIDERS", (str(script),))
    assert crawl.run(["a"], now=THEN)[0].notes == [{"now": THEN.isoformat()}]
    assert crawl.run(["a"])[0].notes == [{"now": "that of the machine"}]


def test_a_clock_that_was_set_goes_on_from_there_and_one_that_was_not_is_the_machines() -> None:
    told = clock_from(THEN)
    first, second = told(), told()
    assert THEN <= first <= second < THEN + timedelta(minutes=1)
    assert abs(clock_from(None)() - datetime.now(UTC)) < timedelta(minutes=1)
