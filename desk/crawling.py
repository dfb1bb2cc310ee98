"""Plans and executes a run: questions become units, a worker does them wave by wave, and the results are counted with
the health of each platform.

Also rechecks known hits on demand.
"""

from __future__ import annotations

import difflib
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from attrs import define, evolve, frozen

from crawler.archives import Archive, SkippedEntry, is_page, open_archive
from crawler.config import Config
from crawler.errors import BadInput, Interrupted, Problem
from crawler.health import MISSING_COMPLAINT, PlatformCounts, count_by_platform, counts_from_dict, find_complaint
from crawler.items import Ask, Decision, Hit, Unit, UnitKind, Work
from crawler.messages import load_messages, render_message
from crawler.page import Page
from crawler.shares import extract_links
from crawler.store import (
    CRAWL_RUN,
    REPLAY_RUN,
    HitQuery,
    Recheck,
    RecheckState,
    Run,
    Store,
    listing_id,
    recheck_ask,
    to_json,
)
from crawler.units import batches
from crawler.web.session import CrawlStats, Session
from crawler.worker_id import current_worker_id
from registry.query_planning import FormYield, name_queries, plan_queries
from spiders import Platform
from spiders.catalogue import all_platforms, enabled_drives, expand_names, is_enabled, platform_for


@frozen(kw_only=True)
class CrawlPlan:
    """The first wave of a run: asks by platform and kind of unit."""

    asks: Mapping[str, Mapping[UnitKind, Sequence[Ask]]]
    enforce_floors: bool = True  # complain of platforms with fewer listings than their floor
    check_positives: bool = False  # complain where known positives were not found


@define(kw_only=True)
class RunResult:
    """The result of a run. `complaints` maps platforms to sentences; it is empty for a healthy run. `skipped`: what of
    the archive of a replay was left out.
    """

    run: str
    started: datetime
    finished: datetime
    platforms: list[PlatformCounts]
    complaints: dict[str, str]
    skipped: tuple[SkippedEntry, ...] = ()


def require_platform(name: str, config: Config) -> type[Platform]:
    """The platform or site called `name`. Raises BadInput naming the most similar known one, or all of them."""
    spiders, language = all_platforms(config), config.language
    if name in spiders:
        return spiders[name]
    similar = difflib.get_close_matches(name, spiders, n=1, cutoff=0.4)
    key, hint = ("platform_near", similar[0]) if similar else ("platform_unknown", ", ".join(sorted(spiders)))
    raise BadInput(Problem(file="PLATFORM", message=render_message("desk.cli", key, language, name=name, hint=hint)))


def nightly_asks(
    spider: type[Platform], works: Sequence[Work], config: Config, past: Sequence[Run], seed: str
) -> list[Ask]:
    """Tonight's questions for a platform, chosen by what each form of question yielded on `past` nights."""
    counts = [counts_from_dict(spider.name, run.counts[spider.name]) for run in past if spider.name in run.counts]
    asked, hits = (sum((getattr(entry, name) for entry in counts), Counter[str]()) for name in ("asked_by", "hits_by"))
    yields = {form: FormYield(number, hits[form]) for form, number in asked.items()}
    limit = config.platform(spider.name).questions
    chosen = plan_queries(works, spider.kind, limit, yields, f"{seed} {spider.name}", config.night.explore)
    return [Ask(question=entry.query, form=entry.form) for entry in chosen]


def registry_asks(spider: type[Platform], works: Sequence[Work], config: Config) -> list[Ask]:
    """The names of the works as questions for a platform."""
    limit = config.platform(spider.name).questions
    return [Ask(question=text) for text in name_queries(works, spider.kind, limit)]


def walk_asks(name: str, config: Config) -> dict[UnitKind, list[Ask]]:
    """The walk through a site, if `name` is one and its settings have it walked."""
    site = config.sites.get(name)
    is_walked = site is not None and (site.browse > 0 or not site.searched)
    return {UnitKind.WALK: [Ask(url=site.address)]} if site is not None and is_walked else {}


def has_search(spider: type[Platform], config: Config) -> bool:
    """Whether a platform can be searched: it has a search, configured if it needs that."""
    settings = config.platform(spider.name)
    is_configured = not spider.search_configured or bool(settings.templates)
    return spider.search is not Platform.search and is_configured


def plan_night(
    works: Sequence[Work],
    config: Config,
    only: Sequence[str] = (),
    archive: Archive | None = None,
    past: Sequence[Run] = (),
    seed: str = "",
) -> CrawlPlan:
    """The questions of the registry for every enabled platform (or those of `only`) that has a search.

    A replay asks only platforms of which the archive holds something: the absence of the others means nothing. It asks
    for names alone, as there is nothing to explore. `past` are the nights to learn from, `seed` identifies this one.
    """
    archived_platforms = None if archive is None else {platform_for(answer.url, config).name for answer in archive}
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    wanted_names = expand_names(only, config)
    for name, spider in sorted(all_platforms(config).items()):
        is_wanted = (
            name in wanted_names
            if only
            else is_enabled(spider, config) and (archived_platforms is None or name in archived_platforms)
        )
        if not is_wanted or not has_search(spider, config):
            continue
        live = archive is None
        platform_asks = (
            nightly_asks(spider, works, config, past, seed) if live else registry_asks(spider, works, config)
        )
        if platform_asks:
            asks[name] = {UnitKind.QUESTION: platform_asks, **walk_asks(name, config)}
    return CrawlPlan(asks=asks)


