"""The newsroom over real sockets: it answers, notes what was asked, misbehaves on demand, and leaves nothing behind."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kzmonitor.errors import InputError, SetupError
from kzmonitor.newsroom import Fault, Newsroom, Outlet
from kzmonitor.newsroom.faults import GZIP_BOMB, HANG, RESET
from tests.ports import free_port

Factory = Callable[..., Outlet]


@pytest.fixture
def newsroom(an_outlet: Factory) -> Iterator[Newsroom]:
    with Newsroom([an_outlet(), an_outlet("vlast", slug="vestnik")]) as found:
        yield found


@pytest.fixture
def dala(newsroom: Newsroom) -> Outlet:
    return newsroom.outlets["dala"]


def spoken(outlet: Outlet, request: bytes) -> bytes:
    """Everything the server says to raw bytes until it closes."""
    with socket.create_connection(("127.0.0.1", outlet.port), timeout=30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_each_outlet_has_a_port_of_its_own(newsroom: Newsroom, client: httpx.Client) -> None:
    bases = {slug: outlet.base_url for slug, outlet in newsroom.outlets.items()}
    assert len(set(bases.values())) == 2
    for slug, base in bases.items():
        assert client.get(f"{base}/feed/").status_code == 200
        assert newsroom.requests[-1].outlet == slug


def test_requests_are_noted_in_order_with_headers_and_status(
    newsroom: Newsroom, dala: Outlet, client: httpx.Client
) -> None:
    etag = client.get(f"{dala.base_url}/feed/").headers["ETag"]
    client.get(f"{dala.base_url}/feed/?x=1", headers={"if-none-match": etag, "user-agent": "tester"})
    first, second = newsroom.requests
    assert (first.method, first.path, first.status) == ("GET", "/feed/", 200)
    assert (second.path, second.status, second.headers["User-Agent"]) == ("/feed/?x=1", 304, "tester")
    assert second.headers["If-None-Match"] == etag
    assert first.at <= second.at


def test_ports_follow_the_one_that_was_asked_for(an_outlet: Factory) -> None:
    port = free_port()
    with Newsroom([an_outlet()], port) as newsroom:
        assert newsroom.outlets["dala"].base_url == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_named_and_nothing_stays_open(an_outlet: Factory) -> None:
    with Newsroom([an_outlet()]) as newsroom:
        port = newsroom.outlets["dala"].port
        with pytest.raises(SetupError, match=str(port)):
            Newsroom([an_outlet()], port).start()


def test_equal_slugs_and_impossible_ports_are_refused(an_outlet: Factory) -> None:
    with pytest.raises(InputError, match="slug"):
        Newsroom([an_outlet(), an_outlet()])
    with pytest.raises(InputError, match="65535"):
        Newsroom([an_outlet()], 65_535)


def test_one_connection_carries_many_requests_and_head_has_no_body(dala: Outlet) -> None:
    request = b"GET /feed/ HTTP/1.1\r\nHost: x\r\n\r\nHEAD /feed/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = spoken(dala, request)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"</rss>") == 1
    assert answer.endswith(b"Connection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / SPDY/3\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab", b"405"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET http://127.0.0.1/feed/ HTTP/1.0\r\n\r\n", b"200"),
        (b"\xff\xfe\r\n\r\n", b"400"),
    ],
)
def test_odd_requests_get_one_answer_and_a_close(dala: Outlet, request_: bytes, status: bytes) -> None:
    assert spoken(dala, request_).startswith(b"HTTP/1.1 " + status)


def test_many_clients_are_served_at_once(dala: Outlet, client: httpx.Client) -> None:
    addresses = [*dala.addresses()] * 20
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda address: client.get(address).status_code, addresses))
    assert statuses == [200] * len(addresses)


def test_a_fault_over_http_is_over_after_its_times(dala: Outlet, client: httpx.Client) -> None:
    dala.fault("/feed/", Fault(status=503, retry_after=1, times=1))
    first, second = client.get(f"{dala.base_url}/feed/"), client.get(f"{dala.base_url}/feed/")
    assert (first.status_code, first.headers["Retry-After"], second.status_code) == (503, "1", 200)


def test_a_reset_is_a_reset(newsroom: Newsroom, dala: Outlet, client: httpx.Client) -> None:
    dala.fault("/feed/", RESET)
    with pytest.raises(httpx.ReadError):
        client.get(f"{dala.base_url}/feed/")
    assert newsroom.requests[-1].status is None


def test_a_reset_in_the_middle_follows_part_of_the_body(dala: Outlet, client: httpx.Client) -> None:
    dala.fault("/feed/", Fault(reset_at=0.5))
    with pytest.raises(httpx.TransportError):
        client.get(f"{dala.base_url}/feed/")


def test_a_drip_gives_the_whole_body_in_pieces(dala: Outlet, client: httpx.Client) -> None:
    whole = client.get(f"{dala.base_url}/feed/").content
    dala.fault("/feed/", Fault(drip_s=0.0001, drip_bytes=200))
    with client.stream("GET", f"{dala.base_url}/feed/", headers={"Accept-Encoding": "identity"}) as answer:
        pieces = list(answer.iter_raw())
    assert b"".join(pieces) == whole
    assert len(pieces) > 1


@pytest.mark.parametrize("announced", [True, False])
def test_a_huge_page_is_streamed(dala: Outlet, client: httpx.Client, announced: bool) -> None:
    dala.fault("/news/*", Fault(grow_to=50_000_000, announced=announced))
    with client.stream("GET", dala.address("secret-id-0")) as answer:
        assert ("Content-Length" in answer.headers) == announced
        size = sum(map(len, answer.iter_raw()))
    assert size == 50_000_000


def test_a_client_may_leave_a_huge_page(dala: Outlet, client: httpx.Client) -> None:
    dala.fault("/news/*", Fault(grow_to=50_000_000))
    with client.stream("GET", dala.address("secret-id-0")) as answer:
        next(answer.iter_raw())
    assert client.get(f"{dala.base_url}/feed/").status_code == 200


def test_a_bomb_is_small_on_the_wire(dala: Outlet, client: httpx.Client) -> None:
    dala.fault("/news/*", GZIP_BOMB)
    with client.stream("GET", dala.address("secret-id-0")) as answer:
        assert sum(map(len, answer.iter_raw())) < 300_000
        assert answer.headers["Content-Encoding"] == "gzip"


def test_stop_ends_what_hangs_and_leaves_no_thread(an_outlet: Factory) -> None:
    before = set(threading.enumerate())
    newsroom = Newsroom([an_outlet()]).start()
    outlet = newsroom.outlets["dala"]
    outlet.fault("/feed/", HANG)
    outlet.fault("/robots.txt", Fault(drip_s=3600))
    hanging = [socket.create_connection(("127.0.0.1", outlet.port), timeout=30) for _ in range(3)]
    for connection, path in zip(hanging, [b"/feed/", b"/robots.txt", b"/"], strict=True):
        connection.sendall(b"GET " + path + b" HTTP/1.1\r\n\r\n")
    for connection in hanging[1:]:
        assert connection.recv(1) == b"H"
    newsroom.stop()
    newsroom.stop()
    assert set(threading.enumerate()) <= before  # what another test has left may end meanwhile
    for connection in hanging:
        with connection, connection.makefile("rb") as stream:
            stream.read()  # ends, since the other side is closed
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", outlet.port), timeout=30)


def test_a_newsroom_can_start_again(an_outlet: Factory, client: httpx.Client) -> None:
    newsroom = Newsroom([an_outlet()])
    for _ in range(2):
        with newsroom:
            base = newsroom.outlets["dala"].base_url
            assert f"<link>{base}/</link>" in client.get(f"{base}/feed/").text
