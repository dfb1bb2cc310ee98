"""Starts `swordnet worker` processes on this machine for as long as a run lasts, and stops them at the end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from crawler.config import Config
from crawler.errors import SwordnetError


@contextmanager
def local_workers(count: int, arguments: Sequence[str], config: Config) -> Iterator[Callable[[str], None]]:
    """Start `count` workers; at the end they are terminated, and killed if they need longer than `cluster.patience` for
    the units they have begun.

    Yields a function to be called periodically with the run id; it raises SwordnetError when no worker is left.
    """
    command = [sys.executable, "-m", "desk.cli", "worker", "--quiet", *arguments]
    workers = [subprocess.Popen(command) for _ in range(count)]

    def check_workers(run: str) -> None:
        if all(worker.poll() is not None for worker in workers):
            raise SwordnetError(f"all workers of the run {run} have ended")

    try:
        yield check_workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            try:
                worker.wait(config.cluster.patience)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
