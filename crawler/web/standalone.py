"""`scrapy crawl PLATFORM -a query=TEXT` (or `-a url=ADDRESS`) stores the same hits as `swordnet crawl`: one wave."""

from __future__ import annotations

import secrets
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from crawler.config import load
from crawler.items import Ask, Unit, UnitKind
from crawler.settings import scrapy_settings
from crawler.store import Store
from crawler.units import succeeded
from crawler.web.session import Session, Tally


class Configured:
    """Scrapy add-on: what swordnet.toml says goes before crawler/settings.py."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Overwrite what the configuration decides."""
        for name, value in scrapy_settings(load()).items():
            settings.set(name, value, priority="project")


def adopt(crawler: Crawler, spider: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The spider's arguments with a session, a unit of the ledger and a tally of its own."""
    config = load()
    if not config.crawl.contact and not config.crawl.loopback:
        raise UsageError("set crawl.contact in swordnet.toml: the live web is asked only with a contact")
    query, url = arguments.pop("query", None), arguments.pop("url", None)
    if (query is None) == (url is None):
        raise UsageError("give -a query=TEXT or -a url=ADDRESS")
    session = Session(config=config, store=Store.open(config.store.url), follow=False)
    unit = _planned(session, spider, Ask(question=query, url=url))
    tally = Tally()

    def close(reason: str) -> None:
        if succeeded(reason, tally.outcomes) and not tally.lost:
            session.store.units.finish(unit, tally.plain(), {})
        else:
            session.store.units.fail(unit, tally.plain(), None)
        session.store.runs.finish(unit.run, "done", tally.plain(), session.now())
        session.close()
        session.store.close()

    crawler.signals.connect(close, signals.spider_closed, weak=False)
    return {**arguments, "session": session, "unit": unit, "tally": tally}


def _planned(session: Session, spider: str, ask: Ask) -> Unit:
    now = session.now()
    run = f"{now:%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
    kind = UnitKind.QUESTION if ask.question is not None else UnitKind.DETAILS
    session.store.runs.start(run, f"{now:%Y-%m-%d}", now)
    session.store.units.plan(run, spider, kind, 1, [(ask,)])
    unit = session.store.units.claim(run, "scrapy", now, 86_400)
    assert unit is not None
    return unit
