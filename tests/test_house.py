"""The house keeps its own rules: sizes, names, arrows are checked elsewhere, documents against code here."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from kzmonitor.cli.app import app
from kzmonitor.config import Settings
from kzmonitor.store.tables import Table

ROOT = Path(__file__).parent.parent
PACKAGES = ("kzmonitor", "spiders", "dags", "tests", "bench")
# Frozen records of how the schema came to be; nobody reads or changes them.
EXEMPT = ("kzmonitor/store/migrations/versions/",)
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "misc", "retired", "base_utils"}
MOST_LINES = 400


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if not str(path.relative_to(ROOT)).startswith(EXEMPT)]


def test_no_module_has_more_than_400_lines() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_no_module_is_named_after_nothing() -> None:
    assert [path for path in modules() if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES] == []


def test_every_module_of_the_product_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.relative_to(ROOT).parts[0] != "tests" and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_packages_hold_a_docstring_and_exports_only() -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign)
    busy = []
    for path in modules():
        if path.name != "__init__.py" or path == ROOT / "kzmonitor/__init__.py":
            continue
        if any(not isinstance(statement, allowed) for statement in ast.parse(path.read_text()).body):
            busy.append(str(path.relative_to(ROOT)))
    assert busy == []


def test_tests_mirror_the_folders() -> None:
    product = {path.name for package in ("kzmonitor",) for path in (ROOT / package).iterdir() if path.is_dir()}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= product | {"spiders", "dags", "bench", "browser", "hostile", "cluster", "faults", "soak"}


def test_the_environment_file_documents_every_setting_and_nothing_else() -> None:
    documented = set(re.findall(r"^#? ?(KZMONITOR_[A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert documented == {f"KZMONITOR_{name.upper()}" for name in Settings.model_fields}


def test_no_secret_has_a_working_default() -> None:
    fresh = Settings(_env_file=None)  # type: ignore[call-arg]
    for name in ("database_url", "smtp_url", "proxy", "secret_key"):
        assert getattr(fresh, name) is None


def test_the_lock_file_holds_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    pinned = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==", lock, re.MULTILINE)
    assert len(pinned) > 100
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_every_table_of_the_design_exists() -> None:
    designed = (
        "source host poll entry capture article revision article_band model prediction incident incident_article party "
        "proceeding alert alert_event review pair_label campaign account session token audit_log subscriber delivery "
        "delivery_item manifest"
    )
    helping = (
        "alert_rank article_clue article_pair article_signature backfill clue_token manifest_leaf missed_report "
        "page_event request saved_view watch"
    )
    accounts = "invitation login_attempt oidc_login recovery_code"
    overseeing = "canary coverage figure training_run"
    assert set(Table.metadata.tables) == {*designed.split(), *helping.split(), *accounts.split(), *overseeing.split()}


@pytest.mark.parametrize("folder", ["kzmonitor", "spiders"])
def test_nothing_reads_the_clock_or_the_environment_at_import(folder: str) -> None:
    """Loading may not depend on the day, the network or the machine."""
    calls = re.compile(
        r"^(?!\s|def |class |#|from |import |@).*(datetime\.now|time\.time|os\.environ|os\.getenv)\(", re.M
    )
    guilty = [str(path) for path in (ROOT / folder).rglob("*.py") if calls.search(path.read_text())]
    assert guilty == []


def test_every_service_of_the_make_file_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in ("make run", "make demo", "make test", "SOURCES=demo"):
        assert command in readme


def test_the_readme_names_commands_that_exist() -> None:
    text = "".join(path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    named = r"kzmonitor ((?:sources |model |db |subscriber |account )?[a-z]+)"
    wanted = {command for quoted in re.findall(r"`([^`\n]+)`", text) for command in re.findall(named, quoted)}
    for command in sorted(wanted):
        done = CliRunner().invoke(app, [*command.split(), "--help"])
        assert done.exit_code == 0, command


def test_the_workflow_of_the_compose_file_is_yaml() -> None:
    assert yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
