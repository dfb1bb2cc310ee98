"""The processes of one Chromium: how much memory each takes, and how they end when a page has taken hold of one.

Linux only tells (/proc); elsewhere nothing is found, and only the deadline of a page protects the machine.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_PAGE = 4096  # bytes of memory behind one unit of statm; Chromium runs on machines with this page size only
LOOK = 0.1  # seconds between two looks: a script fills some 100 MiB in that time


def family(mark: str) -> list[int]:
    """The process whose command line holds `mark`, and all that descend from it."""
    children: dict[int, list[int]] = {}
    first: list[int] = []
    for each in _PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(each.name))
            if mark.encode() in (each / "cmdline").read_bytes():
                first.append(int(each.name))
    found: list[int] = []
    while first:
        found.append(first.pop())
        first += children.get(found[-1], ())
    return found


def end(pids: list[int]) -> None:
    """Kill these processes."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


async def watch(mark: Callable[[], str], mebibytes: int, told: Callable[[], None]) -> None:
    """Kill every process of a family that takes more memory than allowed, as long as this runs; "" is no family yet."""
    pids: list[int] = []
    for number in range(1_000_000_000):
        if number % 5 == 0:
            pids = await asyncio.to_thread(family, mark()) if mark() else []
        for pid in pids:
            if _resident(pid) > mebibytes << 20:
                end([pid])
                told()
        await asyncio.sleep(LOOK)


def _resident(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
