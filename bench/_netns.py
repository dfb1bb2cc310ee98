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

BRIDGE, NETWORK = "swordnet-br", "10.99.77"
HERE = f"{NETWORK}.1"  # the address on which web and database listen


class Nets:
    """`count` namespaces, connected by one bridge."""

    def __init__(self, count: int) -> None:
        self.names = [f"swordnet{number}" for number in range(count)]
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{HERE}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        for number, name in enumerate(self.names):
            _ip("netns", "add", name)
            _ip("link", "add", _line(name), "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", _line(name), "master", BRIDGE, "up")
            _ip("-n", name, "addr", "add", f"{NETWORK}.{number + 2}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", name, "link", "set", device, "up")

    def inside(self, number: int) -> Sequence[str]:
        """The command prefix that runs a command in namespace `number`."""
        return ("ip", "netns", "exec", self.names[number])

    def cut(self, number: int, seconds: float) -> None:
        """Take the link of namespace `number` down for `seconds`."""
        _ip("link", "set", _line(self.names[number]), "down")
        time.sleep(seconds)
        _ip("link", "set", _line(self.names[number]), "up")


@contextmanager
def nets(count: int) -> Iterator[Nets | None]:
    """Provide `count` namespaces for the block; None where this machine does not allow them."""
    if not count or os.geteuid() != 0 or shutil.which("ip") is None:
        yield None
        return
    _remove(count)
    try:
        made = Nets(count)
    except subprocess.CalledProcessError:
        _remove(count)
        yield None
        return
    try:
        yield made
    finally:
        _remove(count)


def _line(name: str) -> str:
    return f"{name}-l"


def _remove(count: int) -> None:
    for number in range(count):
        subprocess.run(["ip", "netns", "del", f"swordnet{number}"], check=False, capture_output=True)
    subprocess.run(["ip", "link", "del", BRIDGE], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
