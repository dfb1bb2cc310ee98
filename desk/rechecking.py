"""Known hits asked for now, on the live web or from an archive: what became of each, with its proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from crawler.config import Config
from crawler.items import Ask, Hit, UnitKind
from crawler.store import Check, Store, listing_id
from crawler.store.checks import ask_again
from crawler.store.values import plain
from desk.crawling import Plan, crawl


def recheck(
    config: Config, hits: Sequence[Hit], now: Callable[[], datetime], replay: Path | None = None
) -> list[tuple[Hit, Check | None]]:
    """Ask for the listings of hits again. Only once a process, as every crawl."""
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    for hit in hits:
        kinds = asks.setdefault(hit.listing.platform, {UnitKind.RECHECK: []})
        kinds[UnitKind.RECHECK].append(ask_again(plain(hit.listing)))
    ran = crawl(config, Plan(asks=asks, floors=False), now=now, replay=replay, follow=False)
    with Store.open(config.store.url) as store:
        told = {check.listing: check for _, check in store.checks.of_run(ran.run)}
    return [(hit, told.get(listing_id(hit.listing.url))) for hit in hits]
