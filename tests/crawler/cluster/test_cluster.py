"""Many workers over one PostgreSQL: the same hits, each platform's slots kept, nothing lost when one dies."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

from crawler import cluster
from crawler.archives import Archive
from crawler.cluster import ClusterWorker
from crawler.cluster.jobs import REMATCH_QUEUE, create_queue_tables, enqueue_units, open_app, unit_id_of
from crawler.cluster.reaper import Reaper
from crawler.config import ClusterConfig, Config, load_config
from crawler.errors import StoreError, SwordnetError
from crawler.items import Ask, Unit, UnitKind, Work
from crawler.store import Store
from crawler.web.session import Session
from desk.nightly import run as nightly_run
from desk.nightly.local_workers import local_workers
from tests.conftest import ROOT, LoopbackWeb, Swordnet, jsonl
from tests.desk.test_crawling import WORK, product
from tests.postgres import PostgresServer

pytestmark = pytest.mark.slow
NOW = datetime.now(UTC)
SEARCH_PAGE = """<html><head><script type="application/ld+json">[{"@type": "Product", "name": "%s", "url": "/p/1"},
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
def url(postgres: PostgresServer, tmp_path: Path) -> str:
    return postgres.create(f"c{os.getpid()}{tmp_path.name[-12:]}", template="empty")


@pytest.fixture
def desk(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb, url: str) -> Swordnet:
    """A shop on the loopback web, one work, nights that only plan."""
    (tmp_path / "swordnet.toml").write_text(SETTINGS.format(url=url, place=web.netloc))
    (tmp_path / "works.jsonl").write_text(jsonl(WORK), encoding="utf-8")
    web.pages["/robots.txt"] = (404, "text/plain", b"")
    web.pages["/search"] = (200, "text/html; charset=utf-8", (SEARCH_PAGE % "潮汐钟楼的守望者").encode())
    web.pages["/p/1"] = product("潮汐钟楼的守望者 全本")
    assert swordnet("works", "import", "works.jsonl").returncode == 0
    return swordnet


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `swordnet ARGUMENTS` and go on."""
    running: list[subprocess.Popen[str]] = []

    def start_command(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "desk.cli", *arguments]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        running.append(process)
        return process

    yield start_command
    for process in running:
        process.kill()
        process.communicate()


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_workers_do_a_night_and_stop_at_a_signal(desk: Swordnet, start: Start, web: LoopbackWeb) -> None:
    workers = [start("worker"), start("worker", "--platforms", "shop")]
    result = desk("night")
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1
    assert web.requested_paths.count("/p/1") == 1
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    assert [worker.wait(60) for worker in workers] == [0, 0], [worker.communicate() for worker in workers]


def test_two_workers_on_postgresql_find_what_one_machine_finds_on_sqlite(
    desk: Swordnet, start: Start, web: LoopbackWeb, tmp_path: Path, url: str
) -> None:
    settings = (tmp_path / "swordnet.toml").read_text().replace("hand_out = true", "hand_out = false")
    (tmp_path / "alone.toml").write_text(settings.replace(url, "sqlite:///alone.db"))
    for _ in range(2):
        start("worker", "--quiet")
    exports = []
    for env, steps in (({}, ()), ({"SWORDNET_CONFIG": "alone.toml"}, (("works", "import", "works.jsonl"),))):
        for step in (*steps, ("night", "--quiet"), ("hits", "export", "hits.csv")):
            result = desk(*step, env=env)
            assert result.returncode == 0, result.stderr
        exports.append((tmp_path / "hits.csv").read_text(encoding="utf-8-sig"))
    cluster_rows, single_rows = (
        [without_times(line) for line in csv.DictReader(io.StringIO(export))] for export in exports
    )
    assert cluster_rows == single_rows
    assert [row["decision"] for row in cluster_rows] == ["hit"]


def without_times(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name not in ("first_seen", "last_seen")}


def test_what_a_killed_worker_held_is_done_by_another(desk: Swordnet, start: Start, web: LoopbackWeb, url: str) -> None:
    web.delays["/search"] = 4.0
    first = start("worker", "--quiet")
    night = start("night", "--quiet")
    wait_until(lambda: any(path.startswith("/search") for path in web.requested_paths))
    first.kill()
    web.delays["/search"] = 0.0
    start("worker", "--quiet")
    out, _ = night.communicate(timeout=90)
    assert night.returncode == 0, out
    with Store.open(url) as store:
        (run,) = store.runs.latest_runs(5)
        assert {state for _, _, state, _ in store.queue.unit_outcomes(run.id)} == {"done"}
    assert len(json.loads(desk("hits", "list", "--json").stdout)) == 1


def test_workers_need_postgresql(swordnet: Swordnet, tmp_path: Path, web: LoopbackWeb) -> None:
    (tmp_path / "swordnet.toml").write_text(SETTINGS.format(url="sqlite:///s.db", place=web.netloc))
    result = swordnet("worker")
    assert result.returncode == 4
    assert "PostgreSQL" in result.stderr


def test_stored_listings_are_compared_again_by_all_workers(
    desk: Swordnet, start: Start, web: LoopbackWeb, url: str, tmp_path: Path
) -> None:
    page = (SEARCH_PAGE % "潮汐钟楼的守望者").replace("别的书", "远山之外的那一封信 epub 电子版")
    web.pages["/search"] = (200, "text/html; charset=utf-8", page.encode())
    workers = [start("worker", "--quiet"), start("worker", "--quiet", "--platforms", "kongfz")]
    assert desk("night", "--quiet").returncode == 0
    requested_before = list(web.requested_paths)
    new = {"id": "W2", "title": "远山之外的那一封信", "kind": "book"}
    (tmp_path / "works.jsonl").write_text(jsonl(WORK, new), encoding="utf-8")
    assert desk("works", "import", "works.jsonl").returncode == 0
    result = desk("rematch", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {"listings": 3, "changed": 1, "hits": 1}
    assert web.requested_paths == requested_before, "nothing is asked of the web"
    with Store.open(url) as store:
        (run,) = store.runs.latest_runs(kind="rematch")
        assert run.outcome == "done"
        assert [(spider, kind) for spider, kind, _, _ in store.queue.unit_outcomes(run.id)] == [("shop", "rematch")]
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    assert [worker.wait(60) for worker in workers] == [0, 0]
    single_result = desk(
        "rematch", "--json", "--workers", "1", env={"SWORDNET_CONFIG": write_single_settings(tmp_path)}
    )
    assert json.loads(single_result.stdout) == {"listings": 3, "changed": 0, "hits": 0}, "one process finds the same"


def test_a_run_whose_workers_have_all_ended_is_not_waited_for() -> None:
    with (
        local_workers(1, ("--platforms", "no-such-platform"), Config()) as check_workers,
        pytest.raises(SwordnetError, match="r1"),
    ):
        wait_until(lambda: check_workers("r1"))


def write_single_settings(folder: Path) -> str:
    """The same settings for one machine."""
    settings = (folder / "swordnet.toml").read_text().replace("hand_out = true", "hand_out = false")
    (folder / "alone.toml").write_text(settings)
    return str(folder / "alone.toml")


def test_a_bound_worker_leaves_other_platforms_alone_and_compares_again_for_all(url: str) -> None:
    async def queue_locks() -> dict[str, str | None]:
        with Store.open(url) as store:
            store.runs.start_run("r1", "2026-11-22", NOW, "night")
            for spider, kind in (("shop", UnitKind.QUESTION), ("kongfz", UnitKind.REMATCH)):
                store.queue.plan_units("r1", spider, kind, 1, [(Ask(question="x"),)])
            async with open_app(store).open_async() as queue:
                await create_queue_tables(queue)
                assert await enqueue_units(queue, store, "r1", Config(), NOW) == 2
                assert await enqueue_units(queue, store, "r1", Config(), NOW) == 0, "each has its job"
                jobs = list(await queue.job_manager.list_jobs_async())
                return {job.queue: job.lock for job in jobs}

    locks = asyncio.run(queue_locks())
    assert set(locks) == {"shop", REMATCH_QUEUE}
    assert locks[REMATCH_QUEUE] is None, "any number of them at the same time"
    machine = ClusterWorker(config=Config(), store=Store(url), spiders={"shop": object, "kongfz": object}, tasks={})
    assert machine._queue_options(["shop"])["queues"] == ["shop", REMATCH_QUEUE]
    assert machine._queue_options([])["queues"] == ["kongfz", "shop", REMATCH_QUEUE]


def test_units_of_a_replay_come_to_no_worker_that_would_ask_the_web(url: str) -> None:
    async def queue_of_the_job() -> str:
        with Store.open(url) as store:
            store.runs.start_run("r1", "2026-11-22", NOW, "replay")
            store.queue.plan_units("r1", "shop", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
            async with open_app(store).open_async() as queue:
                await create_queue_tables(queue)
                assert await enqueue_units(queue, store, "r1", Config(), NOW, is_replay=True) == 1
                (job,) = await queue.job_manager.list_jobs_async()
                return job.queue

    queue = asyncio.run(queue_of_the_job())
    with Store.open(url) as store:
        live = ClusterWorker(config=Config(), store=store, spiders={"shop": object}, tasks={})
        replayed = ClusterWorker(config=Config(), store=store, spiders={"shop": object}, tasks={}, archive=Archive(()))
        assert queue not in live._queue_options([])["queues"]
        assert replayed._queue_options([])["queues"] == [queue]
        assert list(live._open_runs()) == []
        assert list(replayed._open_runs()) == ["r1"]


def test_a_crawl_delay_holds_between_the_units_of_two_workers(
    desk: Swordnet, start: Start, web: LoopbackWeb, tmp_path: Path
) -> None:
    file = tmp_path / "swordnet.toml"
    file.write_text(file.read_text().replace("delay = 0.0", "delay = 0.0\nunit_size = 1\ndetails_per_platform = 0"))
    web.pages["/robots.txt"] = (200, "text/plain", b"User-agent: *\nCrawl-delay: 1\nAllow: /\n")
    works = [WORK, *({"id": f"W{number}", "title": f"远山之外的第{number}封信", "kind": "book"} for number in (2, 3))]
    (tmp_path / "works.jsonl").write_text(jsonl(*works), encoding="utf-8")
    assert desk("works", "import", "works.jsonl").returncode == 0
    for _ in range(2):
        start("worker", "--quiet")
    result = desk("night", "--quiet")
    assert result.returncode == 0, result.stdout + result.stderr
    search_times = [
        at for path, at in zip(web.requested_paths, web.request_times, strict=True) if path.startswith("/search")
    ]
    assert len(search_times) >= len(works)
    assert all(after - before > 0.95 for before, after in itertools.pairwise(search_times))


def test_a_job_of_a_silent_worker_is_replaced_so_that_waking_it_ends_nothing(url: str) -> None:
    async def replace_job() -> None:
        with Store.open(url) as store:
            store.runs.start_run("r1", "2026-11-22", NOW, "night")
            store.queue.plan_units("r1", "shop", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
            async with open_app(store).open_async() as queue:
                await create_queue_tables(queue)
                manager = queue.job_manager
                await enqueue_units(queue, store, "r1", Config(), NOW)
                job = await manager.fetch_job(queues=None, worker_id=await manager.register_worker())
                assert job is not None
                assert isinstance(store.queue.claim(unit_id_of(job), "a:1:1", NOW, 300), Unit)
                config = Config(cluster=ClusterConfig(stale=0))
                reaper = Reaper(app=queue, store=store, config=config)
                assert await reaper.reap(NOW - timedelta(seconds=1)) == [], "it has just been taken"
                assert await reaper.reap(NOW + timedelta(seconds=1)) == [unit_id_of(job)]
                await enqueue_units(queue, store, "r1", Config(), NOW)
                other = await manager.fetch_job(queues=None, worker_id=await manager.register_worker())
                assert other is not None
                with pytest.raises(ConnectorException):
                    await manager.finish_job(job=job, status=Status.SUCCEEDED, delete_job=True)
                assert [queued_job.id for queued_job in await manager.list_jobs_async()] == [other.id]

    asyncio.run(replace_job())


def test_a_job_that_a_failing_database_left_behind_holds_up_nobody_for_ever(url: str) -> None:
    async def reap_job() -> None:
        with Store.open(url) as store:
            store.runs.start_run("r1", "2026-11-22", NOW, "night")
            store.queue.plan_units("r1", "shop", UnitKind.QUESTION, 1, [(Ask(question="x"),), (Ask(question="y"),)])
            async with open_app(store).open_async() as queue:
                await create_queue_tables(queue)
                manager = queue.job_manager
                await enqueue_units(queue, store, "r1", Config(), NOW)
                worker = await manager.register_worker()
                job = await manager.fetch_job(queues=None, worker_id=worker)
                assert job is not None
                unit = store.queue.claim(unit_id_of(job), "a:1:1", NOW, 300)
                assert isinstance(unit, Unit)
                reaper = Reaper(app=queue, store=store, config=Config())
                assert await reaper.reap(NOW) == []
                store.queue.finish_unit(
                    unit, {"pages": {"live": 1}}, {}
                )  # and the job stays: its end was never written
                assert await manager.fetch_job(queues=None, worker_id=worker) is None, "the platform's lock is held"
                assert await reaper.reap(NOW) == []
                assert await reaper.reap(NOW + timedelta(seconds=61)) == [unit.id]
                assert await manager.fetch_job(queues=None, worker_id=worker) is not None

    asyncio.run(reap_job())


def test_a_worker_that_may_not_finish_gives_its_unit_back(
    desk: Swordnet, start: Start, web: LoopbackWeb, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "swordnet.toml"
    settings = file.read_text().replace("patience = 20", "patience = 0.5").replace("attempts = 2", "attempts = 1")
    file.write_text(settings.replace("stale = 3", "stale = 30"))
    web.gates["/search"] = threading.Event()
    worker, night = start("worker", "--quiet"), start("night", "--quiet")
    wait_until(lambda: any(path.startswith("/search") for path in web.requested_paths))
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0, worker.communicate()
    night.kill()
    web.gates["/search"].set()
    with Store.open(url) as store:
        (run,) = store.runs.latest_runs(5)
        assert {state for _, _, state, _ in store.queue.unit_outcomes(run.id)} == {"open"}
        assert store.queue.holders() == []


def test_a_worker_that_gets_a_signal_ends_what_it_has_begun(
    desk: Swordnet, start: Start, web: LoopbackWeb, url: str
) -> None:
    web.gates["/search"] = threading.Event()
    worker, night = start("worker", "--quiet"), start("night", "--quiet")
    wait_until(lambda: any(path.startswith("/search") for path in web.requested_paths))
    worker.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert worker.poll() is None
    web.gates["/search"].set()
    assert worker.wait(30) == 0, worker.communicate()
    night.kill()
    with Store.open(url) as store:
        (run,) = store.runs.latest_runs(5)
        states = [state for _, _, state, _ in store.queue.unit_outcomes(run.id)]
    assert "done" in states
    assert "doing" not in states


def test_a_database_that_restarts_while_a_night_is_planned_ends_nothing(
    url: str, tmp_path: Path, web: LoopbackWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "swordnet.toml").write_text(SETTINGS.format(url=url, place=web.netloc))
    config = load_config(tmp_path / "swordnet.toml", {})
    with Store.open(url) as store:
        store.works.import_works([Work(id="W1", title="潮汐钟楼的守望者")], NOW)
    failures = [StoreError("restarting"), StoreError("still"), None]
    message_keys: list[str] = []

    def fail_twice(session: Session, run: str, _look: object) -> None:
        if (error := failures.pop(0)) is not None:
            raise error
        session.store.queue.skip_units(run)

    monkeypatch.setattr(cluster, "supervise_run", fail_twice)
    monkeypatch.setattr(nightly_run, "wait", lambda _: None)
    nightly_run.run_night(
        config, now=lambda: datetime.now(UTC), rerun=True, show_message=lambda key, **_: message_keys.append(key)
    )
    assert message_keys.count("night_tries_again") == 2
    with Store.open(url) as store:
        assert len(store.runs.latest_runs(9)) == 1, "the same night, not another"
