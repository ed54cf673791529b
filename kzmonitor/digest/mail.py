"""The mail channel: messages over one SMTP connection, each with its outcome in a word."""

import contextlib
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from urllib.parse import SplitResult, quote, unquote, urlsplit

from kzmonitor.config import Settings
from kzmonitor.digest import openpgp
from kzmonitor.digest.channel import WITHDRAWN, Begin, Parcel, Sent
from kzmonitor.digest.rendering import PICTURE, Rendered
from kzmonitor.digest.signatures import UNSUBSCRIBE, can_link, link
from kzmonitor.errors import InputError, SetupError
from kzmonitor.i18n import _
from kzmonitor.language.visible import visible

TIMEOUT_S = 30
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LONGEST_ADDRESS = 254


@dataclass
class Mail:
    """The channel, on the server and in the name of the settings. A connection carries many messages; one that the
    server has closed between two of them is opened again."""

    settings: Settings
    timeout_s: float = TIMEOUT_S
    _smtp: smtplib.SMTP | None = None
    _carried: int = field(default=0, init=False)

    def __enter__(self) -> "Mail":
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def deliver(self, parcel: Parcel, begin: Begin) -> Sent:
        """Hand a message to the server. Once its end was sent, silence leaves open whether it was accepted."""
        assert self.settings.mail_from is not None, "the caller has looked"
        mail = message_of(parcel, self.settings)
        if parcel.openpgp is not None:
            try:
                mail = openpgp.encrypted(mail, parcel.openpgp, parcel.when)
            except openpgp.KeyRefusedError as error:
                return Sent("refused", str(error))
        announced = self._announced(self.settings.mail_from, parcel.address)
        if announced is not None:
            return announced
        if not begin(0):
            self._reset()
            return WITHDRAWN
        return self._handed_over(mail)

    def _announced(self, sender: str, recipient: str) -> Sent | None:
        """Sender and recipient told to the server; None when it took them."""
        for _attempt in range(2):
            fresh = self._smtp is None
            try:
                if self._smtp is None:
                    self._smtp = self._connected()
                code, said = self._smtp.mail(sender)
                if code == 250:
                    code, said = self._smtp.rcpt(recipient)
                if code in (250, 251):
                    return None
                if code == 421 and not fresh:
                    self._close()
                    continue
                answer = Sent("refused" if 500 <= code < 600 else "waiting", _said(code, said))
                self._reset()
                return answer
            except smtplib.SMTPAuthenticationError:
                self._close()
                return Sent("waiting", _("the mail server does not accept the name or password"), closed=True)
            except (smtplib.SMTPException, OSError) as error:
                self._close()
                # One that served others has only hung up; one that did not come about will not for the next, either.
                if fresh:
                    return Sent("waiting", f"{type(error).__name__}: {_first_line(error)}", closed=True)
        return Sent("waiting", _("the mail server hangs up"), closed=True)

    def _handed_over(self, mail: EmailMessage) -> Sent:
        assert self._smtp is not None, "it was announced"
        try:
            code, said = self._smtp.data(mail.as_bytes(policy=WIRE))
        except smtplib.SMTPDataError as error:
            # The server did not want to hear it: nothing was sent.
            self._reset()
            return Sent("refused" if error.smtp_code >= 500 else "waiting", _first_line(error))
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            return Sent("unknown", type(error).__name__)
        if code != 250:
            self._reset()
            return Sent("refused" if 500 <= code < 600 else "waiting", _said(code, said))
        return Sent("sent")

    def _connected(self) -> smtplib.SMTP:
        assert self.settings.smtp_url is not None, "the caller has looked"
        server, host, port = server_of(self.settings.smtp_url.get_secret_value())
        smtp = _opened(server.scheme, host, port, self.timeout_s)
        try:
            smtp.ehlo_or_helo_if_needed()
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _reset(self) -> None:
        """Take back what was announced."""
        if self._smtp is not None:
            try:
                self._smtp.rset()
            except (smtplib.SMTPException, OSError):
                self._close()

    def _close(self) -> None:
        if self._smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self._smtp.close()
        self._smtp = None


def message_of(parcel: Parcel, settings: Settings) -> EmailMessage:
    """The message of a parcel, with the way to unsubscribe: one click (RFC 8058) where there are links that need no
    login, else a mail to the sender."""
    assert settings.mail_from is not None, "the caller has looked"
    rendered, headers = parcel.rendered, {}
    if parcel.mode != "confirmation":
        write = f"<mailto:{quote(settings.mail_from, safe='@')}?subject=unsubscribe>"
        headers["List-Unsubscribe"] = write
        headers["List-Id"] = "kzmonitor digests <digests.kzmonitor.invalid>"
        if can_link(settings):
            one_click = link(settings, UNSUBSCRIBE, parcel.subscriber_id)
            rendered = rendered.for_reader(one_click)
            if one_click.startswith("https://"):
                headers["List-Unsubscribe"] = f"<{one_click}>, {write}"
                headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = message(rendered, settings.mail_from, parcel.address, parcel.message_id, parcel.when)
    for name, value in headers.items():
        mail[name] = value
    return mail


def message(rendered: Rendered, sender: str, recipient: str, message_id: str, when: datetime) -> EmailMessage:
    """A MIME message: plain text, or HTML with its picture. `message_id` is stable, so that a second copy can be known
    as one; the boundaries are made of it, so that the copy has the same bytes."""
    mail = EmailMessage()
    # A header is one line: what came from a headline was cut and cleaned before, and is once more.
    mail["Subject"] = visible(rendered.subject)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(when)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(rendered.text, cte="quoted-printable")
    mail.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    seed = message_id.strip("<>").partition("@")[0]
    if rendered.picture is not None:
        _text, html = mail.iter_parts()
        assert isinstance(html, EmailMessage), "add_alternative made it"
        cid = f"<{PICTURE.removeprefix('cid:')}>"
        html.add_related(
            rendered.picture, "image", "png", cid=cid, disposition="inline", filename="week.png", cte="base64"
        )
        html.set_boundary(f"related-{seed}")
    mail.set_boundary(f"parts-{seed}")
    return mail


def checked_address(text: str) -> str:
    """The address, if it is one (local@domain); raises InputError, also for anything that could add a header."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise InputError(_("{text}: not a mail address").format(text=repr(text[:LONGEST_ADDRESS]))) from error
    bad = any(ord(letter) < 33 or not letter.isprintable() for letter in text) or len(text) > LONGEST_ADDRESS
    if not address.domain or not address.username or bad:
        raise InputError(_("{text}: not a mail address").format(text=repr(text[:LONGEST_ADDRESS])))
    return text


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


def _opened(scheme: str, host: str, port: int, timeout_s: float) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=ssl.create_default_context())
    smtp = smtplib.SMTP(host, port, timeout=timeout_s)
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


def _said(code: int, said: bytes) -> str:
    return visible(f"{code} {said.decode('utf-8', 'replace')}", 200)


def _first_line(error: Exception) -> str:
    return visible((str(error).splitlines() or [""])[0], 200)
