"""Which addresses may be connected to: public ones, in whatever form they are written."""

import ipaddress
import socket

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# IPv6 addresses that a gateway turns into IPv4 ones: NAT64 (RFC 6052) and the old compatible form.
EMBEDDING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


def is_open_to_us(address: str, allow_loopback: bool) -> bool:
    """Whether an IP address is a public one (or, where the setting opens it, this machine). ValueError: no address."""
    ip = ipaddress.ip_address(address)
    if ip.is_loopback:
        return allow_loopback
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _inner(ip)
        return is_open_to_us(str(inner), allow_loopback) if inner else ip.is_global and ip in GLOBAL_UNICAST
    return ip.is_global and not ip.is_multicast


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one only wraps."""
    if any(ip in network for network in EMBEDDING):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def open_address(host: str, port: int, allow_loopback: bool) -> str | None:
    """The address of a host to connect to, so that a name that points elsewhere a moment later leads nowhere; None when
    any of its addresses is private. Raises OSError when it has none."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    return found[0] if all(is_open_to_us(one, allow_loopback) for one in found) else None
