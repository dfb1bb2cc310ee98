"""A run from questions to counts: plan its units, let a worker do them wave by wave, say how each platform did."""

from __future__ import annotations

import difflib
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, frozen

from crawler.archives import Archive, open_archive
from crawler.config import Config
from crawler.errors import BadInput, Interrupted, Problem
from crawler.health import PlatformCounts, complaint, counted, made_counts
from crawler.holders import holder
from crawler.items import Ask, Decision, Unit, UnitKind, Work
from crawler.messages import say
from crawler.page import Page
from crawler.shares import extract
from crawler.store import CheckState, Filter, Run, Store
from crawler.store.runs import CRAWL, REPLAY
from crawler.units import portions
from crawler.web.session import Session, Tally
from registry.asking import Yield, asked_tonight
from registry.questions import questions
from spiders import PlatformSpider
from spiders._claims import claim, drives_on, is_on, spiders_by_name

PAGE_TYPES = ("text/html", "application/xhtml", "application/json", "text/json", "text/plain")


@frozen(kw_only=True)
class Plan:
    """What a run asks first: for each platform, its units' kind and asks."""

    asks: Mapping[str, Mapping[UnitKind, Sequence[Ask]]]
    floors: bool = True  # hold platforms to their floor of listings
    positives: bool = False  # known positives must be found


@define(kw_only=True)
class Ran:
    """What a run did. `complaints` are sentences; an empty list is a healthy run."""

    run: str
    started: datetime
    finished: datetime
    platforms: list[PlatformCounts]
    complaints: dict[str, str]


def platform(name: str, language: str = "en") -> type[PlatformSpider]:
    """The spider of a name. Raises BadInput naming the nearest known one."""
    spiders = spiders_by_name()
    if name in spiders:
        return spiders[name]
    near = difflib.get_close_matches(name, spiders, n=1, cutoff=0.4)
    key, hint = ("platform_near", near[0]) if near else ("platform_unknown", ", ".join(sorted(spiders)))
    raise BadInput(Problem(file="PLATFORM", message=say("desk.cli", key, language, name=name, hint=hint)))


def asks_of_night(
    spider: type[PlatformSpider], works: Sequence[Work], config: Config, past: Sequence[Run], seed: str
) -> list[Ask]:
    """Tonight's questions for a platform, by what its forms of questions brought on past nights."""
    counts = [made_counts(spider.name, run.counts[spider.name]) for run in past if spider.name in run.counts]
    asked, hits = (sum((getattr(each, name) for each in counts), Counter[str]()) for name in ("asked_by", "hits_by"))
    yields = {form: Yield(number, hits[form]) for form, number in asked.items()}
    limit = config.platform(spider.name).questions
    drawn = asked_tonight(works, spider.kind, limit, yields, f"{seed} {spider.name}", config.night.explore)
    return [Ask(question=each.question, form=each.form) for each in drawn]


def asks_of_registry(spider: type[PlatformSpider], works: Sequence[Work], config: Config) -> list[Ask]:
    """The questions that the registry has for a platform."""
    limit = config.platform(spider.name).questions
    return [Ask(question=text) for text in questions(works, spider.kind, limit)]


def searches(spider: type[PlatformSpider], config: Config) -> bool:
    """Whether a platform can be asked a question at all."""
    said = config.platform(spider.name)
    told = not spider.searched_as_told or bool(said.templates or said.sites)
    return spider.search is not PlatformSpider.search and told


def night_plan(
    works: Sequence[Work],
    config: Config,
    only: Sequence[str] = (),
    archive: Archive | None = None,
    past: Sequence[Run] = (),
    seed: str = "",
) -> Plan:
    """The questions of the registry for every enabled platform that has a search (or those of `only`).

    A replay asks only platforms of which the archive holds something: it was not there that the others were quiet. It
    asks names alone, as there is nothing to explore. `past` are the nights to learn from, `seed` names this one.
    """
    held = None if archive is None else {claim(answer.url).name for answer in archive}
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    for name, spider in sorted(spiders_by_name().items()):
        wanted = name in only if only else is_on(spider, config) and (held is None or name in held)
        if not wanted or not searches(spider, config):
            continue
        live = archive is None
        found = asks_of_night(spider, works, config, past, seed) if live else asks_of_registry(spider, works, config)
        if found:
            asks[name] = {UnitKind.QUESTION: found}
    return Plan(asks=asks)


def demo_plan(works: Sequence[Work], config: Config, night: Path) -> Plan:
    """A night, and every recorded page of a shop that no other spider claims."""
    archive = open_archive(night)
    plan = night_plan(works, config, archive=archive)
    shop = captured_plan(archive, ["shop"]).asks
    return Plan(asks={**plan.asks, **shop})


def shares_plan(texts: Sequence[str]) -> Plan:
    """The shares named in addresses or texts, each asked of its drive, with the code that stands beside it."""
    drives = drives_on(Config(), replayed=True)
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    for text in texts:
        links = [link for link in extract(text) if link.platform in drives]
        if not links:
            raise BadInput(Problem(file="--url", message=f"no share of a drive that can be asked: {text!r}"))
        for link in links:
            kinds = asks.setdefault(drives[link.platform], {UnitKind.DETAILS: []})
            kinds[UnitKind.DETAILS].append(Ask(url=link.url, code=link.code))
    if not asks:
        raise BadInput(Problem(file="--url", message="crawl share needs --url"))
    return Plan(asks=asks, floors=False)


