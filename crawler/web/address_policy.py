"""Which URLs may be requested: http and https to public hosts; loopback only where the configuration allows it. Pure.

A literal IP address is recognised in every spelling that some system accepts. It must be public, and so must every
IPv4 address embedded in it (mapped, 6to4, Teredo, NAT64). A name must end in a public top-level domain.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from crawler.urls import split_domain

ALLOWED_PORTS = (80, 443, 8080, 8443)
# Special-use names that host nothing public, although a list of top-level domains may contain them
# (RFC 6761, 6762, 7686, 8375, 9476).
NON_PUBLIC_SUFFIXES = frozenset({"arpa", "onion"})
# Public names that resolve to the address written in the name, or to loopback: nobody sells there, but they lead to
# internal hosts.
_IP_ECHO_DOMAINS = ("nip.io", "sslip.io", "xip.io", "localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "yoogle.com")
# Public by number, but answered by the cloud this machine may run in: Azure's host service, Oracle's metadata.
_CLOUD_METADATA_ADDRESSES = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "192.0.0.192")))
_NAT64_NETWORK = ipaddress.ip_network("64:ff9b::/96")
_HOST_LABEL_RE = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def url_refusal(url: str, loopback: Collection[str] = (), ports: Collection[int] = ALLOWED_PORTS) -> str | None:
    """Why `url` may not be requested; None if it may. `loopback` holds HOST:PORT pairs that are always allowed."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https"):
        return f"scheme {parts.scheme[:20] or 'missing'}"
    host = (parts.hostname or "").rstrip(".")
    if f"{host}:{port}" in loopback and not parts.username and not parts.password:
        return None
    if parts.username or parts.password:
        return "user name or password in the address"
    if not host:
        return "no host"
    return host_refusal(host) or (None if port in ports else f"port {port}")


def refusal_cause(url: str) -> str:
    """The cause, as in crawler.health.CAUSES, for which `url_refusal` refused a URL: its port, or else its host."""
    try:
        return "port" if host_refusal((urlsplit(url).hostname or "").rstrip(".")) is None else "private"
    except ValueError:
        return "private"


def host_refusal(host: str) -> str | None:
    """Why a host may not be requested, judged by its spelling alone; None if it may."""
    address = None if any(map(str.isspace, host)) else parse_address(host)  # inet_aton ignores what follows a space
    if address is not None:
        return None if is_public(address) else f"{address} is not a public address"
    name = _encode_idna(host)
    if name is None or not all(map(_HOST_LABEL_RE.fullmatch, name.split("."))):
        return "no valid host name"
    if name.endswith(_IP_ECHO_DOMAINS) or not _is_public_name(name):
        return f"{name} is not a public name"
    return None


def parse_address(host: str) -> Address | None:
    """The IP address that `host` spells in any form the system accepts (127.1, 0x7f000001, full-width digits), or None.

    An IPv4-mapped IPv6 address is returned as IPv4.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host.encode("idna").decode("ascii")))
        except (OSError, UnicodeError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address


def is_public(address: Address) -> bool:
    """Whether an address, and every address embedded in it, is reached over the public internet."""
    if address in _NAT64_NETWORK:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address in _CLOUD_METADATA_ADDRESSES or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    inner = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
    return not address.is_site_local and all(is_public(embedded) for embedded in inner if embedded is not None)


def _encode_idna(host: str) -> str | None:
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def _is_public_name(name: str) -> bool:
    """Whether a name has a part below a known top-level domain. The list ships with tldextract."""
    return name.rpartition(".")[2] not in NON_PUBLIC_SUFFIXES and all(split_domain(name))
