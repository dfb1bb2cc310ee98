"""Workers on this machine for as long as a run lasts: `swordnet worker` as processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from crawler.config import Config


@contextmanager
def crew(number: int, arguments: Sequence[str], config: Config) -> Iterator[None]:
    """Start so many; told to stop in the end, they end what they have begun (`cluster.patience`), else are killed."""
    command = [sys.executable, "-m", "desk.cli", "worker", "--quiet", *arguments]
    workers = [subprocess.Popen(command) for _ in range(number)]
    try:
        yield
    finally:
        for each in workers:
            each.terminate()
        for each in workers:
            try:
                each.wait(config.cluster.patience)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
