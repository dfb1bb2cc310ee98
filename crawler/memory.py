"""A memory limit for worker processes: a page or picture that needs more ends its process, not the machine."""

from __future__ import annotations

import resource


def limit_memory(mebibytes: int) -> None:
    """Limit this process's private memory to `mebibytes` MiB; beyond it, MemoryError is raised or the process ends."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = mebibytes << 20
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
