"""Single sign-on: OpenID Connect's authorization code flow with PKCE (RFC 7636), state and nonce.

The provider only says who somebody is. Which account that is, and whether there is one, is for an admin to say."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kzmonitor.accounts import keys
from kzmonitor.errors import KzmonitorError, SetupError
from kzmonitor.i18n import _
from kzmonitor.reaching import open_address
from kzmonitor.store.tables import OidcLogin, new_id

# Signatures that only the provider can make; `none` and those with a shared secret are refused.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
COMES_BACK_WITHIN = timedelta(minutes=10)
CLOCKS_DIFFER_S = 60
TIMEOUT_S = 10
LARGEST_ANSWER_BYTES = 256 * 1024
LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0, section 2


class OidcError(KzmonitorError):
    """The provider could not say who it is; the line says why, without anything that the provider sent."""


@dataclass(frozen=True)
class Provider:
    """Who may say who somebody is. proxy: through which the provider is asked."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise SetupError(_("KZMONITOR_OIDC_ISSUER is not an address like https://login.example.org"))

    def way(self, begun: "Begun", redirect_uri: str) -> str:
        """Where the browser is sent."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(begun.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid",  # no name and no address of the person
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        with self._client() as client:
            endpoint = self._endpoint(self._described(client), "authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def subject(self, code: str, begun: "Begun", redirect_uri: str, now: datetime) -> str:
        """Who came back with this code, in the provider's words. Raises OidcError."""
        with self._client() as client:
            described = self._described(client)
            answer = self._asked(
                client,
                "POST",
                self._endpoint(described, "token_endpoint"),
                data={
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": redirect_uri,
                    "code_verifier": begun.verifier,
                },
                # RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
                auth=httpx.BasicAuth(quote(self.client_id, safe=""), quote(self.client_secret, safe="")),
            )
            public = self._asked(client, "GET", self._endpoint(described, "jwks_uri"))
        return self._checked(answer.get("id_token"), public, begun.nonce, now)

    def _checked(self, id_token: object, public: dict[str, Any], nonce: str, now: datetime) -> str:
        """The subject of an ID token (OpenID Connect Core 1.0, 3.1.3.7)."""
        try:
            known = KeySet.import_key_set(public)  # type: ignore[arg-type]
            claims = jwt.decode(str(id_token), known, algorithms=ALGORITHMS).claims
            registry = jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=CLOCKS_DIFFER_S,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True},
            )
            registry.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcError(_("the provider's answer can't be trusted; nothing was opened")) from error
        sent, subject = claims["nonce"], claims["sub"]
        for_us = claims.get("azp", self.client_id) == self.client_id
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims
        well = isinstance(sent, str) and hmac.compare_digest(sent.encode(), nonce.encode())
        if not (for_us and well and not several and isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT):
            raise OidcError(_("the provider's answer can't be trusted; nothing was opened"))
        return subject

    def _client(self) -> httpx.Client:
        local = urlsplit(self.issuer).hostname in ("127.0.0.1", "::1", "localhost")
        return httpx.Client(
            timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, proxy=None if local else self.proxy
        )

    def _described(self, client: httpx.Client) -> dict[str, Any]:
        described = self._asked(client, "GET", self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if described.get("issuer") != self.issuer:
            raise OidcError(_("the provider calls itself by another name than KZMONITOR_OIDC_ISSUER"))
        return described

    def _endpoint(self, described: dict[str, Any], name: str) -> str:
        """One of the provider's addresses: as safe as the issuer's own."""
        address = described.get(name)
        if not isinstance(address, str) or not address.startswith(f"{urlsplit(self.issuer).scheme}://"):
            raise OidcError(_("the provider does not answer as OpenID Connect asks for"))
        return address

    def _there(self, address: str) -> tuple[httpx.URL, dict[str, Any]]:
        """Where to connect to for an address, and what goes with the request. The issuer is where its operators put it;
        other hosts that it names must be public ones, and are connected to at the address that was judged."""
        url, issuer = httpx.URL(address), httpx.URL(self.issuer)
        if url.netloc == issuer.netloc or self.proxy is not None:
            return url, {}
        there = open_address(url.host, url.port or 443, allow_loopback=False)
        if there is None:
            raise OidcError(_("the provider names an address of a private network; nothing was asked there"))
        beside = {"headers": {"Host": url.netloc.decode("ascii")}, "extensions": {"sni_hostname": url.host}}
        return url.copy_with(host=there), beside

    def _asked(self, client: httpx.Client, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            there, beside = self._there(address)
            with client.stream(method, there, **beside, **more) as response:
                body = b""
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER_BYTES:
                        raise OidcError(_("the provider does not answer as OpenID Connect asks for"))
            response.raise_for_status()
            answer = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise OidcError(_("the provider does not answer; try again or use your password")) from error
        except ValueError as error:
            raise OidcError(_("the provider does not answer as OpenID Connect asks for")) from error
        if not isinstance(answer, dict):
            raise OidcError(_("the provider does not answer as OpenID Connect asks for"))
        return answer


@dataclass(frozen=True)
class Begun:
    """A login on its way: what must come back, and where it leads. invitation: that it will use up."""

    state: str
    nonce: str
    verifier: str
    target: str
    invitation_id: UUID | None


def begin(session: Session, target: str, invitation_id: UUID | None, now: datetime) -> Begun:
    """A login that must come back within ten minutes."""
    session.execute(delete(OidcLogin).where(OidcLogin.expires_at <= now))
    begun = Begun(keys.token(), keys.token(), keys.token(), target, invitation_id)
    session.add(
        OidcLogin(
            id=new_id(),
            state_sha256=keys.sha256(begun.state),
            nonce=begun.nonce,
            verifier=begun.verifier,
            target=target,
            invitation_id=invitation_id,
            expires_at=now + COMES_BACK_WITHIN,
        )
    )
    session.flush()
    return begun


def taken_back(session: Session, state: str, now: datetime) -> Begun | None:
    """The login of this state, which is used up by this; None when there is none."""
    query = select(OidcLogin).where(OidcLogin.state_sha256 == keys.sha256(state), OidcLogin.expires_at > now)
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        return None
    session.delete(found)
    session.flush()
    return Begun(state, found.nonce, found.verifier, found.target, found.invitation_id)
