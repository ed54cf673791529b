"""Nobody gets two of the same digest, nobody gets none: a real SMTP server on loopback tells."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import Settings, models_folder
from kzmonitor.digest import outbox, sending
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber
from tests.digest.conftest import END, World, committed
from tests.ports import free_port

Declared = dict[str, Declaration]
PATIENCE_S = 120


class Mailbox:
    """An SMTP server's memory; `answer` is what it says to each message."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


def controller_of(box: Mailbox, port: int) -> Controller:
    """Its server. Without a name it would ask for that of this machine, which may take as long as a silent DNS."""
    return Controller(box, hostname="127.0.0.1", port=port, server_hostname="localhost", ready_timeout=PATIENCE_S)


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box, port = Mailbox(), free_port()
    controller = controller_of(box, port)
    controller.start()
    yield box, f"smtp://127.0.0.1:{port}"
    controller.stop()


def subscribe(database: Database, *addresses: str, **wishes: object) -> None:
    with database.session() as session:
        session.add_all([Subscriber(address=address, **({"language": "ru"} | wishes)) for address in addresses])


def settings(url: str, **more: object) -> Settings:
    return Settings(_env_file=None, smtp_url=url, mail_from="desk@example.org", **more)  # type: ignore[arg-type, call-arg]


def send(
    database: Database, declarations: Declared, url: str, *, end: datetime = END, **more: object
) -> dict[str, int]:
    """What `kzmonitor digest` does for the subscribers whose hour `end` is."""
    outbox.fill(database, end)
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    task = sending.Task(end, end=end, patient=False)
    return sending.send_waiting(database, declarations, taxonomy, settings(url, **more), task)


def test_a_digest_arrives_in_both_forms(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    committed(database, "В Астане задержали журналиста")
    subscribe(database, "a@example.org")
    box, url = mailbox
    assert send(database, declarations, url) == {"sent": 1}
    mail = box.messages[0]
    assert mail["To"] == "a@example.org"
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        assert "В Астане задержали журналиста" in part.get_content()


def test_sending_again_sends_nothing(database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]) -> None:
    subscribe(database, "a@example.org", "b@example.org")
    box, url = mailbox
    send(database, declarations, url)
    assert send(database, declarations, url) == {}
    assert sorted(mail["To"] for mail in box.messages) == ["a@example.org", "b@example.org"]


def test_several_senders_at_once_send_each_mail_once(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    subscribe(database, *(f"reader{number}@example.org" for number in range(20)))
    box, url = mailbox
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _each: send(database, declarations, url), range(4)))
    assert len(box.messages) == 20
    assert len({mail["Message-ID"] for mail in box.messages}) == 20


def test_a_refused_address_does_not_hold_up_the_others(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    subscribe(database, "nobody@example.org", "a@example.org")
    _box, url = mailbox
    assert send(database, declarations, url) == {"refused": 1, "sent": 1}
    assert send(database, declarations, url) == {}


def test_a_server_that_says_later_is_asked_later(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    subscribe(database, "a@example.org")
    box, url = mailbox
    box.answer = "451 come back later"
    assert send(database, declarations, url) == {"waiting": 1}
    box.answer = "250 OK"
    assert send(database, declarations, url) == {"sent": 1}


def test_a_dead_server_loses_nothing(database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]) -> None:
    subscribe(database, "a@example.org")
    box, url = mailbox
    assert send(database, declarations, "smtp://127.0.0.1:1") == {"waiting": 1}
    assert send(database, declarations, url) == {"sent": 1}
    assert len(box.messages) == 1


KILLED_AFTER_ACCEPTANCE = """
import os, signal, sys
from datetime import timedelta
from sqlalchemy import make_url
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import models_folder
from kzmonitor.digest import mail, outbox
from kzmonitor.sources import registry
from kzmonitor.store import engine
from tests.digest.test_outbox import send
hand_over = mail.Mail._handed_over
def send_and_die(self, message):
    hand_over(self, message)
    os.kill(os.getpid(), signal.SIGKILL)
mail.Mail._handed_over = send_and_die
with engine.connected(make_url(sys.argv[1])) as database:
    send(database, registry.load().sources, sys.argv[2])
"""


def test_only_after_an_unknown_end_is_the_same_message_sent_again(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    subscribe(database, "a@example.org", "b@example.org")
    outbox.fill(database, END)
    box, url = mailbox
    address = database.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", KILLED_AFTER_ACCEPTANCE, address, url], check=False)
    assert killed.returncode == -9
    assert send(database, declarations, url) == {"sent": 2}
    by_reader = {
        reader: [m["Message-ID"] for m in box.messages if m["To"] == reader]
        for reader in ("a@example.org", "b@example.org")
    }
    assert sorted(len(copies) for copies in by_reader.values()) == [1, 2]
    assert all(len(set(copies)) == 1 for copies in by_reader.values())


def test_the_next_period_begins_where_the_last_delivery_ended(database: Database, declarations: Declared) -> None:
    subscribe(database, "a@example.org")
    outbox.fill(database, END)
    outbox.fill(database, END + timedelta(days=4))
    with database.session() as session:
        deliveries = sorted(session.query(Delivery).all(), key=lambda one: one.period_end)
        assert deliveries[1].period_start == deliveries[0].period_end


def test_a_subscriber_is_told_only_of_the_labels_they_asked_for(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    committed(database, "Задержан журналист")
    subscribe(database, "a@example.org", labels=["censorship"])
    box, url = mailbox
    send(database, declarations, url)
    part = box.messages[0].get_body(("plain",))
    assert part is not None
    assert "Задержан журналист" not in part.get_content()


def test_a_digest_sent_before_its_period_ended_loses_nothing(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    committed(database, "Раньше")
    subscribe(database, "a@example.org")
    box, url = mailbox
    send(database, declarations, url)
    with database.session() as session:
        World(session, "second").alert("Ещё до конца периода", ready_at=END - timedelta(minutes=5))
    send(database, declarations, url, end=END + timedelta(days=1))
    texts = [part.get_content() for mail in box.messages if (part := mail.get_body(("plain",)))]
    assert ["Раньше" in text for text in texts] == [True, False]
    assert ["Ещё до конца периода" in text for text in texts] == [False, True]


def test_a_subscriber_who_asked_for_less_is_not_told_that_the_day_was_quiet(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    committed(database, "Задержан журналист")
    subscribe(database, "a@example.org", language="en", min_severity=4)
    box, url = mailbox
    send(database, declarations, url)
    assert "quiet" not in str(box.messages[0]["Subject"])
    part = box.messages[0].get_body(("plain",))
    assert part is not None
    assert "1 alert is not shown" in part.get_content()


def test_what_came_between_a_failed_and_a_second_try_is_told_once_in_the_next_digest(
    database: Database, declarations: Declared, mailbox: tuple[Mailbox, str]
) -> None:
    committed(database, "Раньше")
    subscribe(database, "a@example.org")
    box, url = mailbox
    assert send(database, declarations, "smtp://127.0.0.1:1") == {"waiting": 1}
    with database.session() as session:
        World(session, "second").alert("Между попытками", ready_at=END - timedelta(minutes=5))
    send(database, declarations, url)
    send(database, declarations, url, end=END + timedelta(days=1))
    texts = [part.get_content() for mail in box.messages if (part := mail.get_body(("plain",)))]
    assert ["Раньше" in text for text in texts] == [True, False]
    assert ["Между попытками" in text for text in texts] == [False, True]
