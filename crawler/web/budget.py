"""Request budget of one crawl: pages per host, pages per URL template, and seconds per address.

A calendar, a shop's filters, session numbers in addresses and paths that grow are all the same crawler trap: many
addresses of one host that differ in values only. Pages are counted by host and by template, so that no trap needs a
rule of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import scrapy

from crawler.web.limits import LimitExceededError

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.config import LimitsConfig

_VALUE_RE = re.compile(r"[0-9a-f]{8,64}|[0-9]{1,64}", re.I)
STARTED_AT_META = "swordnet_begun"  # meta: when an address was first asked; redirects and repetitions inherit it
UNCOUNTED_META = "swordnet_uncounted"  # meta: a picture; pictures have a number of their own for each listing
_MIN_TIMEOUT_SECONDS = 0.1  # seconds


class BudgetMiddleware:
    """Downloader middleware: refuses what goes beyond [limits]."""

    def __init__(self, limits: LimitsConfig, timeout: float) -> None:
        self._limits = limits
        self._timeout = timeout
        self._pages_by_host: Counter[str] = Counter()
        self._pages_by_template: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """One crawl, one count."""
        config = crawler.spider.session.config  # type: ignore[union-attr]
        return cls(config.limits, config.crawl.timeout)

    def process_request(self, request: scrapy.Request) -> None:
        """Count, refuse, and shorten the time that is left."""
        started_at = request.meta.setdefault(STARTED_AT_META, monotonic())
        seconds_left = started_at + self._limits.seconds - monotonic()
        if seconds_left <= 0:
            raise LimitExceededError("seconds", f"more than {self._limits.seconds:g} seconds for one address")
        timeout = request.meta.get("download_timeout") or self._timeout
        request.meta["download_timeout"] = max(_MIN_TIMEOUT_SECONDS, min(timeout, seconds_left))
        uncounted_keys = (
            "redirect_times",
            "retry_times",
            UNCOUNTED_META,
        )  # redirects and repetitions have limits of their own
        if not any(map(request.meta.get, uncounted_keys)):
            self._count_page(request.url)

    def _count_page(self, url: str) -> None:
        host = urlsplit(url).netloc
        for name, counter, key, maximum in (
            ("host_pages", self._pages_by_host, host, self._limits.host_pages),
            ("template_pages", self._pages_by_template, url_template(url), self._limits.template_pages),
        ):
            counter[key] += 1
            if counter[key] > maximum:
                raise LimitExceededError(name, f"more than {maximum} pages of {key}"[:300])


def url_template(url: str) -> str:
    """What is the same in addresses that differ in values only: numbers and digests gone, a path's parts once each.

    Of a query the names remain, unless there are many: then filters are being combined.
    """
    parts = urlsplit(url)
    segments = dict.fromkeys(_VALUE_RE.sub("0", part) for part in parts.path.split("/") if part)
    names = sorted({_VALUE_RE.sub("0", name) for name, _ in parse_qsl(parts.query[:2000], max_num_fields=None)})
    return f"{parts.netloc}/{'/'.join(sorted(segments))}?{'&'.join(names) if len(names) <= 1 else '*'}"
