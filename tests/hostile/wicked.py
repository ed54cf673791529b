"""A server on loopback that sends whatever bytes it is told, for as long as anybody listens, with or without TLS."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"
PATIENCE_S = 30
ROBOTS = b"User-agent: *\nDisallow:\n"
# The whole answer to a request for a path, in pieces.
Answer = Callable[[str], Iterable[bytes]]


def plain(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer in order."""
    said = {"Content-Type": "application/xml; charset=utf-8", "Content-Length": str(len(body))}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in said.items()), "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@dataclass
class Wicked:
    """One host: it answers `robots` for its robots.txt, for all else `answer`. asked: paths, in order; sent: bytes."""

    name: str
    answer: Answer
    tls: ssl.SSLContext | None = None
    robots: bytes = ROBOTS
    asked: list[str] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server((LOOPBACK, 0), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def host(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    def __enter__(self) -> "Wicked":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone would leave the thread in `accept` for ever.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _client = self.listener.accept()
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(PATIENCE_S)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as file:
                path = file.readline(65_536).decode("latin-1").partition(" ")[2].partition(" ")[0]
                while file.readline(65_536).strip():
                    pass
                self.asked.append(path)
                pieces = [plain(self.robots, Content_Type="text/plain")] if path == "/robots.txt" else self.answer(path)
                for piece in pieces:
                    connection.sendall(piece)
                    self.sent += len(piece)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)


class Authority:
    """Issues certificates, good and bad; whoever trusts `file` trusts the good ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._signed(self.name, self.key, "authority", 30, is_authority=True))

    def context(self, host: str = LOOPBACK, days: int = 30, *, own: bool = False) -> ssl.SSLContext:
        """A server whose certificate is for `host` and ends in `days`; `own`: signed by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._signed(name, key, host, days, by=(name, key) if own else None)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.folder / f"{host}-{days}-{own}.pem"
        path.write_bytes(certificate + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, host: str, days: int, *,
        is_authority: bool = False, by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None,
    ) -> bytes:  # fmt: skip
        issuer, signer = by or (self.name, self.key)
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        try:
            alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            alternative = x509.DNSName(host)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=60))
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .sign(signer, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
