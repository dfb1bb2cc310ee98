"""Who holds a unit: machine, process and when it started, so that a restart knows at once that the holder is dead.

Without that a crash would cost the rest of the lease. Another machine's holders are never judged; their leases end.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path


def holder() -> str:
    """The name of this process."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid)}"


def dead(holders: Iterable[str]) -> list[str]:
    """Those of this machine whose process is no longer there."""
    return [name for name in holders if _is_dead(name)]


def _is_dead(name: str) -> bool:
    machine, _, rest = name.partition(":")
    pid, _, started = rest.partition(":")
    return machine == _machine() and pid.isdigit() and (not _is_there(int(pid)) or _started(int(pid)) != started)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str:
    """When a process began, in the kernel's ticks since boot; empty where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _machine() -> str:
    return socket.gethostname()[:40].replace(":", "-")
