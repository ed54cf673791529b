"""A little provider of identities on loopback, that keeps to OpenID Connect or, told so, lies."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "kzmonitor:desk", "s/e+c r%t"


class LittleProvider:
    """Everybody who comes is `person-7`. forged: how the next answers lie."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.other = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.subject = "person-7"
        self.codes: dict[str, dict[str, str]] = {}
        self.forged: dict[str, Any] = {}
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        } | self.forged.get("described", {})

    def keys(self) -> dict[str, Any]:
        return {"keys": self.forged.get("keys", [self.key.as_dict(private=False)])}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT, "openid")
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str], authorization: str) -> tuple[int, Any]:
        """The status and the answer of the token endpoint."""
        kind, _space, pair = authorization.partition(" ")
        assert kind == "Basic"
        assert base64.b64decode(pair).decode() == "kzmonitor%3Adesk:s%2Fe%2Bc%20r%25t"
        asked = self.codes.pop(sent["code"], None)
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != sent["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if "body" in self.forged:
            return 200, self.forged["body"]
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> Any:
        now = int(self.clock().timestamp())
        if "token" in self.forged:
            return self.forged["token"]
        claims = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce,
        } | self.forged  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if alg := self.forged.get("alg"):
            return self.by_hand(alg, claims)
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.other if self.forged.get("key") else self.key)

    def by_hand(self, alg: str, claims: dict[str, Any]) -> str:
        """What no library signs: nothing at all, or the public key taken for a shared secret."""
        parts = [json.dumps(part).encode() for part in ({"alg": alg, "kid": "one"}, claims)]
        signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        made = b"" if alg == "none" else hmac.digest(self.key.as_pem(private=False), signed, "sha256")
        return b".".join((signed, base64.urlsafe_b64encode(made).rstrip(b"="))).decode()


@contextmanager
def serving() -> Iterator[LittleProvider]:
    """The provider on a port of its own, for the length of the block."""
    provider = LittleProvider()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorize(asked))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.say(
                200, {"/.well-known/openid-configuration": provider.described, "/keys": provider.keys}[parts.path]()
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            self.say(*provider.token(sent, self.headers["Authorization"]))

        def say(self, status: int, answer: Any) -> None:
            body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
