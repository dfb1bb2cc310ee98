"""How much one crawl asks: pages of a host, pages of one template, links in a row, and seconds for one address.

A calendar, a shop's filters, session numbers in addresses and paths that grow are all the same: many addresses of one
host that differ in values only. So pages are counted by host and by template, and no trap needs a rule of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import scrapy

from crawler.web.limits import OverLimit

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.config import LimitsConfig

_VALUE = re.compile(r"[0-9a-f]{8,64}|[0-9]{1,64}", re.I)
BEGUN = "swordnet_begun"  # meta: when an address was first asked; redirects and repetitions inherit it
UNCOUNTED = "swordnet_uncounted"  # meta: a picture; pictures have a number of their own for each listing
_LEAST = 0.1  # seconds


class Bounds:
    """Downloader middleware: refuses what goes beyond [limits]."""

    def __init__(self, limits: LimitsConfig, timeout: float) -> None:
        self._limits = limits
        self._timeout = timeout
        self._hosts: Counter[str] = Counter()
        self._templates: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """One crawl, one count."""
        config = crawler.spider.session.config  # type: ignore[union-attr]
        return cls(config.limits, config.crawl.timeout)

    def process_request(self, request: scrapy.Request) -> None:
        """Count, refuse, and shorten the time that is left."""
        begun = request.meta.setdefault(BEGUN, monotonic())
        left = begun + self._limits.seconds - monotonic()
        if left <= 0:
            raise OverLimit("seconds", f"more than {self._limits.seconds:g} seconds for one address")
        patience = request.meta.get("download_timeout") or self._timeout
        request.meta["download_timeout"] = max(_LEAST, min(patience, left))
        again = ("redirect_times", "retry_times", UNCOUNTED)  # redirects and repetitions have limits of their own
        if not any(map(request.meta.get, again)):
            self._count(request.url)

    def _count(self, url: str) -> None:
        host = urlsplit(url).netloc
        for name, counted, key, most in (
            ("host_pages", self._hosts, host, self._limits.host_pages),
            ("template_pages", self._templates, template(url), self._limits.template_pages),
        ):
            counted[key] += 1
            if counted[key] > most:
                raise OverLimit(name, f"more than {most} pages of {key}"[:300])


def template(url: str) -> str:
    """What is the same in addresses that differ in values only: numbers and digests gone, a path's parts once each.

    Of a query the names remain, unless there are many: then filters are being combined.
    """
    parts = urlsplit(url)
    steps = dict.fromkeys(_VALUE.sub("0", part) for part in parts.path.split("/") if part)
    names = sorted({_VALUE.sub("0", name) for name, _ in parse_qsl(parts.query[:2000], max_num_fields=None)})
    return f"{parts.netloc}/{'/'.join(sorted(steps))}?{'&'.join(names) if len(names) <= 1 else '*'}"
