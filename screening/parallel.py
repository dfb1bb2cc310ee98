"""Runs one task over many parts in forked processes and yields the results in the order of the parts.

If the system cannot fork, everything runs in this process.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from crawler.errors import SwordnetError

Part = TypeVar("Part")
Result = TypeVar("Result")

PARTS_AHEAD_PER_WORKER = 4  # parts submitted at a time for each worker

_task: list[Callable[[Any], Any]] = []  # inherited by forked workers


def available_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_order(task: Callable[[Part], Result], parts: Iterable[Part], workers: int) -> Iterator[Result]:
    """The task's result for each part; what a task raises is raised here. Parts are taken a few at a time, not all.

    Raises SwordnetError if a worker process died, for example for lack of memory.
    """
    if workers < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(task, parts)
        return
    _task[:] = [task]
    try:
        yield from _map_in_processes(parts, workers)
    except BrokenProcessPool:
        raise SwordnetError(
            "a worker process died, perhaps for want of memory; what was written before stays: try fewer --workers"
        ) from None
    finally:
        _task.clear()


def _map_in_processes(parts: Iterable[Any], workers: int) -> Iterator[Any]:
    pending: deque[Future[Any]] = deque()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        for part in parts:
            with warnings.catch_warnings():
                # The warning is about forking with threads: none of ours holds a lock.
                warnings.simplefilter("ignore", DeprecationWarning)
                pending.append(pool.submit(_run_task, part))
            if len(pending) >= PARTS_AHEAD_PER_WORKER * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _run_task(part: Any) -> Any:
    return _task[0](part)
