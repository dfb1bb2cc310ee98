"""The small hostile web through the whole program: every case as it should end, and nothing reaches the canary."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.mark.slow
def test_the_small_hostile_web() -> None:
    command = [sys.executable, "bench/hostile.py", "--server", "tests/hostile", "--port", str(free_port())]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "fail 0" in result.stdout
