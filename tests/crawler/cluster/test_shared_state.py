"""What machines share: slots of a platform, pauses, robots answers; and a worker that was out of touch asks nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import scrapy
from attrs import evolve
from prometheus_client import generate_latest
from scrapy.http import TextResponse

from crawler.config import ClusterConfig, Config
from crawler.errors import StoreError
from crawler.items import Ask, Outcome, Unit, UnitKind
from crawler.store import Backoff, RobotsFile, Store
from crawler.web.limits import NoPageError
from crawler.web.robots import RobotsMiddleware
from crawler.web.session import CrawlStats, Session
from crawler.web.throttle import ThrottleMiddleware, host_throttles_of, refresh_pauses
from crawler.worker import Worker
from desk.nightly.metrics import Metrics
from desk.nightly.progress import worker_states

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
CLUSTER_CONFIG = Config(cluster=ClusterConfig(hand_out=True, beat=0.05, stale=1.0, patience=5))


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.runs.start_run("r1", "2026-11-22", NOW)
        yield opened


def plan_units(store: Store, kind: UnitKind = UnitKind.QUESTION, count: int = 3) -> list[int]:
    store.queue.plan_units("r1", "kongfz", kind, 1, [(Ask(question=f"{kind} {n}"),) for n in range(count)])
    return [unit.id for unit in store.queue.due_units("r1", NOW) if unit.kind is kind]


def test_a_platform_has_no_more_units_done_than_it_has_slots(store: Store) -> None:
    first, second, third = plan_units(store)
    assert isinstance(store.queue.claim(first, "a", NOW, 60), Unit)
    assert isinstance(store.queue.claim(second, "b", NOW, 60), datetime), "somebody is at it"
    assert isinstance(store.queue.claim(second, "b", NOW, 60, {"kongfz": 2}), Unit)
    assert isinstance(store.queue.claim(third, "c", NOW, 60, {"kongfz": 2}), datetime)
    silent = NOW + timedelta(seconds=61)
    assert isinstance(store.queue.claim(third, "c", silent, 60), Unit), "the leases of the others are over"


def test_comparing_again_neither_waits_for_a_platform_nor_keeps_it_from_being_asked(store: Store) -> None:
    (question, *_), (rematch, other, *_) = plan_units(store), plan_units(store, UnitKind.REMATCH)
    store.queue.set_backoff(Backoff(key="platform:kongfz", not_before=NOW + timedelta(seconds=30)))
    assert isinstance(store.queue.claim(rematch, "a", NOW, 60), Unit)
    assert isinstance(store.queue.claim(other, "b", NOW, 60), Unit)
    assert store.queue.claim(question, "c", NOW, 60) == NOW + timedelta(seconds=30)
    assert isinstance(store.queue.claim(question, "c", NOW + timedelta(seconds=31), 60), Unit)


def test_only_the_next_units_of_each_platform_are_handed_out(store: Store) -> None:
    numbers = plan_units(store, count=5)
    store.queue.plan_units("r1", "ebay", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
    due_units = store.queue.due_units("r1", NOW, limit_per_platform=2)
    assert [unit.id for unit in due_units if unit.spider == "kongfz"] == numbers[:2]
    assert {unit.spider for unit in due_units} == {"kongfz", "ebay"}


def test_the_progress_of_a_run_is_counted(store: Store) -> None:
    first, second, _third = plan_units(store)
    store.queue.plan_units("r1", "ebay", UnitKind.QUESTION, 1, [(Ask(question="x"),)])
    now = datetime.now(UTC)
    claimed = store.queue.claim(first, "a:1:1", now, 300)
    assert isinstance(claimed, Unit)
    store.queue.finish_unit(claimed, {"pages": {"live": 1}}, {})
    assert isinstance(store.queue.claim(second, "a:1:1", now, 300), Unit)
    progress = store.runs.run_progress("r1", now + timedelta(minutes=5), now - timedelta(hours=1))
    assert progress.states == {"kongfz": {"done": 1, "doing": 1, "open": 1}, "ebay": {"open": 1}}
    assert (progress.units_per_minute, progress.total_units_per_minute) == ({"kongfz": 0.1}, 0.1)
    assert progress.longest_wait is not None
    assert progress.longest_wait[0] == "kongfz"
    assert 299 < progress.longest_wait[1] < 310
    assert store.runs.run_progress("r1", now + timedelta(minutes=20), now).total_units_per_minute == 0.0
    metrics = Metrics()
    metrics.set_progress(progress, worker_states(store, "r1", now, CLUSTER_CONFIG))
    metric_lines = generate_latest(metrics.registry).decode().splitlines()
    assert 'swordnet_units_in_state{platform="kongfz",state="doing"} 1.0' in metric_lines
    assert 'swordnet_units_per_minute{platform="kongfz"} 0.1' in metric_lines
    assert 'swordnet_worker_alive{worker="a:1:1"} 1.0' in metric_lines
    assert any(line.startswith('swordnet_oldest_waiting_seconds{platform="ebay"} 3') for line in metric_lines)


def test_a_unit_that_pauses_does_not_wait(store: Store) -> None:
    (unit_number,) = plan_units(store, count=1)
    now = datetime.now(UTC)
    unit = store.queue.claim(unit_number, "a", now, 300)
    assert isinstance(unit, Unit)
    store.queue.retry_or_fail(unit, {}, now + timedelta(minutes=1))
    assert store.runs.run_progress("r1", now, now).longest_wait is None
    assert store.runs.run_progress("r1", now + timedelta(minutes=2), now).longest_wait is not None


def test_the_store_tells_the_time(store: Store) -> None:
    assert abs(store.admin.current_time() - datetime.now(UTC)) < timedelta(seconds=5)


def test_an_answer_of_robots_txt_is_good_for_a_while(store: Store) -> None:
    answer = RobotsFile(root="https://a.test", text="User-agent: *", good_until=NOW + timedelta(hours=1))
    store.pages.put_robots(answer)
    store.pages.put_robots(evolve(answer, text=""))
    assert store.pages.get_robots("https://a.test", NOW) == evolve(answer, text="")
    assert store.pages.get_robots("https://a.test", NOW + timedelta(hours=2)) is None
    assert store.pages.get_robots("https://b.test", NOW) is None
    assert store.pages.delete_robots_before(NOW) == 0
    assert store.pages.delete_robots_before(NOW + timedelta(hours=2)) == 1


def test_robots_txt_is_asked_for_once_by_all_crawls_of_all_workers(store: Store) -> None:
    requested_urls: list[str] = []

    async def download(request: scrapy.Request) -> TextResponse:
        requested_urls.append(request.url)
        return TextResponse(request.url, body=b"User-agent: *\nDisallow: /private\nCrawl-delay: 7\0\n")

    async def run_worker() -> Session:
        session = Session(config=Config(), store=store)
        crawler: Any = SimpleNamespace(engine=SimpleNamespace(download_async=download))
        robots = RobotsMiddleware(crawler, "swordnet", session)
        await robots.process_request(scrapy.Request("https://a.test/open"))
        with pytest.raises(NoPageError, match="disallowed"):
            await robots.process_request(scrapy.Request("https://a.test/private/1"))
        return session

    for _ in range(2):
        session = asyncio.run(run_worker())
        assert host_throttles_of(session).for_url("https://a.test/").crawl_delay == 7.0
    assert requested_urls == ["https://a.test/robots.txt"]


def test_a_pause_that_a_host_asked_another_worker_for_is_heeded(store: Store) -> None:
    session = Session(config=Config(), store=store)
    assert host_throttles_of(session).for_url("https://a.test/").not_before == 0.0
    store.queue.set_backoff(
        Backoff(key="host:a.test", not_before=datetime.now(UTC) + timedelta(seconds=50), failures=2)
    )
    refresh_pauses(session)
    host = host_throttles_of(session).for_url("https://a.test/1")
    assert 45 < host.not_before - time.monotonic() < 51
    assert host.failures == 2


def throttle_outcome(stats: CrawlStats, store: Store) -> Outcome | None:
    throttle = ThrottleMiddleware(Session(config=Config(), store=store), 0.0, stats)
    try:
        asyncio.run(throttle.process_request(scrapy.Request("https://a.test/1")))
    except NoPageError as error:
        return error.outcome
    return None


def test_who_cannot_be_sure_of_a_unit_asks_nothing_more_for_it(store: Store) -> None:
    assert throttle_outcome(CrawlStats(claim_deadline=time.monotonic() + 5), store) is None
    assert throttle_outcome(CrawlStats(claim_deadline=time.monotonic() - 1), store) is Outcome.BLOCKED


class FlakyQueue:
    """A ledger whose database is away for a while."""

    def __init__(self, store: Store, failures_left: int) -> None:
        self._store, self.failures_left = store, failures_left
        self.heartbeats: list[bool] = []

    def heartbeat(self, unit: Unit, now: datetime, lease: int) -> bool:
        if self.failures_left:
            self.failures_left -= 1
            raise StoreError("away")
        self.heartbeats.append(self._store.queue.heartbeat(unit, now, lease))
        return self.heartbeats[-1]

    def complete(self, *arguments: Any) -> str:
        if self.failures_left:
            self.failures_left -= 1
            raise StoreError("away")
        return self._store.queue.complete(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store.queue, name)


def run_rematch(store: Store, work_queue: FlakyQueue, task: Any) -> tuple[CrawlStats, Unit]:
    """Run one rematch unit, by a worker whose ledger is `units`."""
    number = plan_units(store, UnitKind.REMATCH, 1)[0]
    unit = store.queue.claim(number, "a", datetime.now(UTC), 60)
    assert isinstance(unit, Unit)
    other: Any = SimpleNamespace(queue=work_queue)
    finished_stats: list[CrawlStats] = []
    session = Session(config=CLUSTER_CONFIG, store=other)
    worker = Worker(
        session=session,
        run_id="r1",
        spiders={"kongfz": SimpleNamespace(pace=0.0)},  # type: ignore[dict-item]
        progress=lambda _, stats: finished_stats.append(stats),
        tasks={UnitKind.REMATCH: task},
    )
    asyncio.run(worker.run_unit(None, unit, time.monotonic()))
    return finished_stats[0], unit


def test_a_unit_is_recorded_although_the_database_was_away(store: Store) -> None:
    work_queue = FlakyQueue(store, 0)

    async def task(_session: Session, _unit: Unit, _stats: CrawlStats) -> None:
        work_queue.failures_left = 2

    run_rematch(store, work_queue, task)
    assert [state for _, _, state, _ in store.queue.unit_outcomes("r1")] == ["done"]


def test_signs_of_life_go_on_after_a_failure_and_end_when_the_unit_is_another_s(store: Store) -> None:
    work_queue = FlakyQueue(store, 1)
    seconds_to_deadline: list[float] = []

    async def task(_session: Session, unit: Unit, stats: CrawlStats) -> None:
        await asyncio.sleep(0.3)
        seconds_to_deadline.append(stats.claim_deadline - time.monotonic())
        store.queue.release_silent_units([unit.id], datetime.now(UTC) + timedelta(days=1))
        await asyncio.sleep(0.3)
        seconds_to_deadline.append(stats.claim_deadline)

    run_rematch(store, work_queue, task)
    assert work_queue.heartbeats[0] is True
    assert work_queue.heartbeats[-1] is False
    assert seconds_to_deadline[0] > 0.5
    assert seconds_to_deadline[1] == 0.0
    assert [state for _, _, state, _ in store.queue.unit_outcomes("r1")] == ["open"], "what it did counts for nothing"
