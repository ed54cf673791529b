"""`python -m tests.hostile.internet PLAN RESULT`: all addresses there are, on one machine, and whoever was asked.

Run in a network and a mount namespace of its own, where every IPv4 and IPv6 address is answered by this process: names
by a DNS server that may change its mind, pages of public addresses as PLAN says. A private address answers everything,
so that whoever reaches one finds what they came for; RESULT says which addresses were connected to.

PLAN (JSON): `names` host -> answers in turn, each a list of addresses; `pages` host -> path -> {status, headers, body};
`runs`: [{command, environment}], one after the other."""

import ipaddress
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

PUBLIC = "93.184.215.14"
PORTS = (22, 25, 80, 443, 3128, 6379, 8080, 11211)
SECRET = b"<html><body><h1>Inner network</h1><p>" + b"The password of the inner network is 12345. " * 9 + b"</p></body>"
TYPES = {1: socket.AF_INET, 28: socket.AF_INET6}


class Names(threading.Thread):
    """A DNS server on 127.0.0.53 that counts what it is asked."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        super().__init__(daemon=True)
        self.names, self.asked = names, dict[str, int]()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.53", 53))

    def run(self) -> None:
        while True:
            query, client = self.socket.recvfrom(2000)
            self.socket.sendto(self.answer(query), client)

    def answer(self, query: bytes) -> bytes:
        """The addresses of a name with a time to live of zero; NXDOMAIN for names that nobody has."""
        labels, at = [], 12
        while length := query[at]:
            labels.append(query[at + 1 : at + 1 + length].decode("latin-1"))
            at += length + 1
        (kind,), name = struct.unpack(">H", query[at + 1 : at + 3]), ".".join(labels).lower()
        known, turn = self.names.get(name), self.asked.get(name, 0)
        if kind == 1:
            self.asked[name] = turn + 1
        addresses = known[min(turn, len(known) - 1)] if known else []
        family = TYPES.get(kind)
        packed = [
            socket.inet_pton(family, one) for one in addresses if family and (":" in one) == (family == socket.AF_INET6)
        ]
        head = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, len(packed), 0, 0)
        answers = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(one)) + one for one in packed]
        return head + query[12 : at + 5] + b"".join(answers)


class Hosts:
    """Every address on every port of PORTS."""

    def __init__(self, pages: dict[str, dict[str, dict[str, Any]]]) -> None:
        self.pages, self.asked = pages, list[dict[str, Any]]()
        for port in PORTS:
            listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=256)
            threading.Thread(target=self.listen, args=(listener, port), daemon=True).start()

    def listen(self, listener: socket.socket, port: int) -> None:
        """Answer each connection in a thread of its own."""
        while True:
            connection, _client = listener.accept()
            threading.Thread(target=self.converse, args=(connection, port), daemon=True).start()

    def converse(self, connection: socket.socket, port: int) -> None:
        """Note the connection at once, then what is asked on it."""
        address = str(connection.getsockname()[0]).removeprefix("::ffff:").partition("%")[0]
        seen = {"address": address, "port": port, "host": "", "line": ""}
        self.asked.append(seen)
        with connection, connection.makefile("rb") as file:
            connection.settimeout(20)
            try:
                head = b"".join(iter(lambda: file.readline(65_536).rstrip(b"\r\n") + b"\n", b"\n"))
                line, *headers = head.decode("latin-1").splitlines() or [""]
                named = dict(header.lower().split(": ", 1) for header in headers if ": " in header)
                seen |= {"line": line, "host": named.get("host", "")}
                connection.sendall(self.answer(address, line, named.get("host", "")))
            except (OSError, ValueError):
                pass

    def answer(self, address: str, line: str, host: str) -> bytes:
        """The page that the plan has for a host; of a private address else what it should not give away."""
        target = [*line.split(" "), "", ""][1]
        path = "/" + target.split("/", 3)[-1] if target.startswith("http") else target
        page = self.pages.get(host, {}).get(path)
        if page is None:
            mine = address == PUBLIC or path == "/robots.txt"
            page = {"status": 404 if mine else 200, "headers": {}, "body": "" if mine else SECRET.decode()}
        body = page["body"].encode()
        headers = {"Content-Type": "text/html; charset=utf-8"} | page["headers"]
        lines = [f"HTTP/1.1 {page['status']} Said", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]).encode() + body


def apart() -> None:
    """Make every address one of this machine, and our server of names the only one."""
    for command in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
    ):
        subprocess.run(command.split(), check=True)
    with tempfile.NamedTemporaryFile("w", prefix="resolv-", delete=False) as file:
        # Each name is asked for once: another try, because we were busy, would be another turn of a name that changes.
        file.write("nameserver 127.0.0.53\noptions timeout:30 attempts:1\n")
    subprocess.run(["mount", "--bind", file.name, "/etc/resolv.conf"], check=True)
    os.unlink(file.name)


def is_public(address: str) -> bool:
    """Whether an address is one that anybody may be asked at."""
    return ipaddress.ip_address(address) == ipaddress.ip_address(PUBLIC)


def main() -> int:
    plan = json.loads(Path(sys.argv[1]).read_text())
    apart()
    names, hosts = Names(plan["names"]), Hosts(plan["pages"])
    names.start()
    results = []
    for run in plan["runs"]:
        first = len(hosts.asked)
        done = subprocess.run(
            run["command"], env=os.environ | run.get("environment", {}), capture_output=True, text=True, timeout=300
        )
        results.append({"code": done.returncode, "out": done.stdout, "err": done.stderr, "asked": hosts.asked[first:]})
    Path(sys.argv[2]).write_text(json.dumps({"runs": results, "names": names.asked}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
