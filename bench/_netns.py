"""Network namespaces for benchmarks: each worker has its own address and its own link, which can be cut.

Needs root and Debian's iproute2. Everything is on one bridge of this machine and is connected to nothing else. Names
begin with `swordnet`, and what a killed benchmark left behind is removed by the next one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

BRIDGE_NAME, NETWORK_PREFIX = "swordnet-br", "10.99.77"
HOST_ADDRESS = f"{NETWORK_PREFIX}.1"  # the address on which web and database listen


class Namespaces:
    """`count` namespaces, connected by one bridge."""

    def __init__(self, count: int) -> None:
        self.names = [f"swordnet{number}" for number in range(count)]
        _run_ip("link", "add", BRIDGE_NAME, "type", "bridge")
        _run_ip("addr", "add", f"{HOST_ADDRESS}/24", "dev", BRIDGE_NAME)
        _run_ip("link", "set", BRIDGE_NAME, "up")
        for number, name in enumerate(self.names):
            _run_ip("netns", "add", name)
            _run_ip("link", "add", _link_name(name), "type", "veth", "peer", "name", "eth0", "netns", name)
            _run_ip("link", "set", _link_name(name), "master", BRIDGE_NAME, "up")
            _run_ip("-n", name, "addr", "add", f"{NETWORK_PREFIX}.{number + 2}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _run_ip("-n", name, "link", "set", device, "up")

    def exec_prefix(self, number: int) -> Sequence[str]:
        """The command prefix that runs a command in namespace `number`."""
        return ("ip", "netns", "exec", self.names[number])

    def cut_link(self, number: int, seconds: float) -> None:
        """Take the link of namespace `number` down for `seconds`."""
        _run_ip("link", "set", _link_name(self.names[number]), "down")
        time.sleep(seconds)
        _run_ip("link", "set", _link_name(self.names[number]), "up")


@contextmanager
def create_namespaces(count: int) -> Iterator[Namespaces | None]:
    """Provide `count` namespaces for the block; None where this machine does not allow them."""
    if not count or os.geteuid() != 0 or shutil.which("ip") is None:
        yield None
        return
    _remove_namespaces(count)
    try:
        namespaces = Namespaces(count)
    except subprocess.CalledProcessError:
        _remove_namespaces(count)
        yield None
        return
    try:
        yield namespaces
    finally:
        _remove_namespaces(count)


def _link_name(name: str) -> str:
    return f"{name}-l"


def _remove_namespaces(count: int) -> None:
    for number in range(count):
        subprocess.run(["ip", "netns", "del", f"swordnet{number}"], check=False, capture_output=True)
    subprocess.run(["ip", "link", "del", BRIDGE_NAME], check=False, capture_output=True)


def _run_ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
