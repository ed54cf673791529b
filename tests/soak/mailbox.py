"""A mail server on this machine that keeps what it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import free_port

PATIENCE_S = 120


class Mailbox:
    """messages: in the order in which they came."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@contextmanager
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """The mailbox and its port, for the length of the block."""
    box, port = Mailbox(), free_port()
    # With a name of its own the server asks nobody for that of this machine.
    controller = Controller(box, hostname="127.0.0.1", port=port, server_hostname="localhost", ready_timeout=PATIENCE_S)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()
