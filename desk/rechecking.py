"""Known hits asked for now, on the live web or from an archive: what became of each, with its proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from crawler.config import Config
from crawler.items import Ask, Hit, UnitKind
from crawler.store import Recheck, Store, listing_id
from crawler.store.checks import recheck_ask
from crawler.store.values import to_json
from desk.crawling import Plan, crawl


def recheck_hits(
    config: Config, hits: Sequence[Hit], now: Callable[[], datetime], replay: Path | None = None
) -> list[tuple[Hit, Recheck | None]]:
    """Ask for the listings of hits again. Only once a process, as every crawl."""
    asks: dict[str, dict[UnitKind, list[Ask]]] = {}
    for hit in hits:
        kinds = asks.setdefault(hit.listing.platform, {UnitKind.RECHECK: []})
        kinds[UnitKind.RECHECK].append(recheck_ask(to_json(hit.listing)))
    result = crawl(config, Plan(asks=asks, enforce_floors=False), now=now, replay=replay, follow=False)
    with Store.open(config.store.url) as store:
        checks = {check.listing: check for _, check in store.rechecks.rechecks_of_run(result.run)}
    return [(hit, checks.get(listing_id(hit.listing.url))) for hit in hits]
