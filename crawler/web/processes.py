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

_PROC_DIR = Path("/proc")
_MEMORY_PAGE_BYTES = (
    4096  # bytes of memory behind one unit of statm; Chromium runs on machines with this page size only
)
WATCH_INTERVAL_SECONDS = 0.1  # seconds between two looks: a script fills some 100 MiB in that time


def process_family(mark: str) -> list[int]:
    """The process whose command line holds `mark`, and all that descend from it."""
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for entry in _PROC_DIR.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
            if mark.encode() in (entry / "cmdline").read_bytes():
                roots.append(int(entry.name))
    pids: list[int] = []
    while roots:
        pids.append(roots.pop())
        roots += children.get(pids[-1], ())
    return pids


def kill_processes(pids: list[int]) -> None:
    """Kill these processes."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


async def watch_memory(mark: Callable[[], str], mebibytes: int, on_kill: Callable[[], None]) -> None:
    """Kill every process of a family that takes more memory than allowed, as long as this runs; "" is no family yet."""
    pids: list[int] = []
    for poll in range(1_000_000_000):
        if poll % 5 == 0:
            pids = await asyncio.to_thread(process_family, mark()) if mark() else []
        for pid in pids:
            if _resident_bytes(pid) > mebibytes << 20:
                kill_processes([pid])
                on_kill()
        await asyncio.sleep(WATCH_INTERVAL_SECONDS)


def _resident_bytes(pid: int) -> int:
    try:
        return int((_PROC_DIR / str(pid) / "statm").read_text().split()[1]) * _MEMORY_PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
