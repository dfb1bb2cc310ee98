"""`swordnet crawl`: one platform, now; `swordnet crawl share`: shares of whatever drive their addresses name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crawler.errors import BadInput, NothingToDo, Problem, UnhealthyRun
from desk.cli._options import (
    CommandContext,
    ConfigFile,
    Encoding,
    Json,
    Now,
    Quiet,
    command_context,
    named_platform,
    print_json,
    typed_urls,
)

if TYPE_CHECKING:
    from crawler.archives import Archive, SkippedEntry
    from crawler.items import Work
    from desk.crawling import RunResult

MAX_NAMED_ENTRIES = 5  # of an archive, of one kind of damage
SHARE_PLATFORM = "share"  # instead of a platform: the drive that each address belongs to


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet crawl kongfz --query 潮汐图书馆 --csv hits.csv")(crawl)


def crawl(
    platform: Annotated[
        str,
        typer.Argument(
            help="The platform's name (`scrapy list` shows all), or share: any drive.", callback=named_platform
        ),
    ],
    query: Annotated[list[str] | None, typer.Option(help="Ask this (repeatable).")] = None,
    work: Annotated[list[str] | None, typer.Option(help="Ask for this work (repeatable).", metavar="ID")] = None,
    url: Annotated[list[str] | None, typer.Option(help="Open this address (repeatable).")] = None,
    urls: Annotated[
        Path | None,
        typer.Option(
            help="Open the addresses of this file (one a line, or CSV with a column url), each by its platform.",
            metavar="FILE",
        ),
    ] = None,
    encoding: Encoding = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Walk a whole site from this page, feed or sitemap.", metavar="URL")
    ] = None,
    depth: Annotated[int | None, typer.Option(help="With --from: links followed in a row.", min=1)] = None,
    follow_pattern: Annotated[
        str | None,
        typer.Option("--follow-only", help="With --from: only addresses with this in them.", metavar="REGEX"),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(help="Answer every request from this HAR, WARC, WACZ, MHTML or folder.", envvar="SWORDNET_REPLAY"),
    ] = None,
    captured: Annotated[bool, typer.Option("--captured", help="Read what the archive holds; ask nothing.")] = False,
    limit: Annotated[int | None, typer.Option(help="Listings taken from one unit.", min=1)] = None,
    follow: Annotated[bool, typer.Option(help="Further waves: pages of candidates, shares found.")] = True,
    csv: Annotated[
        Path | None, typer.Option(help="Write the hits of this run here (.csv, .xlsx, .jsonl).", metavar="FILE")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Crawl one platform: these questions, works or addresses; without any, the questions of the registry."""
    from crawler.archives import open_archive
    from desk import crawling

    ctx = command_context(config, quiet or json, now)
    spider = crawling.require_platform(platform, ctx.config) if platform != SHARE_PLATFORM else None
    archive = open_archive(replay) if replay else None
    if spider is None:
        plan = crawling.plan_shares(url or ())
    else:
        typed = typed_urls(ctx, "--url", url or ())
        if urls or start:
            others = [*(query or ()), *(work or ()), *typed]
            ctx, plan = _listed_plan(ctx, spider.name, urls, start, (depth, follow_pattern), encoding, others)
        else:
            plan = _build_plan(ctx, spider, query or (), work or (), typed, archive if captured else None)
    result = crawling.crawl(
        ctx.config,
        plan,
        now=ctx.now,
        replay=archive,
        captured=captured,
        limit=limit,
        follow=follow,
        progress=unit_printer(ctx),
        on_tick=tick_printer(ctx),
    )
    if platform == SHARE_PLATFORM and not json:
        _print_shares(ctx, plan, result)
    print_result(ctx, result, csv, json)


def _print_shares(ctx: CommandContext, plan: Any, result: RunResult) -> None:
    """What each share that was asked turned out to be; `missing` where the replayed archive lacks all of its drive."""
    from crawler.items import Outcome

    missing = {counts.platform for counts in result.platforms if set(counts.pages) == {Outcome.MISSING.value}}
    with ctx.store() as store:
        for drive, ask in ((name, ask) for name, kinds in plan.asks.items() for asks in kinds.values() for ask in asks):
            share = store.listings.get(ask.url)
            state = share.share_state.value if share is not None and share.share_state else "unknown"
            state = Outcome.MISSING.value if drive in missing else state
            files = len(share.files) if share is not None else 0
            ctx.say("share_told", url=ask.url, code=ask.code or "-", state=state, files=files)


def _build_plan(ctx: CommandContext, spider: Any, query: Any, work: Any, url: Any, captured: Archive | None) -> Any:
    from crawler.items import Ask, UnitKind
    from desk import crawling
    from spiders.catalogue import FALLBACK_PLATFORM, all_platforms, expand_names, site_for

    names, known = expand_names([spider.name], ctx.config), all_platforms(ctx.config)
    if captured is not None:
        plan = crawling.plan_captured(captured, [spider.name], ctx.config)
        if not plan.asks:
            print_skipped(ctx, captured.skipped)
            raise NothingToDo(ctx.message("crawl_nothing_captured", platform=spider.name))
        return plan
    asks = _questions(ctx, spider, query, work, is_needed=not url)
    searched = [name for name in names if crawling.has_search(known[name], ctx.config)]
    if asks and not searched:
        raise BadInput(Problem(file="PLATFORM", message=ctx.message("no_search", platform=spider.name)))
    platform_asks: dict[str, dict[UnitKind, list[Ask]]] = {name: {UnitKind.QUESTION: asks} for name in searched if asks}
    for address in url:
        name = (site_for(address, ctx.config) if spider.name == FALLBACK_PLATFORM else None) or spider.name
        platform_asks.setdefault(name, {}).setdefault(UnitKind.DETAILS, []).append(Ask(url=address))
    return crawling.CrawlPlan(asks=platform_asks, enforce_floors=not query and not url)


