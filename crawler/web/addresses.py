"""Which addresses may be asked: http and https to public hosts; loopback only where the configuration says so. Pure."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

PORTS = {80, 443, 8080, 8443}
# Special-use names that no public resolver answers (RFC 6761, 6762, 7686, 9476), and what networks use within.
NOT_PUBLIC = frozenset(
    {
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "arpa",
        "invalid",
        "test",
        "example",
        "onion",
        "alt",
    }
)


def refusal(url: str, loopback: Collection[str] = ()) -> str | None:
    """Why an address may not be asked; None if it may. `loopback` holds HOST:PORT pairs that are let through."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        return str(error)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https"):
        return f"scheme {parts.scheme or 'missing'}"
    if f"{host}:{port}" in loopback:
        return None
    if parts.username or parts.password:
        return "user name or password in the address"
    if not host or port not in PORTS:
        return "no host" if not host else f"port {port}"
    address = literal(host)
    if address is not None and not address.is_global:
        return f"{address} is not a public address"
    if host.rpartition(".")[2] in NOT_PUBLIC:
        return f"{host} is not a public name"
    return None


def literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host spells, in any spelling the system accepts (127.1, 0x7f000001, full-width digits)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host.encode("idna").decode("ascii")))
        except (OSError, UnicodeError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address
