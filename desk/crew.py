"""Workers on this machine for as long as a run lasts: `swordnet worker` as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from crawler.config import Config
from crawler.errors import SwordnetError


@contextmanager
def crew(number: int, arguments: Sequence[str], config: Config) -> Iterator[Callable[[str], None]]:
    """Start so many; told to stop in the end, they end what they have begun (`cluster.patience`), else are killed.

    What is yielded, to be called now and then with the run, raises SwordnetError when none of them is left.
    """
    command = [sys.executable, "-m", "desk.cli", "worker", "--quiet", *arguments]
    workers = [subprocess.Popen(command) for _ in range(number)]

    def look(run: str) -> None:
        if all(each.poll() is not None for each in workers):
            raise SwordnetError(f"all workers of the run {run} have ended")

    try:
        yield look
    finally:
        for each in workers:
            each.terminate()
        for each in workers:
            try:
                each.wait(config.cluster.patience)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
