"""Runs a night: one run per date, planned once, resumed after a crash, finished with a report.

New releases and works of high priority are searched for first, known hits are rechecked when due, and stored listings
are rematched after the registry changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path
from time import sleep as wait

from attrs import evolve

from crawler.archives import open_archive
from crawler.config import Config
from crawler.errors import NothingToDo, StoreError
from crawler.items import Ask, Unit, UnitKind, UnitState, Work
from crawler.messages import render_message
from crawler.store import NIGHT_RUN, Run, Store
from crawler.units import batches
from crawler.web.session import CrawlStats, Session
from desk.crawling import CrawlPlan, RunResult, finish_run, plan_night, require_contact
from desk.nightly.settle import settle_run
from desk.rematch_units import rematch_unit
from spiders.catalogue import all_platforms, expand_names, is_enabled

COMPARED_NIGHTS = 7  # nights that a night is compared with
LEARNING_NIGHTS = 30  # nights from which a platform's forms of questions are learned
MAX_RESUME_AGE = timedelta(hours=24)  # an older unfinished night is not resumed
NEW_RELEASE_PRIORITY = 100  # added to the priority of a work that has just been released
MAX_RETRIES, RETRY_PAUSE_SECONDS = 5, 5  # when the database fails during a night on many machines
MATCHED_REGISTRY_KEY = "registry_matched"  # name of the stored version of the registry last compared with all listings

ProgressCallback = Callable[[Unit, CrawlStats], None]
TickCallback = Callable[[str, Collection[CrawlStats]], None]


def run_night(
    config: Config,
    *,
    now: Callable[[], datetime],
    only: Sequence[str] = (),
    rerun: bool = False,
    replay: Path | None = None,
    progress: ProgressCallback = lambda *_: None,
    on_tick: TickCallback = lambda *_: None,
    show_message: Callable[..., None] = lambda *_, **__: None,
) -> RunResult:
    """Run tonight's night to its end. Raises Busy, NothingToDo if it has run already, Interrupted if it was stopped.

    `on_tick` is called periodically with the run id and the stats of the units that this process is doing. Where
    workers do them, the night survives a restart of the database: it is started again and resumes.
    """
    require_contact(config, replay)
    started_runs: list[str] = []

    def attempt() -> RunResult:
        return _run_once(
            config, now, only, rerun and not started_runs, replay, progress, on_tick, show_message, started_runs
        )

    for _ in range(MAX_RETRIES if config.cluster.hand_out and replay is None else 0):
        try:
            return attempt()
        except StoreError as error:
            show_message("night_tries_again", why=error, seconds=RETRY_PAUSE_SECONDS)
            wait(RETRY_PAUSE_SECONDS)
    return attempt()


def _run_once(
    config: Config,
    now: Callable[[], datetime],
    only: Sequence[str],
    rerun: bool,
    replay: Path | None,
    progress: ProgressCallback,
    on_tick: TickCallback,
    show_message: Callable[..., None],
    started_runs: list[str],
) -> RunResult:
    from crawler import worker

    with Store.open(config.store.url) as store, store.admin.night_lock():
        works = prioritise_releases(list(store.works.all_works()), now(), config)
        archive = open_archive(replay) if replay else None
        recent_runs, seed = (
            store.runs.latest_runs(LEARNING_NIGHTS, NIGHT_RUN),
            f"{now().astimezone(config.zone):%Y-%m-%d}",
        )
        plan = evolve(plan_night(works, config, only, archive, recent_runs, seed), check_positives=True)
        run = _open_run(store, plan, config, now(), rerun, only, show_message)
        started_runs.append(run.id)
        registry_version = (
            f"{store.works.registry_digest()} {version('swordnet')} {len(store.reviews.all_calibrations())}"
        )
        past_nights = [
            entry
            for entry in store.runs.latest_runs(COMPARED_NIGHTS + 1, NIGHT_RUN)
            if entry.id != run.id and entry.finished
        ]
        _plan_first_wave(store, run, plan, config, past_nights, registry_version, now(), only)
        session = Session(
            config=config,
            store=store,
            now=now,
            archive=archive,
            incremental=archive is None,
            started_at=run.started,
            stop_at=_window_end(config, run.started),
        )
        if config.cluster.hand_out and archive is None:
            from crawler.cluster import supervise_run

            supervise_run(session, run.id, lambda run_id: on_tick(run_id, ()))
        else:
            spiders = all_platforms(config)
            worker.run_units(session, run.id, spiders, progress, {UnitKind.REMATCH: rematch_unit}, on_tick)
        if session.stop_at is not None and now() >= session.stop_at:
            store.queue.skip_units(run.id)
        if not store.queue.count_open_units(run.id):
            settlement = settle_run(store, run.id, config, now())
            for entry in settlement.quarantined_works:
                show_message("work_held", work=entry, why=store.works.quarantined_works()[entry])
        result = finish_run(store, run.id, plan, config, run.started, now, past_nights, replay is not None)
        rematch_states = [state for _, kind, state, _ in store.queue.unit_outcomes(run.id) if kind is UnitKind.REMATCH]
        if all(state is UnitState.DONE for state in rematch_states):
            store.runs.put_named_value(MATCHED_REGISTRY_KEY, registry_version)
        return evolve(result, skipped=archive.skipped) if archive is not None else result


def prioritise_releases(works: Sequence[Work], now: datetime, config: Config) -> list[Work]:
    """The works, with a higher priority for recent releases; for a campaign set a work's own priority."""
    since = now.date() - timedelta(days=config.night.new_days)
    new_releases = {work.id for work in works if work.released_on is not None and since <= work.released_on}
    return [
        evolve(work, priority=work.priority + NEW_RELEASE_PRIORITY) if work.id in new_releases else work
        for work in works
    ]


