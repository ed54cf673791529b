"""Timestamps come from the configured authority, go through the proxy, and their absence stops nothing."""

import hashlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr, ValidationError
from rfc3161_client import decode_timestamp_response
from sqlalchemy import select, text

from kzmonitor.config import Settings
from kzmonitor.evidence import manifests, timestamps
from kzmonitor.evidence.verification import verify
from kzmonitor.store import Database
from kzmonitor.store.tables import Manifest
from tests.evidence.conftest import NOON, captured

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the stand-in signs with openssl")
DAY = timedelta(days=1)
CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Stand-in authority
[stamping]
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
"""


@dataclass
class Authority:
    """A time-stamping server on loopback. `answer` turns what openssl gave into what is sent."""

    folder: Path
    port: int = 0
    asked: list[str] = field(default_factory=list)
    agents: list[str | None] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: Callable[[bytes], bytes] = lambda reply: reply
    query: Callable[[bytes], bytes] = lambda query: query

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tsr"

    def reply(self, query: bytes) -> bytes:
        """What openssl says to a query."""
        asked, said = self.folder / "query", self.folder / "reply"
        asked.write_bytes(self.query(query))
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", asked, "-out", said,
                     "-signer", "tsa.pem", "-inkey", "tsa.key")  # fmt: skip
        return said.read_bytes()

    def openssl(self, *arguments: object) -> str:
        """Run openssl in the authority's folder."""
        done = subprocess.run(["openssl", *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    own = Authority(tmp_path)
    (tmp_path / "tsa.cnf").write_text(CONFIGURATION.format(folder=tmp_path))
    (tmp_path / "serial").write_text("01")
    own.openssl("req", "-x509", "-config", "tsa.cnf", "-extensions", "stamping", "-newkey", "ec",
                "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tsa.key", "-out", "tsa.pem",
                "-days", "30")  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            own.asked.append(self.path)
            own.agents.append(self.headers["User-Agent"])
            body = own.answer(own.reply(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(own.status)
            for name, value in own.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_CONNECT(self) -> None:
            own.asked.append(self.path)
            self.send_error(502)

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    own.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield own
    server.shutdown()
    thread.join()
    server.server_close()


def having(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]


def only(database: Database) -> Manifest:
    with database.session() as session:
        return session.scalars(select(Manifest)).one()


def test_a_closed_day_is_stamped_once(database: Database, monday: list[UUID], authority: Authority) -> None:
    settings = having(timestamp_url=authority.url)
    assert timestamps.stamp(database, settings) == {"2026-11-16": "stamped"}
    assert timestamps.stamp(database, settings) == {}
    manifest = only(database)
    assert manifest.timestamp is not None
    imprint = decode_timestamp_response(manifest.timestamp).tst_info.message_imprint.message
    assert imprint == hashlib.sha256(manifest.root).digest()
    assert authority.asked == ["/tsr"]
    assert authority.agents[0] is not None
    assert authority.agents[0].startswith("kzmonitor/")
    with database.session() as session:
        done = verify(session)
        assert (done.problems, done.days[0].timestamp) == ([], "stamped")


def test_openssl_accepts_the_stored_reply(database: Database, monday: list[UUID], authority: Authority) -> None:
    timestamps.stamp(database, having(timestamp_url=authority.url))
    manifest = only(database)
    assert manifest.timestamp is not None
    (authority.folder / "root").write_bytes(manifest.root)
    (authority.folder / "stored").write_bytes(manifest.timestamp)
    authority.openssl("ts", "-verify", "-data", "root", "-in", "stored", "-CAfile", "tsa.pem")


def test_nothing_is_asked_unless_a_server_is_configured(database: Database, monday: list[UUID]) -> None:
    assert timestamps.stamp(database, having()) == {}
    assert only(database).timestamp_state is None


def other_root(query: bytes) -> bytes:
    """The query for another hash of the same length."""
    start = query.index(b"\x04\x20") + 2
    return query[:start] + bytes(32) + query[start + 32 :]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"status": 503}, "http-503"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "redirected"),
        ({"answer": lambda reply: b"<html>"}, "no-timestamp"),
        ({"answer": lambda reply: b""}, "no-timestamp"),
        ({"answer": lambda reply: reply[: len(reply) // 2]}, "no-timestamp"),
        ({"query": other_root}, "other-root"),
        ({"query": lambda query: query[:-4] + b"\1" + query[-3:]}, "wrong-nonce"),
    ],
)
def test_a_failure_is_named_and_tried_again(
    database: Database, monday: list[UUID], authority: Authority, change: dict[str, object], state: str
) -> None:
    settings = having(timestamp_url=authority.url)
    good = {name: getattr(authority, name) for name in change}
    for name, value in change.items():
        setattr(authority, name, value)
    assert timestamps.stamp(database, settings) == {"2026-11-16": state}
    assert (only(database).timestamp, only(database).timestamp_state) == (None, state)
    with database.session() as session:
        assert verify(session).problems == []
    for name, value in good.items():
        setattr(authority, name, value)
    assert timestamps.stamp(database, settings) == {"2026-11-16": "stamped"}


def test_a_server_that_is_down_costs_one_try_however_many_days_wait(database: Database, monday: list[UUID]) -> None:
    manifests.close(database, NOON + 5 * DAY)
    assert timestamps.stamp(database, having(timestamp_url="http://127.0.0.1:1/")) == {"2026-11-16": "connection"}


def test_only_the_newest_days_are_asked_for_since_each_root_vouches_for_all_before(
    database: Database, monday: list[UUID], authority: Authority
) -> None:
    manifests.close(database, NOON + 20 * DAY)
    ended = timestamps.stamp(database, having(timestamp_url=authority.url))
    assert list(ended) == [f"2026-11-{day}" for day in range(29, 31)] + [f"2026-12-0{day}" for day in range(1, 6)]


def test_a_name_that_nobody_knows_is_told_as_dns(
    database: Database, monday: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_arguments: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert timestamps.stamp(database, having(timestamp_url="http://tsa.invalid/")) == {"2026-11-16": "dns"}


def test_a_proxy_is_used_for_all_of_it(
    database: Database, monday: list[UUID], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "*")
    through = having(timestamp_url="http://tsa.invalid/tsr", proxy=SecretStr(f"http://127.0.0.1:{authority.port}"))
    assert timestamps.stamp(database, through) == {"2026-11-16": "stamped"}
    assert authority.asked == ["http://tsa.invalid/tsr"]


def test_an_encrypted_server_is_reached_through_the_proxy_by_its_name(
    database: Database, monday: list[UUID], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    through = having(timestamp_url="https://tsa.invalid/tsr", proxy=SecretStr(f"http://a:b@127.0.0.1:{authority.port}"))
    assert timestamps.stamp(database, through) == {"2026-11-16": "connection"}
    assert authority.asked == ["tsa.invalid:443"]


def test_a_proxy_of_the_environment_is_not_used(
    database: Database, monday: list[UUID], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert timestamps.stamp(database, having(timestamp_url=authority.url)) == {"2026-11-16": "stamped"}


def test_with_the_proxy_down_nothing_goes_out(database: Database, monday: list[UUID], authority: Authority) -> None:
    down = having(timestamp_url=authority.url, proxy=SecretStr("http://127.0.0.1:1"))
    assert timestamps.stamp(database, down) == {"2026-11-16": "connection"}
    assert authority.asked == []


def test_the_timestamp_of_another_day_does_not_pass(
    database: Database, monday: list[UUID], authority: Authority
) -> None:
    with database.session() as session:
        captured(session, at=NOON + DAY)
    manifests.close(database, NOON + 2 * DAY)
    timestamps.stamp(database, having(timestamp_url=authority.url))
    with database.session() as session:
        session.execute(
            text(
                "update manifest set timestamp = other.timestamp from manifest other "
                "where manifest.day = '2026-11-17' and other.day = '2026-11-16'"
            )
        )
    with database.session() as session:
        assert [(one.state, one.day and one.day.day) for one in verify(session).problems] == [("timestamp", 17)]


@pytest.mark.parametrize(
    "address", ["ftp://tsa.example", "tsa.example", "https://user:secret@tsa.example", "https://a b"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        having(timestamp_url=address)
