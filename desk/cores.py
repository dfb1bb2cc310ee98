"""One task over many parts on all cores, with the answers in the order of the parts.

Workers are forked from the process that holds works and index, so they share its memory and nothing is built twice.
Where the system cannot fork, one process does it all.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Part = TypeVar("Part")
Answer = TypeVar("Answer")

_task: list[Callable[[Any], Any]] = []  # what forked workers find in their memory


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(task: Callable[[Part], Answer], parts: Iterable[Part], workers: int) -> Iterator[Answer]:
    """The task's answer for each part; what a task raises is raised here."""
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(task, parts)
        return
    _task[:] = [task]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: none of ours holds a lock
        pool = multiprocessing.get_context("fork").Pool(workers)
    with pool:
        yield from pool.imap(_answer, parts)
    _task.clear()


def _answer(part: Any) -> Any:
    return _task[0](part)
