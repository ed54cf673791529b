"""The mail channel: one message to one address over SMTP, with its outcome in three words."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import SplitResult, unquote, urlsplit

from kzmonitor.digest.rendering import Rendered
from kzmonitor.errors import InputError, SetupError
from kzmonitor.i18n import _

TIMEOUT_S = 30
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Sent:
    """How a message ended: sent; refused (permanently); waiting (not now); unknown (accepted or not)."""

    state: str
    error: str | None = None


def message(rendered: Rendered, sender: str, recipient: str, message_id: str, when: datetime) -> EmailMessage:
    """A MIME message with both forms. `message_id` is stable, so that a second copy can be known as one."""
    mail = EmailMessage()
    mail["Subject"] = rendered.subject
    mail["From"] = sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(when)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(rendered.text, cte="quoted-printable")
    mail.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    return mail


def checked_address(text: str) -> str:
    """The address, if it is one (local@domain); raises InputError, also for anything that could add a header."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise InputError(_("{text}: not a mail address").format(text=repr(text))) from error
    if not address.domain or not address.username or any(ord(letter) < 33 for letter in text):
        raise InputError(_("{text}: not a mail address").format(text=repr(text)))
    return text


def send(mail: EmailMessage, smtp_url: str) -> Sent:
    """Hand a message to the server. After DATA a time-out leaves open whether it was accepted: `unknown`."""
    server, host, port = server_of(smtp_url)
    try:
        with _connected(server.scheme, host, port) as smtp:
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            return _hand_over(smtp, mail)
    except smtplib.SMTPAuthenticationError:
        return Sent("waiting", _("the mail server does not accept the name or password"))
    except (smtplib.SMTPException, OSError) as error:
        return Sent("waiting", f"{type(error).__name__}: {_first_line(error)}")


def server_of(smtp_url: str) -> tuple[SplitResult, str, int]:
    """The parts of a server's address, its host and its port. Raises SetupError."""
    try:
        parts = urlsplit(smtp_url)
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), 0
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise SetupError(_("KZMONITOR_SMTP_URL is not an address like smtp://user:password@host:587"))
    return parts, parts.hostname, port


def _connected(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        smtp.ehlo()
        if smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
        elif host not in LOOPBACK:
            raise smtplib.SMTPNotSupportedError(_("the server offers no encryption (STARTTLS)"))
    except BaseException:
        smtp.close()
        raise
    return smtp


def _hand_over(smtp: smtplib.SMTP, mail: EmailMessage) -> Sent:
    try:
        smtp.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return Sent("refused" if code >= 500 else "waiting", f"{code} {said.decode('utf-8', 'replace')}")
    except smtplib.SMTPResponseException as error:
        return Sent("refused" if error.smtp_code >= 500 else "waiting", f"{error.smtp_code} {_first_line(error)}")
    except (TimeoutError, smtplib.SMTPServerDisconnected) as error:
        return Sent("unknown", type(error).__name__)
    return Sent("sent")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]
