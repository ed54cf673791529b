"""Each part does its real work under its own role, from feed to digest."""

import json
from pathlib import Path

import pytest

from kzmonitor.store import Database
from tests.cli.conftest import Run
from tests.cli.test_pipeline import served  # noqa: F401 - a fixture
from tests.limited import granted

pytestmark = pytest.mark.slow


@pytest.fixture
def by(run: Run, champion: Database, administrator: str) -> Run:
    """`by("collect", ...)` runs a command with the rights of kzmonitor_collect."""
    granted(champion, administrator)

    def command(role: str, *arguments: object):  # type: ignore[no-untyped-def]
        url = champion.url.set(drivername="postgresql").update_query_dict({"options": f"-c role=kzmonitor_{role}"})
        done = run(*arguments, KZMONITOR_DATABASE_URL=url.render_as_string(hide_password=False))
        assert done.returncode == 0, done.stderr
        return done.stdout

    return command


def test_collect_understand_digest_read(by: Run, served: Path, tmp_path: Path) -> None:  # noqa: F811
    collected = json.loads(by("collect", "collect", "--sources-dir", served, "--json"))
    assert sum(source["counts"]["fetched"] for source in collected) > 40
    understood = json.loads(by("understand", "understand", "--sources-dir", served, "--json"))
    assert understood["grouped"]["opened"] > 5
    by("understand", "campaigns", "--json")
    by("collect", "watch", "--sources-dir", served)
    by("understand", "digest", "--day", "2099-01-01", "--sources-dir", served, "--out", tmp_path / "digest")
    for role in ("read", "web"):
        assert len(json.loads(by(role, "alerts", "--json", "--since", "1d"))) == understood["grouped"]["opened"]
    by("read", "export", "incidents", "--out", tmp_path / "incidents.csv")
    assert json.loads(by("read", "verify", "--json"))["ok"]
