"""Worker ids: machine, process id and start time, so that a restart knows which claims belong to dead processes.

Without that, a crash would cost the rest of the lease. Workers of other machines are never declared dead; their leases
expire.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path


def current_worker_id() -> str:
    """The id of this process: MACHINE:PID:START_TIME."""
    pid = os.getpid()
    return f"{_machine_name()}:{pid}:{_start_time(pid)}"


def dead_workers(worker_ids: Iterable[str]) -> list[str]:
    """The workers of this machine whose process no longer exists."""
    return [worker_id for worker_id in worker_ids if _is_dead(worker_id)]


def _is_dead(name: str) -> bool:
    machine, _, remainder = name.partition(":")
    pid, _, start_time = remainder.partition(":")
    return (
        machine == _machine_name()
        and pid.isdigit()
        and (not _is_running(int(pid)) or _start_time(int(pid)) != start_time)
    )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_time(pid: int) -> str:
    """The start time of a process in the kernel's ticks since boot; empty where /proc does not state it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _machine_name() -> str:
    return socket.gethostname()[:40].replace(":", "-")
