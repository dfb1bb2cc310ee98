"""Runs one task over many parts in worker processes and yields the results in the order of the parts.

Workers are fresh processes (start method "spawn"), not copies of this one: a copy of a process in which a library's
threads run (OpenCV, faiss, OpenBLAS) may wait for ever for threads that were not copied. So the task, the parts and the
results are pickled.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from crawler.errors import SwordnetError

Part = TypeVar("Part")
Result = TypeVar("Result")

PARTS_AHEAD_PER_WORKER = 4  # parts submitted at a time for each worker
# Fewer listings are assessed before workers have started: those take 1.6 s of CPU each over 20,000 works, a listing
# without pictures 0.4 ms (two workers, `swordnet match` with 12,000 rows, 2026-11-30).
MIN_LISTINGS_FOR_WORKERS, MIN_LISTINGS_PER_WORK = 6_000, 0.4
# Objects created between two garbage collections: findings have no reference cycles, and collecting costs a tenth.
GC_THRESHOLD_OBJECTS = 50_000

_task: list[Callable[[Any], Any]] = []  # of this worker process


def available_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(listings: int, works: int, workers: int) -> int:
    """`workers`, or 1 where this many listings are assessed against this many works before other processes start."""
    return workers if listings >= max(MIN_LISTINGS_FOR_WORKERS, MIN_LISTINGS_PER_WORK * works) else 1


@contextmanager
def shared_index_folder(folder: Path | None, workers: int) -> Iterator[Path | None]:
    """The folder from which all workers open the indexes of an assessor: `folder`, else a temporary one; None where
    there is one worker and no folder.
    """
    if folder is not None or workers < 2:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="swordnet-index-") as temporary:
        yield Path(temporary) / "index"


def map_in_order(task: Callable[[Part], Result], parts: Iterable[Part], workers: int) -> Iterator[Result]:
    """The task's result for each part; what a task raises is raised here. Parts are taken a few at a time, not all.

    With `workers` below 2, or a single part, everything runs in this process; else the task must be picklable, a
    function of a module or an object of its class. Raises SwordnetError if a worker process died, for example for lack
    of memory.
    """
    remaining = iter(parts)
    first_parts = list(islice(remaining, 2))
    parts = chain(first_parts, remaining)
    if workers < 2 or len(first_parts) < 2:
        yield from map(task, parts)
        return
    # The task may be large: each worker reads it from the file while others start.
    with tempfile.TemporaryDirectory(prefix="swordnet-task-") as folder:
        path = Path(folder) / "task"
        with path.open("wb") as file:
            pickle.dump(task, file, pickle.HIGHEST_PROTOCOL)
        try:
            yield from _map_in_processes(path, parts, workers)
        except BrokenProcessPool:
            raise SwordnetError(
                "a worker process died, perhaps for want of memory; what was written before stays: try fewer --workers"
            ) from None


def _map_in_processes(path: Path, parts: Iterable[Any], workers: int) -> Iterator[Any]:
    pending: deque[Future[Any]] = deque()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_load_task, initargs=(path,)) as pool:
        for part in parts:
            pending.append(pool.submit(_run_task, part))
            if len(pending) >= PARTS_AHEAD_PER_WORKER * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def spare_collector() -> None:
    """Let the garbage collector leave what exists now alone (works and index stay), and run less often."""
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD_OBJECTS)


def _load_task(path: Path) -> None:
    with path.open("rb") as file:
        _task[:] = [pickle.load(file)]
    spare_collector()


def _run_task(part: Any) -> Any:
    return _task[0](part)
