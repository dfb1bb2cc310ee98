"""Support for `scrapy crawl PLATFORM -a query=TEXT` (or `-a url=ADDRESS`): one wave, stored like `swordnet crawl`."""

from __future__ import annotations

import secrets
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from crawler.config import load_config
from crawler.items import Ask, Unit, UnitKind
from crawler.settings import scrapy_settings
from crawler.store import Store
from crawler.units import has_succeeded
from crawler.web.session import CrawlStats, Session


class ConfigurationAddon:
    """Scrapy add-on: settings from swordnet.toml take precedence over crawler/settings.py."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Overwrite the settings that the configuration decides."""
        for name, value in scrapy_settings(load_config()).items():
            settings.set(name, value, priority="project")


def build_spider_arguments(crawler: Crawler, spider: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The spider's arguments with a session, a unit of the work queue and stats of its own.

    Raises UsageError without a contact in the configuration, or without exactly one of `query` and `url`.
    """
    config = load_config()
    if not config.crawl.contact and not config.crawl.loopback:
        raise UsageError("set crawl.contact in swordnet.toml: the live web is asked only with a contact")
    query, url = arguments.pop("query", None), arguments.pop("url", None)
    if (query is None) == (url is None):
        raise UsageError("give -a query=TEXT or -a url=ADDRESS")
    session = Session(config=config, store=Store.open(config.store.url), plans_follow_ups=False)
    unit = _plan_unit(session, spider, Ask(question=query, url=url))
    stats = CrawlStats()

    def finish_run(reason: str) -> None:
        if has_succeeded(reason, stats.outcomes) and not stats.has_lost_data:
            session.store.queue.finish_unit(unit, stats.to_dict(), {})
        else:
            session.store.queue.retry_or_fail(unit, stats.to_dict(), None)
        session.store.runs.finish_run(unit.run, "done", stats.to_dict(), session.now())
        session.close()
        session.store.close()

    crawler.signals.connect(finish_run, signals.spider_closed, weak=False)
    return {**arguments, "session": session, "unit": unit, "stats": stats}


def _plan_unit(session: Session, spider: str, ask: Ask) -> Unit:
    now = session.now()
    run = f"{now:%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
    kind = UnitKind.QUESTION if ask.question is not None else UnitKind.DETAILS
    session.store.runs.start_run(run, f"{now:%Y-%m-%d}", now)
    session.store.queue.plan_units(run, spider, kind, 1, [(ask,)])
    unit = session.store.queue.claim_next(run, "scrapy", now, 86_400)
    assert unit is not None
    return unit
