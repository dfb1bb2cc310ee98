"""A night: one run a date, planned once, gone on with after a crash, ended by a report.

Questions come from the registry (new releases and works of high priority first), platforms that pay come first, known
hits are checked again when they are due, and what is stored is compared anew where the registry has changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path
from time import sleep as wait

from attrs import evolve

from crawler.archives import open_archive
from crawler.config import Config
from crawler.errors import NothingToDo, StoreError
from crawler.items import Ask, Unit, UnitKind, Work
from crawler.messages import say
from crawler.store import Run, Store
from crawler.store.lock import night_lock
from crawler.store.runs import NIGHT
from crawler.units import portions
from crawler.web.session import Session, Tally
from desk.crawling import Plan, Ran, ended, may_go_live, night_plan
from desk.settling import settle
from pipelines._rematching import rematch
from spiders._claims import is_on, spiders_by_name

PAST = 7  # nights that a night is compared with
LEARNT = 30  # nights from which a platform's forms of questions are learned
GOES_ON = timedelta(hours=24)  # an unfinished night that is older is left as it is
NEW_RELEASE = 100  # added to the priority of a work that has just been released
TRIES, PAUSE = 5, 5  # how often a night of many machines is begun once more after the database failed; seconds before
MATCHED = "registry_matched"  # the mark: which registry stored listings were last compared with

Progress = Callable[[Unit, Tally], None]


def night(
    config: Config,
    *,
    now: Callable[[], datetime],
    only: Sequence[str] = (),
    again: bool = False,
    replay: Path | None = None,
    progress: Progress = lambda *_: None,
    look: Callable[[str], None] = lambda _: None,
    tell: Callable[..., None] = lambda *_, **__: None,
) -> Ran:
    """Run tonight's night to its end. Raises Busy, NothingToDo where it has run, Interrupted where it was stopped.

    `look` is called with the run now and then while others work. Where they do, a database that restarts ends nothing:
    the night is begun once more, and goes on where it was.
    """
    may_go_live(config, replay)
    begun: list[str] = []

    def attempt() -> Ran:
        return _night(config, now, only, again and not begun, replay, progress, look, tell, begun)

    for _ in range(TRIES if config.cluster.hand_out and replay is None else 0):
        try:
            return attempt()
        except StoreError as error:
            tell("night_tries_again", why=error, seconds=PAUSE)
            wait(PAUSE)
    return attempt()


def _night(
    config: Config,
    now: Callable[[], datetime],
    only: Sequence[str],
    again: bool,
    replay: Path | None,
    progress: Progress,
    look: Callable[[str], None],
    tell: Callable[..., None],
    begun: list[str],
) -> Ran:
    from crawler import work

    with Store.open(config.store.url) as store, night_lock(store.engine):
        works = urgent_first(list(store.works.all()), now(), config)
        archive = open_archive(replay) if replay else None
        lately, seed = store.runs.latest(LEARNT, NIGHT), f"{now().astimezone(config.zone):%Y-%m-%d}"
        plan = evolve(night_plan(works, config, only, archive, lately, seed), positives=True)
        run = _opened(store, plan, config, now(), again, only, tell)
        begun.append(run.id)
        registry = f"{store.works.version()} {version('swordnet')} {len(store.trust.calibrations())}"
        past = [each for each in store.runs.latest(PAST + 1, NIGHT) if each.id != run.id and each.finished]
        _plan(store, run, plan, config, past, registry, now(), only)
        session = Session(
            config=config,
            store=store,
            now=now,
            archive=archive,
            incremental=archive is None,
            begun=run.started,
            until=_end_of_window(config, run.started),
        )
        if config.cluster.hand_out and archive is None:
            from crawler.cluster import oversee

            oversee(session, run.id, look)
        else:
            work.run(session, run.id, spiders_by_name(), progress, {UnitKind.REMATCH: rematch})
        if session.until is not None and now() >= session.until:
            store.units.skip(run.id)
        if not store.units.unfinished(run.id):
            settled = settle(store, run.id, config, now())
            for each in settled.held:
                tell("work_held", work=each, why=store.trust.quarantined()[each])
        ran = ended(store, run.id, plan, config, run.started, now, past)
        rematches = [state for _, kind, state, _ in store.units.outcomes(run.id) if kind == UnitKind.REMATCH.value]
        if all(state == "done" for state in rematches):
            store.marks.put(MATCHED, registry)
        return ran


def urgent_first(works: Sequence[Work], now: datetime, config: Config) -> list[Work]:
    """The works, those just released with a higher priority; a campaign is a work's own priority."""
    since = now.date() - timedelta(days=config.night.new_days)
    new = {work.id for work in works if work.released_on is not None and since <= work.released_on}
    return [evolve(work, priority=work.priority + NEW_RELEASE) if work.id in new else work for work in works]


