"""Many workers over one PostgreSQL: the same hits, each platform's slots kept, nothing lost when one dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawler.store import Store
from tests.conftest import ROOT, LoopbackWeb, Swordnet, jsonl
from tests.postgres import Server
from tests.test_crawl import WORK, product

pytestmark = pytest.mark.slow
ROW = """<html><head><script type="application/ld+json">[{"@type": "Product", "name": "%s", "url": "/p/1"},
{"@type": "Product", "name": "别的书", "url": "/p/2"}, {"@type": "Product", "name": "还有一本", "url": "/p/3"}]
</script></head><body><h1>results</h1></body></html>"""
SETTINGS = """
[store]
url = "{url}"
[crawl]
delay = 0.0
backoff = 0.05
attempts = 2
loopback = ["{place}"]
[cluster]
hand_out = true
beat = 0.5
stale = 3
sweep = 1
patience = 20
[platforms.shop]
templates = ["http://{place}/search?q={{query}}"]
[platforms.kongfz]
enabled = false
[platforms.appstore]
enabled = false
[platforms.appgallery]
enabled = false
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def url(postgres: Server, tmp_path: Path) -> str:
    return postgres.create(f"c{os.getpid()}{tmp_path.name[-12:]}", like="empty")


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb, url: str) -> Swordnet:
    """A shop on the loopback web, one work, nights that only plan."""
    (tmp_path / "swordnet.toml").write_text(SETTINGS.format(url=url, place=web.place))
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    web.pages["/robots.txt"] = (404, "text/plain", b"")
    web.pages["/search"] = (200, "text/html; charset=utf-8", (ROW % "潮汐钟楼的守望者").encode())
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `swordnet ARGUMENTS` and go on."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "desk.cli", *arguments]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        made = subprocess.Popen(
            command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(made)
        return made

    yield begin
    for each in running:
        each.kill()
        each.communicate()


def until(is_so: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_night_is_done_by_workers_who_stop_when_told(desk: Swordnet, start: Start, web: LoopbackWeb) -> None:
    workers = [start("worker"), start("worker", "--platforms", "shop")]
    done = desk("night")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1
    assert web.asked.count("/p/1") == 1
    for each in workers:
        each.send_signal(signal.SIGTERM)
    assert [each.wait(60) for each in workers] == [0, 0], [each.communicate() for each in workers]


def test_what_a_killed_worker_held_is_done_by_another(desk: Swordnet, start: Start, web: LoopbackWeb, url: str) -> None:
    web.delays["/search"] = 4.0
    first = start("worker", "--quiet")
    night = start("night", "--quiet")
    until(lambda: any(path.startswith("/search") for path in web.asked))
    first.kill()
    web.delays["/search"] = 0.0
    start("worker", "--quiet")
    out, _ = night.communicate(timeout=90)
    assert night.returncode == 0, out
    with Store.open(url) as store:
        (run,) = store.runs.latest(5)
        assert {state for _, _, state, _ in store.units.outcomes(run.id)} == {"done"}
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1


def test_workers_need_postgresql(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    (tmp_path / "swordnet.toml").write_text(SETTINGS.format(url="sqlite:///s.db", place=web.place))
    done = swordnet("worker")
    assert done.returncode == 4
    assert "PostgreSQL" in done.stderr