def plan_demo(works: Sequence[Work], config: Config, archive_path: Path) -> CrawlPlan:
    """The plan of a night over an archive, plus every recorded page of a shop that no other platform claims."""
    archive = open_archive(archive_path)
    plan = plan_night(works, config, archive=archive)
    shop = plan_captured(archive, ["shop"], config).asks
    return CrawlPlan(asks={**plan.asks, **shop})


def plan_shares(texts: Sequence[str]) -> CrawlPlan:
    """A plan that checks the shares named in addresses or texts on their drives, each with the access code beside it.

    Raises BadInput for a text without a share of an enabled drive, or without any texts.
    """
    drives = enabled_drives(Config(), replayed=True)
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    for text in texts:
        links = [link for link in extract_links(text) if link.platform in drives]
        if not links:
            raise BadInput(Problem(file="--url", message=f"no share of a drive that can be asked: {text!r}"))
        for link in links:
            kinds = asks.setdefault(drives[link.platform], {UnitKind.DETAILS: []})
            kinds[UnitKind.DETAILS].append(Ask(url=link.url, code=link.code))
    if not asks:
        raise BadInput(Problem(file="--url", message="crawl share needs --url"))
    return CrawlPlan(asks=asks, enforce_floors=False)


def plan_captured(archive: Archive, only: Sequence[str], config: Config | None = None) -> CrawlPlan:
    """A plan that reads every recorded page with the platform that claims its address; pictures, scripts, styles and
    robots.txt are not pages.
    """
    asks: dict[str, dict[Ask, None]] = {}
    for answer in archive:
        if not is_page(answer):
            continue
        name = platform_for(answer.url, config).name
        if not only or name in only:
            asks.setdefault(name, {})[Ask(url=answer.url)] = None
    return CrawlPlan(
        asks={name: {UnitKind.DETAILS: list(platform_asks)} for name, platform_asks in asks.items()},
        enforce_floors=False,
    )


def crawl(
    config: Config,
    plan: CrawlPlan,
    *,
    now: Callable[[], datetime],
    replay: Path | Archive | None = None,
    captured: bool = False,
    limit: int | None = None,
    follow: bool = True,
    progress: Callable[[Unit, CrawlStats], None] = lambda *_: None,
    keep: Callable[[Page, str, bytes], None] | None = None,
    watch_workers: Callable[[str], None] | None = None,
    on_tick: Callable[[str, Collection[CrawlStats]], None] = lambda *_: None,
) -> RunResult:
    """Run a plan to its end. Only once per process: the reactor cannot be started twice.

    With `watch_workers` a replay is done by workers on the same archive, not in this process; it is called with the run
    id periodically.
    """
    from crawler import worker

    require_contact(config, replay)
    archive = open_archive(replay) if isinstance(replay, Path) else replay
    spiders = all_platforms(config)
    with Store.open(config.store.url) as store:
        started = now()
        run = f"{started.astimezone(config.zone):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
        kind = CRAWL_RUN if watch_workers is None else REPLAY_RUN
        store.runs.start_run(run, f"{started.astimezone(config.zone):%Y-%m-%d}", started, kind)
        for name, kinds in plan.asks.items():
            for kind, asks in kinds.items():
                store.queue.plan_units(run, name, kind, 1, batches(asks, config.crawl.unit_size))
        session = Session(
            config=config,
            store=store,
            now=now,
            archive=archive,
            captured=captured,
            listing_limit=limit,
            plans_follow_ups=follow,
            on_answer=keep,
        )
        if watch_workers is None:
            worker.run_units(session, run, spiders, progress, on_tick=on_tick)
        else:
            from crawler.cluster import supervise_run

            supervise_run(session, run, watch_workers)
        result = finish_run(store, run, plan, config, started, now, is_replay=archive is not None)
        return evolve(result, skipped=archive.skipped) if archive is not None else result


