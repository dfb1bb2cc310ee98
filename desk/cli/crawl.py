"""`swordnet crawl`: one platform, now; `swordnet crawl share`: shares of whatever drive their addresses name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from crawler.errors import BadInput, NothingToDo, Problem, UnhealthyRun
from desk.cli._options import ConfigFile, Desk, Json, Now, Quiet, at_desk, print_json

SHARE = "share"  # instead of a platform: the drive that each address belongs to


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet crawl kongfz --query 潮汐图书馆 --csv hits.csv")(crawl)


def crawl(
    platform: Annotated[
        str, typer.Argument(help="The platform's name (`scrapy list` shows all), or share: any drive.")
    ],
    query: Annotated[list[str] | None, typer.Option(help="Ask this (repeatable).")] = None,
    work: Annotated[list[str] | None, typer.Option(help="Ask for this work (repeatable).", metavar="ID")] = None,
    url: Annotated[list[str] | None, typer.Option(help="Open this address (repeatable).")] = None,
    replay: Annotated[
        Path | None,
        typer.Option(help="Answer every request from this HAR, WARC, WACZ or folder.", envvar="SWORDNET_REPLAY"),
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
    from desk import crawling

    desk = at_desk(config, quiet or json, now)
    if platform == SHARE:
        plan = crawling.shares_plan(url or ())
    else:
        spider = crawling.platform(platform, desk.config.language)
        plan = _plan(desk, spider, query or (), work or (), url or (), replay if captured else None)
    ran = crawling.crawl(
        desk.config,
        plan,
        now=desk.now,
        replay=replay,
        captured=captured,
        limit=limit,
        follow=follow,
        progress=_progress(desk),
    )
    if platform == SHARE and not json:
        _tell_shares(desk, plan)
    _tell(desk, ran, csv, json)


def _tell_shares(desk: Desk, plan: Any) -> None:
    """What each share that was asked turned out to be."""
    with desk.store() as store:
        for ask in (ask for kinds in plan.asks.values() for asks in kinds.values() for ask in asks):
            share = store.hits.listing(ask.url)
            state = share.share_state.value if share is not None and share.share_state else "unknown"
            files = len(share.files) if share is not None else 0
            desk.say("share_told", url=ask.url, code=ask.code or "-", state=state, files=files)


def _plan(desk: Desk, spider: Any, query: Any, work: Any, url: Any, captured: Path | None) -> Any:
    from crawler.archives import open_archive
    from crawler.items import Ask, UnitKind
    from desk import crawling

    if captured is not None:
        plan = crawling.captured_plan(open_archive(captured), [spider.name])
        if not plan.asks:
            raise NothingToDo(desk.word("crawl_nothing_captured", platform=spider.name))
        return plan
    with desk.store() as store:
        works = list(store.works.all())
        named = store.works.some(work)
    missing = [Problem(file="--work", message=desk.word("no_work", id=name)) for name in work if name not in named]
    if missing:
        raise BadInput(missing)
    asks = [Ask(question=text) for text in query]
    if named:
        asks += crawling.asks_of_registry(spider, list(named.values()), desk.config)
    if not asks and not url:
        asks = crawling.asks_of_registry(spider, works, desk.config)
    if asks and not crawling.searches(spider, desk.config):
        raise BadInput(Problem(file="PLATFORM", message=desk.word("no_search", platform=spider.name)))
    if not asks and not url:
        raise NothingToDo(desk.word("works_none"))
    kinds = {UnitKind.QUESTION: asks, UnitKind.DETAILS: [Ask(url=address) for address in url]}
    return crawling.Plan(
        asks={spider.name: {kind: each for kind, each in kinds.items() if each}}, floors=not query and not url
    )


def _progress(desk: Desk) -> Any:
    def told(unit: Any, tally: Any) -> None:
        pages = sum(tally.outcomes.values())
        kind = desk.word(f"unit_{unit.kind.value}")
        desk.say(
            "unit_done",
            spider=unit.spider,
            kind=kind,
            wave=unit.wave,
            pages=pages,
            listings=tally.listings,
            hits=tally.hits,
        )

    return told


def _tell(desk: Desk, ran: Any, csv: Path | None, json: bool) -> None:
    from crawler.store import Filter
    from desk.export import export_hits
    from desk.hitlist import SHOWN, by_harm, hit_table, rows

    with desk.store() as store:
        found = list(store.hits.find(Filter(run=ran.run)))
        if csv is not None:
            export_hits(csv, rows(store, Filter(run=ran.run), desk.config.language))
        if json:
            platforms = {
                each.platform: {"pages": each.pages, "listings": each.listings, "hits": each.hits}
                for each in ran.platforms
            }
            print_json({"run": ran.run, "platforms": platforms, "complaints": ran.complaints})
        else:
            desk.console.print(hit_table(store, by_harm(found), desk.config.language, SHOWN))
    for each in ran.platforms:
        for problem in each.problems[:5]:
            desk.say("problem", platform=each.platform, problem=problem)
    if ran.complaints:
        raise UnhealthyRun("\n".join(ran.complaints.values()))
