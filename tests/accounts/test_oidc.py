"""Single sign-on: what of a provider's answer is believed, by a real provider on loopback."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy.orm import Session

from kzmonitor.accounts import invitations, oidc, people
from kzmonitor.accounts.oidc import OidcError, Provider
from kzmonitor.errors import SetupError
from tests.accounts.provider import CLIENT, SECRET, LittleProvider, serving

NOW = datetime.now(UTC)
BACK = "http://127.0.0.1:8000/login/single-sign-on/back"


@pytest.fixture(scope="module")
def little() -> Iterator[LittleProvider]:
    with serving() as provider:
        yield provider


@pytest.fixture
def provider(little: LittleProvider) -> Provider:
    little.forged, little.clock = {}, lambda: NOW
    return Provider(little.issuer, CLIENT, SECRET)


def asked(session: Session, provider: Provider, target: str = "/") -> tuple[oidc.Begun, str]:
    """A login that was begun, and the code that the provider's page hands back."""
    begun = oidc.begin(session, target, None, NOW)
    answer = httpx.get(provider.way(begun, BACK), follow_redirects=False)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == [begun.state]
    return begun, back["code"][0]


def test_the_provider_says_who_it_is(session: Session, provider: Provider) -> None:
    begun, code = asked(session, provider)
    assert provider.subject(code, begun, BACK, NOW) == "person-7"


def test_a_code_works_once(session: Session, provider: Provider) -> None:
    begun, code = asked(session, provider)
    provider.subject(code, begun, BACK, NOW)
    with pytest.raises(OidcError):
        provider.subject(code, begun, BACK, NOW)


def test_a_stolen_code_is_worth_nothing_without_its_verifier(session: Session, provider: Provider) -> None:
    _begun, code = asked(session, provider)
    with pytest.raises(OidcError):
        provider.subject(code, oidc.begin(session, "/", None, NOW), BACK, NOW)


@pytest.mark.parametrize(
    "forged",
    [
        {"nonce": "another"}, {"nonce": None}, {"iss": "https://evil.example"}, {"iss": None}, {"aud": "another"},
        {"aud": [CLIENT, "another"]}, {"aud": None}, {"azp": "another"}, {"exp": 1}, {"exp": None}, {"iat": None},
        {"iat": 9_999_999_999}, {"sub": ""}, {"sub": None}, {"sub": 7}, {"sub": "x" * 256}, {"alg": "none"},
        {"alg": "HS256"}, {"key": "another"}, {"token": "nonsense"}, {"token": None}, {"token": 17}, {"keys": []},
        {"keys": "x"}, {"keys": [{"kty": "RSA"}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_answer_opens_nothing(
    session: Session, provider: Provider, little: LittleProvider, forged: dict[str, Any]
) -> None:
    begun, code = asked(session, provider)
    little.forged = forged
    with pytest.raises(OidcError, match="can't be trusted"):
        provider.subject(code, begun, BACK, NOW)


@pytest.mark.parametrize("body", ["[]", "<html>", "7", '"x"', "x" * 300_000])
def test_an_answer_that_is_none_is_one_line(
    session: Session, provider: Provider, little: LittleProvider, body: str
) -> None:
    begun, code = asked(session, provider)
    little.forged = {"body": body}
    with pytest.raises(OidcError, match="as OpenID Connect asks for"):
        provider.subject(code, begun, BACK, NOW)


@pytest.mark.parametrize(
    "described", [{"issuer": "https://evil.example"}, {"token_endpoint": "ftp://x"}, {"jwks_uri": 7}]
)
def test_a_provider_that_describes_itself_wrongly_is_not_asked(
    session: Session, provider: Provider, little: LittleProvider, described: dict[str, Any]
) -> None:
    begun, code = asked(session, provider)
    little.forged = {"described": described}
    with pytest.raises(OidcError):
        provider.subject(code, begun, BACK, NOW)


def test_a_provider_that_is_gone_is_one_line(session: Session) -> None:
    begun = oidc.begin(session, "/", None, NOW)
    with pytest.raises(OidcError, match="does not answer"):
        Provider("http://127.0.0.1:9", CLIENT, SECRET).way(begun, BACK)


@pytest.mark.parametrize("issuer", ["http://login.example.org", "login.example.org", "ftp://127.0.0.1"])
def test_a_provider_is_asked_over_tls(issuer: str) -> None:
    with pytest.raises(SetupError, match="KZMONITOR_OIDC_ISSUER"):
        Provider(issuer, CLIENT, SECRET)


def test_a_state_comes_back_once_and_in_time(session: Session) -> None:
    begun = oidc.begin(session, "/x", None, NOW)
    assert oidc.taken_back(session, begun.state, NOW) == begun
    assert oidc.taken_back(session, begun.state, NOW) is None
    late = oidc.begin(session, "/x", None, NOW)
    assert oidc.taken_back(session, late.state, NOW + oidc.COMES_BACK_WITHIN) is None


def test_an_identity_has_one_account_and_only_by_invitation(session: Session) -> None:
    asel, dana = (people.add(session, name, "reviewer", by=None, now=NOW) for name in ("asel", "dana"))
    assert invitations.by_identity(session, "https://i", "7") is None
    for account, comes_in in ((asel, True), (dana, False)):
        code = invitations.invite(session, account, by=None, now=NOW)
        found = invitations.invited(session, code, NOW)
        assert found is not None
        tied = invitations.accept_with_identity(session, found[0], "https://i", "7", NOW)
        assert (tied is not None) == comes_in
    assert invitations.by_identity(session, "https://i", "7") is asel
    assert invitations.accept_with_identity(session, found[0], "https://i", "8", NOW + timedelta(days=9)) is None
