"""Webhooks and Telegram against real servers on loopback: signed, escaped, cut, patient, and never led elsewhere."""

import hmac
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.config import Settings
from kzmonitor.digest import outbox, sending, signatures, telegram
from kzmonitor.digest.channel import Parcel
from kzmonitor.digest.period import Period
from kzmonitor.digest.posting import Answer, Poster
from kzmonitor.digest.rendering import Rendered
from kzmonitor.digest.selection import select_digest
from kzmonitor.digest.webhook import checked_webhook, outcome
from kzmonitor.errors import InputError
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber, new_id
from tests.digest.conftest import END, World, committed
from tests.digest.test_notices import TAXONOMY
from tests.digest.test_outbox import subscribe
from tests.ports import free_port

TOKEN = "1234:the-token-of-the-bot"
Reply = tuple[int, dict[str, str], bytes]


class Stand(ThreadingHTTPServer):
    """A server that remembers what was posted to it; `answer` says what it replies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posted: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Callable[[int], Reply | None] = lambda _number: (200, {}, b'{"ok":true}')

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Stand

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.posted.append((self.path, dict(self.headers), body))
        reply = self.server.answer(len(self.server.posted))
        if reply is None:  # falls silent after it has read everything
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        status, headers, content = reply
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        return


@pytest.fixture
def stand() -> Iterator[Stand]:
    with Stand() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def settings(stand: Stand | None = None, **more: object) -> Settings:
    here = (
        {"webhook_hosts": stand.host, "telegram_url": f"http://{stand.host}", "allow_loopback": True} if stand else {}
    )
    values = {"secret_key": "k" * 32, "telegram_token": TOKEN, "desk_url": "https://desk.example.org"} | here | more
    return Settings(_env_file=None, **values)  # type: ignore[arg-type, call-arg]


def send(database: Database, own: Settings, *, minutes: int = 0) -> dict[str, int]:
    outbox.fill(database, END)
    return dict(sending.send_waiting(database, {}, TAXONOMY, own, sending.Task(END + timedelta(minutes=minutes))))


def hooked(database: Database, stand: Stand, path: str = "/hook?to=desk") -> Subscriber:
    subscribe(database, f"http://{stand.host}{path}", channel="webhook", language="en")
    with database.session() as session:
        return session.scalars(select(Subscriber)).one()


def test_a_webhook_is_signed_and_says_what_the_mail_says(database: Database, stand: Stand) -> None:
    committed(database, "Обыск в редакции")
    own, subscriber = settings(stand), hooked(database, stand)
    assert send(database, own) == {"sent": 1}
    assert send(database, own) == {}
    [(path, headers, body)] = stand.posted
    assert path == "/hook?to=desk"
    moment, said = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["X-Kzmonitor-Signature"]).groups()  # type: ignore[union-attr]
    key = signatures.signature(own, "webhook", subscriber.id)
    assert hmac.new(key.encode(), f"{moment}.".encode() + body, "sha256").hexdigest() == said
    told = json.loads(body)
    [alert] = told["alerts"]
    assert (alert["title"], alert["confidence"], alert["kind"]) == ("Обыск в редакции", "very likely", "opened")
    assert alert["why"].startswith("Flagged as ")
    assert alert["link"] == f"https://desk.example.org/alerts/{alert['alert']}"
    assert headers["X-Kzmonitor-Delivery"] == told["id"]


@pytest.mark.parametrize(
    ("status", "headers", "state"),
    [
        (500, {}, "waiting"), (503, {}, "waiting"), (429, {"Retry-After": "90"}, "waiting"), (404, {}, "refused"),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, "refused"), (410, {}, "refused"), (204, {}, "sent"),
    ],
)  # fmt: skip
def test_each_answer_has_its_end_and_no_redirect_is_followed(
    database: Database, stand: Stand, status: int, headers: dict[str, str], state: str
) -> None:
    stand.answer = lambda _number: (status, headers, b"")
    hooked(database, stand)
    assert send(database, settings(stand)) == {state: 1}
    assert len(stand.posted) == 1
    if status == 429:
        assert send(database, settings(stand), minutes=1) == {}
        stand.answer = lambda _number: (200, {}, b"")
        assert send(database, settings(stand), minutes=2) == {"sent": 1}


def test_a_silence_after_all_was_read_brings_the_same_once_more_and_no_third(database: Database, stand: Stand) -> None:
    stand.answer = lambda _number: None
    hooked(database, stand)
    assert send(database, settings(stand)) == {"unknown": 1}
    assert send(database, settings(stand), minutes=600) == {"unknown": 1}
    assert send(database, settings(stand), minutes=6000) == {}
    assert len({json.loads(body)["id"] for _path, _headers, body in stand.posted}) == 1


def test_a_failed_channel_does_not_send_again_what_another_sent(database: Database, stand: Stand) -> None:
    stand.answer = lambda _number: (500, {}, b"")
    hooked(database, stand)
    subscribe(database, "4242", channel="telegram")
    assert send(database, settings(stand)) == {"waiting": 2}
    stand.posted.clear()
    stand.answer = lambda number: (200, {}, b'{"ok":true}') if number == 1 else (500, {}, b"")
    assert send(database, settings(stand), minutes=600) == {"sent": 1, "waiting": 1}
    stand.answer = lambda _number: (200, {}, b'{"ok":true}')
    assert send(database, settings(stand), minutes=6000) == {"sent": 1}
    assert [path.startswith("/bot") for path, _headers, _body in stand.posted] == [True, False, False]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://elsewhere.example/x", "KZMONITOR_WEBHOOK_HOSTS"), ("http://hooks.example/x", "https"),
        ("https://hooks.example:8443/x", "KZMONITOR_WEBHOOK_HOSTS"), ("ftp://hooks.example/", "posted to"),
        ("https://a:b@hooks.example/", "posted to"), ("https://hooks.example/\r\nX: y", "posted to"), ("", "posted to"),
    ],
)  # fmt: skip
def test_only_configured_hosts_are_posted_to(url: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        checked_webhook(url, settings(webhook_hosts="hooks.example, other.example"))
    assert (
        checked_webhook("https://hooks.example/x", settings(webhook_hosts="hooks.example")) == "https://hooks.example/x"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.0"])
def test_no_private_address_is_reached(host: str) -> None:
    poster = Poster(settings())
    assert poster.post(f"http://{host}:{free_port()}/", b"x", {}) == Answer(0, "private-address")
    poster.close()
    assert outcome(Answer(0, "private-address")).state == "refused"


def test_a_bot_sends_and_its_token_is_nowhere_else(
    database: Database, stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    committed(database, "Обыск <b>у</b> & «их»")
    subscribe(database, "@channel", channel="telegram", language="en")
    assert send(database, settings(stand)) == {"sent": 1}
    [(path, _headers, body)] = stand.posted
    assert path == f"/bot{TOKEN}/sendMessage"
    message = json.loads(body)
    assert (message["chat_id"], message["parse_mode"]) == ("@channel", "HTML")
    assert "Обыск &lt;b&gt;у&lt;/b&gt; &amp; «их»" in message["text"]
    assert TOKEN not in caplog.text
    stand.answer = lambda _number: (401, {}, b'{"ok":false,"description":"Unauthorized"}')
    subscribe(database, "@other", channel="telegram", language="en")
    assert send(database, settings(stand)) == {"waiting": 1}
    with database.session() as session:
        assert TOKEN not in str(session.scalars(select(Delivery.error)).all())


def test_a_long_digest_goes_in_parts_and_on_from_the_part_that_failed(
    session: Session, world: World, stand: Stand
) -> None:
    world.alert("Задержали " + "очень подробно " * 20)
    digest = select_digest(session, Period(END - timedelta(days=1), END), {})
    [item] = digest.items
    many = [replace(item, fact=replace(item.fact, alert_id=new_id())) for _copy in range(20)]
    parcel = Parcel(
        new_id(), "4242", "ru", None, "<1@x.invalid>", "daily", END, replace(digest, items=many), Rendered("", "", "")
    )
    wait = b'{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":30}}'
    stand.answer = lambda number: (200, {}, b'{"ok":true}') if number != 2 else (429, {}, wait)
    arrived: list[int] = []

    def begin(done: int) -> bool:
        arrived.append(done)
        return True

    with telegram.Telegram(settings(stand), {"ru": {}}, {}) as channel:
        first = channel.deliver(parcel, begin)
        assert (first.state, first.again_in_s) == ("waiting", 30)
        assert channel.deliver(replace(parcel, progress=arrived[-1]), begin).state == "sent"
    texts = [json.loads(body)["text"] for _path, _headers, body in stand.posted]
    assert texts[1] == texts[2]
    parts = [texts[0], *texts[2:]]
    assert len(parts) > 2
    assert max(map(telegram.units, parts)) <= telegram.LONGEST
    assert sum(part.count("Задержали") for part in parts) == 20


@pytest.mark.parametrize("text", ["", "desk", "12a", "@a b", "@" + "x" * 40, "1\n2"])
def test_what_is_no_chat_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        telegram.checked_chat(text)
