"""Shared by all tests: a web server on loopback that answers from a table, and the program as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex

import pytest

from crawler.store import Store
from tests import ROOT
from tests.postgres import PostgresServer, find_bin_folder


class LoopbackWeb:
    """A server whose `pages` map a path to (status, content type, body); `answers` to a function of query and body,
    which returns a status and a page's bytes or a value for JSON."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, bytes]] = {}
        self.answers: dict[str, Callable[[str, bytes], tuple[int, object]]] = {}
        self.headers: dict[str, Mapping[str, str]] = {}
        self.delays: dict[str, float] = {}
        self.gates: dict[str, threading.Event] = {}  # not answered before the event
        self.requested_paths: list[str] = []
        self.request_times: list[float] = []  # the same, monotonic
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                web.requested_paths.append(self.path)
                web.request_times.append(time.monotonic())
                time.sleep(web.delays.get(path, 0))
                if gate := web.gates.get(path):
                    gate.wait(60)
                status, kind, body = web.pages.get(path, (404, "text/plain", b"none"))
                if answer := web.answers.get(path):
                    request_body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                    status, value = answer(self.path.partition("?")[2], request_body)
                    if isinstance(value, bytes):
                        kind, body = "text/html", value
                    else:
                        kind, body = "application/json", json.dumps(value, ensure_ascii=False).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in web.headers.get(path, {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that the base class asks for

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.netloc = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.netloc}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web() -> Iterator[LoopbackWeb]:
    server = LoopbackWeb()
    yield server
    server.server.shutdown()
    server.server.server_close()


Swordnet = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def swordnet(tmp_path: Path) -> Swordnet:
    """Run `swordnet ARGUMENTS` in tmp_path; returns what it printed and its exit code."""

    def run(
        *arguments: str | Path, env: Mapping[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "desk.cli", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **(env or {})}
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    return run


def jsonl(*rows: object) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


MIN_MEASURED_SECONDS = 0.05  # seconds of CPU below which growth is not worth a look, and not measurable


def slowdown(action: Callable[[str], object], parts: tuple[str, str | Callable[[int], str], int, str]) -> float:
    """How many times longer a text takes than one of a quarter of its size: 4 is linear, 16 is quadratic.

    `parts`: what stands before, what is repeated (a text, or one for each number), how often, what stands after. The
    best of two, in CPU time; 0 where the whole takes less than QUICK.
    """
    prefix, repeated, times, suffix = parts

    def text(count: int) -> str:
        middle = repeated * count if isinstance(repeated, str) else "".join(map(repeated, range(count)))
        return prefix + middle + suffix

    def seconds(part: str) -> float:
        timings = []
        for _ in range(2):
            start = time.process_time()
            action(part)
            timings.append(time.process_time() - start)
        return min(timings)

    action("")
    full_seconds = seconds(text(times))
    return 0.0 if full_seconds < MIN_MEASURED_SECONDS else full_seconds / max(seconds(text(times // 4)), 1e-4)


@pytest.fixture(scope="session")
def demo_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one demo, with what it said in `said`."""
    folder = tmp_path_factory.mktemp("demo") / "night"
    result = subprocess.run(
        [sys.executable, "-m", "desk.cli", "demo", "--into", str(folder)],
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (folder / "said").write_text(result.stdout, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with the schema in a database `empty`; where none can be had, the test is left out."""
    bin_folder = find_bin_folder()
    if bin_folder is None:
        reason = (
            "no PostgreSQL here: the half of the tests that needs it is left out (Debian: apt-get install postgresql)"
        )
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    server = PostgresServer(bin_folder)
    Store.open(server.create("empty")).close()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database, on each of the two kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/s.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create(f"d{token_hex(8)}", template="empty")


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