def captured_plan(archive: Archive, only: Sequence[str]) -> Plan:
    """Every recorded page goes to the spider that claims its address; pictures, scripts and styles are no pages."""
    asks: dict[str, dict[Ask, None]] = {}
    for answer in archive:
        if not answer.content_type.startswith(PAGE_TYPES) or urlsplit(answer.url).path == "/robots.txt":
            continue
        name = claim(answer.url).name
        if not only or name in only:
            asks.setdefault(name, {})[Ask(url=answer.url)] = None
    return Plan(asks={name: {UnitKind.DETAILS: list(each)} for name, each in asks.items()}, floors=False)


def crawl(
    config: Config,
    plan: Plan,
    *,
    now: Callable[[], datetime],
    replay: Path | None = None,
    captured: bool = False,
    limit: int | None = None,
    follow: bool = True,
    progress: Callable[[Unit, Tally], None] = lambda *_: None,
    keep: Callable[[Page, str, bytes], None] | None = None,
    apart: Callable[[str], None] | None = None,
) -> Ran:
    """Run a plan to its end. Only once a process: the reactor cannot be started twice.

    With `apart` a replay is done by workers of the same archive, not here; it is called with the run now and then.
    """
    from crawler import work

    may_go_live(config, replay)
    archive = open_archive(replay) if replay else None
    spiders = spiders_by_name()
    with Store.open(config.store.url) as store:
        started = now()
        run = f"{started.astimezone(config.zone):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
        kind = CRAWL if apart is None else REPLAY
        store.runs.start(run, f"{started.astimezone(config.zone):%Y-%m-%d}", started, kind)
        for name, kinds in plan.asks.items():
            for kind, asks in kinds.items():
                store.units.plan(run, name, kind, 1, portions(asks, config.crawl.unit_size))
        session = Session(
            config=config,
            store=store,
            now=now,
            archive=archive,
            captured=captured,
            limit=limit,
            follow=follow,
            keep=keep,
        )
        if apart is None:
            work.run(session, run, spiders, progress)
        else:
            from crawler.cluster import oversee

            oversee(session, run, apart)
        return ended(store, run, plan, config, started, now)


def ended(
    store: Store,
    run: str,
    plan: Plan,
    config: Config,
    started: datetime,
    now: Callable[[], datetime],
    past: Sequence[Run] = (),
) -> Ran:
    """Count what a run did, say what is wrong with it, and close it. Raises Interrupted where it was stopped."""
    if open_units := store.units.unfinished(run):
        store.units.release([holder()])
        raise Interrupted(say("desk.cli", "interrupted", config.language, units=open_units))
    counts = counted(store.units.outcomes(run))
    _count_hits(store, run, counts, started)
    complaints = _complaints(counts, plan, past, config.language)
    for known in store.positives.missing(run) if plan.positives else ():
        if known.platform in plan.asks:
            told = say("desk.cli", "health_positive", config.language, platform=known.platform, url=known.url)
            complaints[known.platform] = "\n".join(filter(None, (complaints.get(known.platform), told)))
    finished = now()
    totals = {each.platform: each.plain() | {"complaint": complaints.get(each.platform, "")} for each in counts}
    store.runs.finish(run, "unhealthy" if complaints else "done", totals, finished)
    return Ran(run=run, started=started, finished=finished, platforms=counts, complaints=complaints)


def _count_hits(store: Store, run: str, counts: Sequence[PlatformCounts], started: datetime) -> None:
    found = list(store.hits.find(Filter(run=run, decisions=(Decision.HIT,))))
    hits = Counter(hit.listing.platform for hit in found)
    new = Counter(hit.listing.platform for hit in found if hit.first_seen >= started)
    checks = Counter((platform, check.state) for platform, check in store.checks.of_run(run))
    for each in counts:
        each.hits, each.new = hits[each.platform], new[each.platform]
        each.gone = checks[each.platform, CheckState.GONE]
        each.changed = checks[each.platform, CheckState.CHANGED]
        each.returned = checks[each.platform, CheckState.RETURNED]
        each.rechecked = sum(number for (name, _), number in checks.items() if name == each.platform)


def may_go_live(config: Config, replay: Path | None) -> None:
    """Raise BadInput where the live web would be asked without a contact."""
    if replay is None and not config.crawl.contact and not config.crawl.loopback:
        message = say("desk.cli", "contact_needed", config.language)
        raise BadInput(Problem(file="swordnet.toml", field="crawl.contact", message=message))


def _complaints(counts: Sequence[PlatformCounts], plan: Plan, past: Sequence[Run], language: str) -> dict[str, str]:
    found = {}
    for each in counts:
        asked_questions = UnitKind.QUESTION in plan.asks.get(each.platform, {})
        floor = spiders_by_name()[each.platform].at_least if plan.floors and asked_questions else 0
        before = [made_counts(each.platform, run.counts[each.platform]) for run in past if _went_well(run, each)]
        wrong = complaint(each, floor, before)
        if wrong is not None:
            key, values = wrong
            advice = say("desk.cli", key.replace("health_", "advice_"), language)
            found[each.platform] = f"{say('desk.cli', key, language, **values)}. {advice}"
    return found


def _went_well(run: Run, counts: PlatformCounts) -> bool:
    told = run.counts.get(counts.platform)
    return told is not None and not told.get("complaint")
