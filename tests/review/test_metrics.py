"""/metrics: for programs of this machine or with the token, for nobody else."""

import anyio.from_thread
import httpx
import pytest
from fastapi import FastAPI

TOKEN = "a-token-for-prometheus-of-32-characters"


@pytest.fixture
def ask(app: FastAPI, portal: anyio.from_thread.BlockingPortal):  # type: ignore[no-untyped-def]
    """Ask for the figures from an address, with headers."""

    def asked(address: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(address, 4242), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return portal.call(lambda: client.get("/metrics", headers=given))

    return asked


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_program_of_this_machine_reads_them(ask, address: str) -> None:  # type: ignore[no-untyped-def]
    answer = ask(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "kzmonitor_build_info{" in answer.text


@pytest.mark.parametrize("address", ["192.168.1.7", "203.0.113.9", "testclient", "::ffff:203.0.113.9"])
def test_nobody_else_learns_that_they_exist(ask, address: str) -> None:  # type: ignore[no-untyped-def]
    answer = ask(address)
    assert answer.status_code == 404
    assert "kzmonitor_build_info" not in answer.text


@pytest.mark.parametrize("header", ["forwarded", "x_forwarded_for", "x_forwarded_host", "x_real_ip", "via"])
def test_who_comes_through_a_server_in_front_is_not_of_this_machine(ask, header: str) -> None:  # type: ignore[no-untyped-def]
    assert ask("127.0.0.1", **{header: "127.0.0.1"}).status_code == 404


def test_with_a_token_set_only_the_token_counts(ask, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("KZMONITOR_METRICS_TOKEN", TOKEN)
    assert ask("203.0.113.9", authorization=f"Bearer {TOKEN}").status_code == 200
    for wrong in (f"Bearer {TOKEN}x", "Bearer ", "Bearer", f"Basic {TOKEN}", TOKEN, ""):
        assert ask("203.0.113.9", authorization=wrong).status_code == 404
    assert ask("127.0.0.1").status_code == 404