def _listed_plan(
    ctx: CommandContext,
    platform: str,
    urls: Path | None,
    start: str | None,
    walk: tuple[int | None, str | None],
    encoding: str | None,
    others: Sequence[str],
) -> tuple[CommandContext, Any]:
    """The plan for a list of addresses or for the walk of a whole site, and the context with its settings."""
    from attrs import evolve

    from desk.address_list import plan_addresses, plan_site_walk, read_address_list

    if others or (urls and start):
        raise BadInput(Problem(file="--urls" if urls else "--from", message=ctx.message("urls_alone")))
    if urls:
        listed = read_address_list(urls, ctx.config.language, encoding=encoding, tell=ctx.tell_aside)
        plan, problems = plan_addresses(listed, platform, ctx.config, urls)
        for problem in problems:
            typer.echo(f"swordnet: {problem}", err=True)
        return ctx, plan
    (address,) = typed_urls(ctx, "--from", [start or ""])
    config, plan = plan_site_walk(ctx.config, address, *walk)
    return evolve(ctx, config=config), plan


def _questions(ctx: CommandContext, spider: Any, query: Any, work: Any, is_needed: bool) -> list[Any]:
    """The questions and the works that were named; the whole registry where nothing was and something is needed."""
    from crawler.items import Ask
    from desk import crawling

    asks = [Ask(question=text) for text in query]
    if work or (is_needed and not asks):
        asks += crawling.registry_asks(spider, _registered_works(ctx, work), ctx.config)
    if not asks and is_needed:
        raise NothingToDo(ctx.message("works_none"))
    return asks


def _registered_works(ctx: CommandContext, ids: Sequence[str]) -> list[Work]:
    """The works of these ids; without ids all works. Raises BadInput for an id that is not registered."""
    with ctx.store() as store:
        works = list(store.works.get_many(ids).values()) if ids else list(store.works.all_works())
    missing = set(ids) - {work.id for work in works}
    if missing:
        raise BadInput([Problem(file="--work", message=ctx.message("no_work", id=name)) for name in sorted(missing)])
    return works


def unit_printer(ctx: CommandContext) -> Any:
    """A callback that prints what a unit brought."""

    def print_unit(unit: Any, stats: Any) -> None:
        pages = sum(stats.outcomes.values())
        kind = ctx.message(f"unit_{unit.kind.value}")
        ctx.say(
            "unit_done",
            spider=unit.spider,
            kind=kind,
            wave=unit.wave,
            pages=pages,
            listings=stats.listings,
            hits=stats.hits,
        )

    return print_unit


def tick_printer(ctx: CommandContext) -> Any:
    """A callback that prints a line a minute, unless --quiet or on a terminal, where the result is seen coming."""
    from desk.nightly.progress import line_printer

    if ctx.quiet or ctx.console.is_terminal:
        return lambda *_: None
    return line_printer(ctx.store, ctx.config.language, typer.echo)


def print_result(ctx: CommandContext, result: Any, csv: Path | None, json: bool) -> None:
    """Print what a run found, and write the hits where a file is given."""
    from crawler.store import HitQuery
    from desk.export.formats import export_hits
    from desk.export.rows import export_rows
    from desk.hit_table import print_hits, shown_hits
    from desk.nightly.report import picture_reasons

    with ctx.store() as store:
        hits = list(store.hits.find_hits(HitQuery(run=result.run)))
        if csv is not None:
            export_hits(csv, export_rows(store, HitQuery(run=result.run), ctx.config.language))
        if json:
            platforms = {
                counts.platform: {"pages": counts.pages, "listings": counts.listings, "hits": counts.hits}
                | ({"picture_problems": counts.picture_problems} if counts.picture_problems else {})
                for counts in result.platforms
            }
            skipped = Counter(entry.reason.value for entry in result.skipped)
            print_json({"run": result.run, "platforms": platforms, "complaints": result.complaints, "skipped": skipped})
        else:
            print_hits(ctx.console, store, shown_hits(hits), ctx.config.language)
    print_skipped(ctx, result.skipped)
    for counts in result.platforms:
        if reasons := picture_reasons(counts, ctx.config.language):
            ctx.say("pictures_unread", platform=counts.platform, count=counts.picture_problems.total(), reasons=reasons)
        for problem in counts.problems[:5]:
            ctx.say("problem", platform=counts.platform, problem=problem)
    if result.complaints:
        raise UnhealthyRun("\n".join(result.complaints.values()))


def print_skipped(ctx: CommandContext, skipped: Sequence[SkippedEntry]) -> None:
    """Say on standard error what of an archive was left out, or read with doubt: by file and reason, with the places of
    the first ones.
    """
    from crawler.archives import DOUBT_REASONS

    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in skipped:
        groups[entry.file, entry.reason.value].append(
            f"{entry.place} ({entry.detail})" if entry.detail else entry.place
        )
    for (file, reason), places in groups.items():
        named = "; ".join(places[:MAX_NAMED_ENTRIES])
        key = "archive_doubted" if reason in DOUBT_REASONS else "archive_skipped"
        key += "" if len(places) <= MAX_NAMED_ENTRIES else "_more"
        ctx.warn(key, file=file, count=len(places), why=ctx.message(f"skipped_{reason}"), places=named)
