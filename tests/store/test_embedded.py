"""The embedded server: private, patient with long paths, shared by commands, gone with the last one."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kzmonitor.errors import SetupError
from kzmonitor.store import embedded
from kzmonitor.store.embedded import Cluster

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "data"
    yield path
    embedded.stop(path)
    shutil.rmtree(Cluster(path).server_home, ignore_errors=True)


def modes(path: Path) -> list[int]:
    return [stat.S_IMODE(folder.stat().st_mode) for folder in path.parents]


def test_no_parent_folder_changes_its_mode(home: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    before = modes(home)
    with embedded.running(home):
        assert modes(home) == before
    assert modes(home) == before


def test_files_and_folders_are_its_owners_alone(home: Path) -> None:
    with embedded.running(home) as cluster:
        for folder in (home, cluster.server_home, cluster.pgdata, cluster.socket_folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
        assert stat.S_IMODE(cluster.secrets_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(cluster.log.stat().st_mode) == 0o600


@pytest.mark.skipif(not AS_ROOT, reason="only root can try it as somebody else")
def test_another_user_cannot_connect(home: Path) -> None:
    with embedded.running(home) as cluster:
        attempt = subprocess.run(
            [str(embedded.binaries() / "psql"), "-h", str(cluster.socket_folder), "-U", "kzmonitor", "-c", "select 1"],
            user="nobody", env={"PGPASSWORD": cluster.url().password or ""}, cwd="/", capture_output=True, text=True,
        )  # fmt: skip
        assert attempt.returncode != 0
        assert "Permission denied" in attempt.stderr


def test_a_wrong_password_is_refused(home: Path) -> None:
    with embedded.running(home) as cluster, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(cluster.superuser_dsn(), password="guess").close()


def test_it_listens_on_no_network(home: Path) -> None:
    with embedded.running(home) as cluster, psycopg.connect(cluster.superuser_dsn()) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_a_role_sees_its_own_database_only(home: Path) -> None:
    with embedded.running(home) as cluster:
        mine = cluster.url("airflow").set(drivername="postgresql")
        theirs = mine.set(database="kzmonitor").render_as_string(hide_password=False)
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(theirs).close()


def test_a_path_of_150_characters_works(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 100) / ("y" * 100) / "data"
    assert len(str(home)) > 150
    try:
        with embedded.running(home) as cluster, psycopg.connect(cluster.superuser_dsn()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
            assert len(str(cluster.socket_folder / ".s.PGSQL.5432")) < 108
    finally:
        shutil.rmtree(Cluster(home).server_home, ignore_errors=True)


ONE_COMMAND = """
import sys, psycopg
from pathlib import Path
from kzmonitor.store import embedded
with embedded.running(Path(sys.argv[1])) as cluster:
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        started = connection.execute("select pg_postmaster_start_time()").fetchone()[0]
    print(started, flush=True)
    sys.stdin.read()
"""


def test_two_commands_at_once_start_one_server_and_the_last_stops_it(home: Path) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_COMMAND, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _each in range(2)
    ]
    started = {command.stdout.readline() for command in commands if command.stdout}
    assert len(started) == 1
    assert started != {""}
    first, second = commands
    first.communicate()
    assert embedded.is_running(Cluster(home)), "the second command still uses it"
    second.communicate()
    assert not embedded.is_running(Cluster(home))


def test_a_killed_command_leaves_a_server_that_the_next_one_stops(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ONE_COMMAND, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        command.stdout.readline()
        command.kill()
    assert embedded.is_running(Cluster(home))
    with embedded.running(home):
        pass
    assert not embedded.is_running(Cluster(home))


def test_somebody_elses_connection_keeps_it_running(home: Path) -> None:
    with embedded.running(home) as cluster:
        guest = psycopg.connect(cluster.superuser_dsn())
    assert embedded.is_running(cluster)
    guest.close()
    assert embedded.stop(home)
    assert not embedded.stop(home)


def test_data_survive_a_restart(home: Path) -> None:
    with embedded.running(home) as cluster, psycopg.connect(cluster.superuser_dsn("kzmonitor")) as connection:
        connection.execute("create table kept as select 7 as number")
    with embedded.running(home) as cluster, psycopg.connect(cluster.superuser_dsn("kzmonitor")) as connection:
        assert connection.execute("select number from kept").fetchone() == (7,)


def test_missing_passwords_are_one_clear_line(home: Path) -> None:
    with embedded.running(home) as cluster:
        cluster.secrets_file.rename(home / "elsewhere.json")
    (home / "digests").mkdir()
    with pytest.raises(SetupError, match=r"postgres\.json"), embedded.running(home):
        pass
    (home / "elsewhere.json").rename(cluster.secrets_file)


@pytest.mark.skipif(not AS_ROOT, reason="only as root do the data lie outside the data folder")
def test_a_removed_data_folder_starts_afresh_and_loses_nothing(home: Path) -> None:
    with embedded.running(home) as cluster, psycopg.connect(cluster.superuser_dsn("kzmonitor")) as connection:
        connection.execute("create table old as select 1")
    shutil.rmtree(home)
    with embedded.running(home) as cluster, psycopg.connect(cluster.superuser_dsn("kzmonitor")) as connection:
        assert connection.execute("select to_regclass('old')").fetchone() == (None,)
        assert len(list(cluster.server_home.glob("data.set-aside-*"))) == 1


def test_a_data_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="KZMONITOR_DATA"), embedded.running(tmp_path / "file" / "data"):
        pass
