"""What is posted to configured hosts, and what single sign-on asks, leads into no private network either."""

import json
import sys
from typing import Any

import pytest

from tests.hostile.conftest import Internet
from tests.hostile.internet import PUBLIC, is_public

# What the DNS says of a webhook's host: an operator named the host, and somebody else has its name.
PRIVATE = (
    "127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1",
    "224.0.0.1", "255.255.255.255", "::1", "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",
    "2002:a00:1::1", "2001:0:a00:1::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
)  # fmt: skip
POST = """
import json, sys
from kzmonitor.config import Settings
from kzmonitor.digest.posting import Poster
poster = Poster(Settings())
urls = json.loads(sys.argv[1])
print(json.dumps([[(answer := poster.post(url, b"{}", {})).status, answer.failure] for url in urls]))
"""
SIGN_ON = """
import json, sys
from datetime import UTC, datetime
from kzmonitor.accounts.oidc import Begun, OidcError, Provider
said = []
for issuer in json.loads(sys.argv[1]):
    try:
        provider = Provider(issuer, "client", "secret")
        provider.subject("code", Begun("s", "n", "v", "/", None), "http://127.0.0.1/back", datetime.now(UTC))
    except OidcError as error:
        said.append(str(error))
print(json.dumps(said))
"""
ISSUER = "http://127.0.0.1:8080"
ENDPOINTS = (
    "http://10.0.0.1/{case}", "http://169.254.169.254/{case}", "http://127.0.0.1:6379/{case}", "http://[::1]/{case}",
    "http://[64:ff9b::a00:1]/{case}", "http://[::ffff:10.0.0.1]/{case}", "http://2130706433/{case}",
    "http://inner.example/{case}", "http://0x0a000001/{case}", "http://127.0.0.1@10.0.0.1/{case}",
    "http:///10.0.0.1/{case}", "http://10.0.0.1:22/{case}", "file:///etc/passwd", "gopher://10.0.0.1/{case}",
)  # fmt: skip


# Proxies of the environment would be asked for everything.
ENVIRONMENT = {"KZMONITOR_ENV_FILE": "/dev/null"} | dict.fromkeys(
    ("http_proxy", "https_proxy", "ALL_PROXY"), "http://10.9.9.9:3128"
)


def run(internet: Internet, script: str, urls: list[str], **plan: Any) -> tuple[Any, list[dict[str, Any]]]:
    """What a script printed in a network where everybody answers, and who was asked."""
    command = [sys.executable, "-c", script, json.dumps(urls)]
    runs = [{"command": command, "environment": ENVIRONMENT}]
    [done] = internet({"names": {}, "pages": {}, **plan, "runs": runs})["runs"]
    assert done["code"] == 0, done["err"]
    return json.loads(done["out"]), done["asked"]


@pytest.mark.slow
def test_a_webhook_whose_name_stands_for_a_private_address_is_posted_nothing(internet: Internet) -> None:
    names = {f"n{at}.example": [[address]] for at, address in enumerate(PRIVATE)}
    mixed = {"both.example": [[PUBLIC, "10.0.0.1"]], "rebound.example": [[PUBLIC], ["10.0.0.1"]]}
    urls = [f"http://{name}/hook" for name in names] + [f"http://[{one}]/" for one in PRIVATE if ":" in one]
    said, asked = run(internet, POST, [*urls, "http://both.example/", "http://rebound.example/"], names=names | mixed)
    assert said == [[0, "private-address"]] * (len(urls) + 1) + [[404, None]]
    assert [(one["address"], one["host"]) for one in asked] == [(PUBLIC, "rebound.example")]


@pytest.mark.slow
def test_a_webhook_that_redirects_inside_is_not_followed(internet: Internet) -> None:
    pages = {
        f"r{status}.example": {"/": {"status": status, "headers": {"Location": "http://10.0.0.1/"}, "body": ""}}
        for status in (301, 302, 303, 307, 308)
    }
    urls = [f"http://{host}/" for host in pages]
    said, asked = run(internet, POST, urls, pages=pages, names={host: [[PUBLIC]] for host in pages})
    assert said == [[status, None] for status in (301, 302, 303, 307, 308)]
    assert {one["address"] for one in asked} == {PUBLIC}


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri"])
def test_a_provider_that_names_private_addresses_is_not_believed(internet: Internet, endpoint: str) -> None:
    pages = {}
    for at, address in enumerate(ENDPOINTS):
        issuer = f"{ISSUER}/{at}"
        described = {
            "issuer": issuer, "token_endpoint": f"{issuer}/token", "jwks_uri": f"{issuer}/keys",
            endpoint: address.format(case=at),
        }  # fmt: skip
        well_known = f"/{at}/.well-known/openid-configuration"
        pages[well_known] = {"status": 200, "headers": {}, "body": json.dumps(described)}
        pages[f"/{at}/token"] = {"status": 200, "headers": {}, "body": '{"id_token": "x"}'}
    said, asked = run(
        internet, SIGN_ON, [f"{ISSUER}/{at}" for at in range(len(ENDPOINTS))],
        pages={"127.0.0.1:8080": pages}, names={"inner.example": [["10.0.0.1"]]},
    )  # fmt: skip
    assert len(said) == len(ENDPOINTS)
    assert not any("\n" in line for line in said)
    assert {(one["address"], one["port"]) for one in asked} == {("127.0.0.1", 8080)}
    assert len(asked) >= len(ENDPOINTS)


def test_only_the_public_address_of_the_tests_counts_as_public() -> None:
    assert is_public(PUBLIC)
    assert not any(is_public(address) for address in PRIVATE)