def worth(platform: str, past: Sequence[Run], config: Config) -> int:
    """The priority of a platform's units: as configured, then by how many of a hundred pages led to a hit lately."""
    told = [run.counts[platform] for run in past if platform in run.counts]
    pages = sum(sum(each.get("pages", {}).values()) for each in told)
    hits = sum(each.get("hits", 0) for each in told)
    paid = min(100, round(100 * hits / pages)) if pages else 0
    return 1_000_000 * config.platform(platform).priority + 10_000 * paid


def _opened(
    store: Store, plan: Plan, config: Config, now: datetime, again: bool, only: Sequence[str], tell: Callable[..., None]
) -> Run:
    """Tonight's run: a new one, or one that goes on."""
    date = f"{now.astimezone(config.zone):%Y-%m-%d}"
    unfinished = [run for run in store.runs.latest(5, NIGHT) if run.finished is None and now - run.started < GOES_ON]
    if unfinished and not again:
        tell("night_goes_on", night=unfinished[0].night, units=store.units.unfinished(unfinished[0].id))
        return unfinished[0]
    tonight = store.runs.latest(1, NIGHT, date)
    if tonight and tonight[0].finished is not None and not again:
        if set(plan.asks) <= set(tonight[0].planned):
            raise NothingToDo(say("desk.cli", "night_over", config.language, night=date))
        store.runs.reopen(tonight[0].id)
        return tonight[0]
    if not plan.asks and not store.checks.due(now):
        raise NothingToDo(say("desk.cli", "works_none", config.language))
    run = f"{now.astimezone(config.zone):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
    store.runs.start(run, date, now, NIGHT)
    return Run(id=run, night=date, started=now, kind=NIGHT)


def _plan(
    store: Store,
    run: Run,
    plan: Plan,
    config: Config,
    past: Sequence[Run],
    registry: str,
    now: datetime,
    only: Sequence[str],
) -> None:
    """Plan the first wave of each platform, once."""
    store.checks.watch_new(now)
    asked: dict[str, dict[UnitKind, Sequence[Ask]]] = {name: dict(kinds) for name, kinds in plan.asks.items()}
    for name, due in store.checks.due(now).items():
        if _is_asked(name, config, only):
            asked.setdefault(name, {})[UnitKind.RECHECK] = due
    if store.marks.get(MATCHED) != registry:
        for name, beginnings in store.listings.portions().items():
            if name in spiders_by_name():
                asked.setdefault(name, {})[UnitKind.REMATCH] = beginnings
    for name, kinds in asked.items():
        store.units.plan_platform(run.id, name, _batches(name, kinds, config), worth(name, past, config))


def _batches(
    name: str, kinds: Mapping[UnitKind, Sequence[Ask]], config: Config
) -> dict[tuple[str, UnitKind], list[tuple[Ask, ...]]]:
    size = {UnitKind.REMATCH: 1}
    return {(name, kind): list(portions(asks, size.get(kind, config.crawl.unit_size))) for kind, asks in kinds.items()}


def _is_asked(name: str, config: Config, only: Sequence[str]) -> bool:
    spider = spiders_by_name().get(name)
    return spider is not None and (name in only if only else is_on(spider, config))


def _end_of_window(config: Config, started: datetime) -> datetime | None:
    if not config.night.until:
        return None
    local = started.astimezone(config.zone)
    end = datetime.combine(local.date(), time.fromisoformat(config.night.until), config.zone)
    return end if end > local else end + timedelta(days=1)
