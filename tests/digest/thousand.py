"""The processes of `test_thousand`: a mail server that remembers every message it accepted, and a sender that is
killed again and again. Run as `server PORT FILE`, `killed DATABASE PORT LIVES` or `deliver DATABASE PORT HOURS`."""

import asyncio
import functools
import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta
from email import message_from_bytes
from uuid import UUID

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import make_url

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import Settings, models_folder
from kzmonitor.digest import mail, outbox, sending
from kzmonitor.store import Database, engine
from tests.digest.conftest import END

# As long as the sender waits for an answer here; half a minute in earnest. A busy machine may well stand still for half
# a second, and every answer that is late then counts as one that never came.
PATIENCE_S = 2.0
LONGEST_LIFE_S = 0.6


class Postmaster:
    """Writes down each message once it is accepted, and is late with its answer to some recipients: `late` to every
    message, `once` to the first."""

    def __init__(self, file: str) -> None:
        self.file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.seen: set[str] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        [recipient] = envelope.rcpt_tos
        id = message_from_bytes(envelope.content)["Message-ID"]
        os.write(self.file, f"{recipient} {id}\n".encode())
        late = recipient.startswith("late") or (recipient.startswith("once") and recipient not in self.seen)
        self.seen.add(recipient)
        if late:
            await asyncio.sleep(4 * PATIENCE_S)
        return "250 OK"


def serve(port: int, file: str) -> None:
    loop = asyncio.new_event_loop()
    # With a name of its own it asks nobody for that of this machine, each time that somebody calls.
    controller = UnthreadedController(
        Postmaster(file), hostname="127.0.0.1", port=port, loop=loop, server_hostname="localhost"
    )
    controller.begin()
    print("ready", flush=True)
    loop.run_forever()


def deliver(database: str, port: int, now: datetime, *, wait: bool = False) -> dict[str, int]:
    """What a scheduler does: make the rows of the morning, send what is due."""
    sending.Mail = functools.partial(mail.Mail, timeout_s=PATIENCE_S)  # type: ignore[misc, assignment]
    settings = Settings(_env_file=None, smtp_url=f"smtp://127.0.0.1:{port}", mail_from="desk@example.org")  # type: ignore[call-arg, arg-type]
    taxonomy = read_taxonomy(models_folder() / "taxonomy.yaml")
    with engine.connected(make_url(database)) as opened:
        outbox.fill(opened, END)
        return dict(sending.send_waiting(opened, {}, taxonomy, settings, sending.Task(now), wait=wait))


def killed(database: str, port: int, lives: int) -> None:
    """`lives` senders one after the other, each ended by SIGKILL: some at a moment of chance after their start, most
    at one after a number of messages of chance. By messages, since a busy machine sends none in half a second. Prints
    how many were killed."""
    chance = random.Random(50)
    died = 0
    for life in range(lives):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            count_into(writing)
            deliver(database, port, END + timedelta(minutes=1))
            os._exit(0)
        os.close(writing)
        if life % 5 == 0:
            time.sleep(chance.uniform(0, LONGEST_LIFE_S))
        else:
            for _message in range(chance.randint(1, 20)):
                if not os.read(reading, 1):
                    break
            time.sleep(chance.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        died += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        os.close(reading)
    print(died, flush=True)


def count_into(pipe: int) -> None:
    """Write a byte whenever a message is about to be handed over."""
    begun = sending._begun

    def counted(database: Database, id: UUID, done: int) -> bool:
        os.write(pipe, b".")
        return begun(database, id, done)

    sending._begun = counted


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(int(sys.argv[2]), sys.argv[3])
    elif sys.argv[1] == "killed":
        killed(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        print(deliver(sys.argv[2], int(sys.argv[3]), END + timedelta(hours=float(sys.argv[4])), wait=True), flush=True)