def platform_priority(platform: str, past: Sequence[Run], config: Config) -> int:
    """The priority of a platform's units: as configured, then by hits per hundred pages on `past` nights."""
    platform_counts = [run.counts[platform] for run in past if platform in run.counts]
    pages = sum(sum(counts.get("pages", {}).values()) for counts in platform_counts)
    hits = sum(counts.get("hits", 0) for counts in platform_counts)
    hits_per_hundred = min(100, round(100 * hits / pages)) if pages else 0
    return 1_000_000 * config.platform(platform).priority + 10_000 * hits_per_hundred


def _open_run(
    store: Store,
    plan: CrawlPlan,
    config: Config,
    now: datetime,
    rerun: bool,
    only: Sequence[str],
    show_message: Callable[..., None],
) -> Run:
    """Tonight's run: an unfinished one to resume, a finished one with new platforms to add, or a new one.

    Raises NothingToDo if tonight's run is complete or there is nothing to plan.
    """
    date = f"{now.astimezone(config.zone):%Y-%m-%d}"
    unfinished = [
        run
        for run in store.runs.latest_runs(5, NIGHT_RUN)
        if run.finished is None and now - run.started < MAX_RESUME_AGE
    ]
    if unfinished and not rerun:
        show_message("night_goes_on", night=unfinished[0].night, units=store.queue.count_open_units(unfinished[0].id))
        return unfinished[0]
    tonight = store.runs.latest_runs(1, NIGHT_RUN, date)
    if tonight and tonight[0].finished is not None and not rerun:
        if set(plan.asks) <= set(tonight[0].planned):
            raise NothingToDo(render_message("desk.cli", "night_over", config.language, night=date))
        store.runs.reopen_run(tonight[0].id)
        return tonight[0]
    if not plan.asks and not store.rechecks.due_asks(now):
        raise NothingToDo(render_message("desk.cli", "works_none", config.language))
    run = f"{now.astimezone(config.zone):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
    store.runs.start_run(run, date, now, NIGHT_RUN)
    return Run(id=run, night=date, started=now, kind=NIGHT_RUN)


def _plan_first_wave(
    store: Store,
    run: Run,
    plan: CrawlPlan,
    config: Config,
    past: Sequence[Run],
    registry_version: str,
    now: datetime,
    only: Sequence[str],
) -> None:
    """Plan the first wave of each platform, once: questions, due rechecks, and a rematch if the registry changed."""
    store.rechecks.schedule_new_hits(now)
    asks: dict[str, dict[UnitKind, Sequence[Ask]]] = {name: dict(kinds) for name, kinds in plan.asks.items()}
    for name, due in store.rechecks.due_asks(now).items():
        if _is_selected(name, config, only):
            asks.setdefault(name, {})[UnitKind.RECHECK] = due
    if store.runs.get_named_value(MATCHED_REGISTRY_KEY) != registry_version:
        for name, id_prefixes in store.listings.portion_asks().items():
            if name in all_platforms(config):
                asks.setdefault(name, {})[UnitKind.REMATCH] = id_prefixes
    for name, kinds in asks.items():
        store.queue.plan_platform(
            run.id, name, _split_units(name, kinds, config), platform_priority(name, past, config)
        )


def _split_units(
    name: str, kinds: Mapping[UnitKind, Sequence[Ask]], config: Config
) -> dict[tuple[str, UnitKind], list[tuple[Ask, ...]]]:
    unit_sizes = {UnitKind.REMATCH: 1}
    return {
        (name, kind): list(batches(asks, unit_sizes.get(kind, config.crawl.unit_size))) for kind, asks in kinds.items()
    }


def _is_selected(name: str, config: Config, only: Sequence[str]) -> bool:
    spider = all_platforms(config).get(name)
    return spider is not None and (name in expand_names(only, config) if only else is_enabled(spider, config))


def _window_end(config: Config, started: datetime) -> datetime | None:
    if not config.night.until:
        return None
    local = started.astimezone(config.zone)
    end = datetime.combine(local.date(), time.fromisoformat(config.night.until), config.zone)
    return end if end > local else end + timedelta(days=1)