def finish_run(
    store: Store,
    run: str,
    plan: CrawlPlan,
    config: Config,
    started: datetime,
    now: Callable[[], datetime],
    past: Sequence[Run] = (),
    is_replay: bool = False,
) -> RunResult:
    """Count the results of a run, collect its complaints, and close it. Raises Interrupted if units are still open.

    The advice on a replay speaks of its archive: no delay, proxy or next night changes what that holds.
    """
    if open_units := store.queue.count_open_units(run):
        store.queue.release([current_worker_id()])
        raise Interrupted(render_message("desk.cli", "interrupted", config.language, units=open_units))
    counts = count_by_platform(store.queue.unit_outcomes(run))
    _count_hits(store, run, counts, started)
    complaints = _collect_complaints(counts, plan, past, config, is_replay)
    for positive in store.rechecks.missing_positives(run) if plan.check_positives else ():
        if positive.platform in plan.asks:
            sentence = render_message(
                "desk.cli", "health_positive", config.language, platform=positive.platform, url=positive.url
            )
            complaints[positive.platform] = "\n".join(filter(None, (complaints.get(positive.platform), sentence)))
    finished = now()
    totals = {
        platform_counts.platform: platform_counts.to_dict()
        | {"complaint": complaints.get(platform_counts.platform, "")}
        for platform_counts in counts
    }
    store.runs.finish_run(run, "unhealthy" if complaints else "done", totals, finished)
    return RunResult(run=run, started=started, finished=finished, platforms=counts, complaints=complaints)


def _count_hits(store: Store, run: str, counts: Sequence[PlatformCounts], started: datetime) -> None:
    run_hits = list(store.hits.find_hits(HitQuery(run=run, decisions=(Decision.HIT,))))
    hits = Counter(hit.listing.platform for hit in run_hits)
    new = Counter(hit.listing.platform for hit in run_hits if hit.first_seen >= started)
    checks = Counter((platform, check.state) for platform, check in store.rechecks.rechecks_of_run(run))
    for platform_counts in counts:
        platform_counts.hits, platform_counts.new = hits[platform_counts.platform], new[platform_counts.platform]
        platform_counts.gone = checks[platform_counts.platform, RecheckState.GONE]
        platform_counts.changed = checks[platform_counts.platform, RecheckState.CHANGED]
        platform_counts.returned = checks[platform_counts.platform, RecheckState.RETURNED]
        platform_counts.rechecked = sum(
            number for (name, _), number in checks.items() if name == platform_counts.platform
        )


def require_contact(config: Config, replay: Path | Archive | None) -> None:
    """Raise BadInput if the live web would be crawled without a contact address."""
    if replay is None and not config.crawl.contact and not config.crawl.loopback:
        message = render_message("desk.cli", "contact_needed", config.language)
        raise BadInput(Problem(file="swordnet.toml", field="crawl.contact", message=message))


def _collect_complaints(
    counts: Sequence[PlatformCounts], plan: CrawlPlan, past: Sequence[Run], config: Config, is_replay: bool
) -> dict[str, str]:
    complaints, spiders, language = {}, all_platforms(config), config.language
    for platform_counts in counts:
        asked_questions = UnitKind.QUESTION in plan.asks.get(platform_counts.platform, {})
        spider = spiders.get(platform_counts.platform)  # None: a site that the configuration had when this run began
        floor = spider.min_listings if spider is not None and plan.enforce_floors and asked_questions else 0
        past_counts = [
            counts_from_dict(platform_counts.platform, run.counts[platform_counts.platform])
            for run in past
            if _was_healthy(run, platform_counts)
        ]
        finding = find_complaint(platform_counts, floor, past_counts)
        if finding is None or (finding[0] == MISSING_COMPLAINT and platform_counts.platform not in plan.asks):
            continue  # what an archive lacks of the shares that listings led to says nothing about their drive
        key, values = finding
        complaint = render_message("desk.cli", key, language, **values)
        advice = render_message("desk.cli", _advice_key(key, is_replay), language)
        complaints[platform_counts.platform] = f"{complaint}{'。' if language == 'zh' else '. '}{advice}"
    return complaints


def _advice_key(complaint_key: str, is_replay: bool) -> str:
    """The message that says what to do about a complaint; a replay has its own where an archive is the remedy."""
    topic = complaint_key.removeprefix("health_")
    key = f"advice_replay_{topic}"
    return key if is_replay and key in load_messages("desk.cli") else f"advice_{topic}"


def _was_healthy(run: Run, counts: PlatformCounts) -> bool:
    run_counts = run.counts.get(counts.platform)
    return run_counts is not None and not run_counts.get("complaint")


def recheck_hits(
    config: Config, hits: Sequence[Hit], now: Callable[[], datetime], replay: Path | None = None
) -> list[tuple[Hit, Recheck | None]]:
    """Recheck the listings of hits now; each hit with its recheck, if there was one. Only once per process, like every
    crawl.
    """
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    spiders = all_platforms(config)
    for hit in hits:
        name = hit.listing.platform  # of a site that the configuration has no more: whose address it is now
        name = name if name in spiders else platform_for(hit.listing.url, config).name
        kinds = asks.setdefault(name, {UnitKind.RECHECK: []})
        kinds[UnitKind.RECHECK].append(recheck_ask(to_json(hit.listing)))
    result = crawl(config, CrawlPlan(asks=asks, enforce_floors=False), now=now, replay=replay, follow=False)
    with Store.open(config.store.url) as store:
        checks = {check.listing: check for _, check in store.rechecks.rechecks_of_run(result.run)}
    return [(hit, checks.get(listing_id(hit.listing.url))) for hit in hits]
