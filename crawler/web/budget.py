"""Request budget of one crawl: pages per host, pages per URL template, and seconds per URL.

Calendars, shop filters, session numbers in URLs and growing paths are all the same crawler trap: many URLs of one host
that differ in values only. Pages are counted by host and by template, so that no trap needs a rule of its own.
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
STARTED_AT_META = "swordnet_begun"  # meta: when a URL was first requested; redirects and retries inherit it
UNCOUNTED_META = "swordnet_uncounted"  # meta: a picture; pictures have a limit of their own per listing
_MIN_TIMEOUT_SECONDS = 0.1


class BudgetMiddleware:
    """Downloader middleware: raises LimitExceededError for requests beyond [limits]."""

    def __init__(self, limits: LimitsConfig, timeout: float) -> None:
        self._limits = limits
        self._timeout = timeout
        self._pages_by_host: Counter[str] = Counter()
        self._pages_by_template: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of one crawl, with counts of its own."""
        config = crawler.spider.session.config  # type: ignore[union-attr]
        return cls(config.limits, config.crawl.timeout)

    def process_request(self, request: scrapy.Request) -> None:
        """Count the request and shorten its timeout to the seconds left for its URL. Raises LimitExceededError."""
        started_at = request.meta.setdefault(STARTED_AT_META, monotonic())
        seconds_left = started_at + self._limits.seconds - monotonic()
        if seconds_left <= 0:
            raise LimitExceededError("seconds", f"more than {self._limits.seconds:g} seconds for one address")
        timeout = request.meta.get("download_timeout") or self._timeout
        request.meta["download_timeout"] = max(_MIN_TIMEOUT_SECONDS, min(timeout, seconds_left))
        # Redirects and retries have limits of their own.
        uncounted_keys = ("redirect_times", "retry_times", UNCOUNTED_META)
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
    """The part that URLs differing in values only have in common.

    Numbers and digests become 0, and each path segment is kept once, sorted. A query is reduced to its parameter name,
    or to `*` where there is more than one: then filters are being combined.
    """
    parts = urlsplit(url)
    segments = dict.fromkeys(_VALUE_RE.sub("0", part) for part in parts.path.split("/") if part)
    names = sorted({_VALUE_RE.sub("0", name) for name, _ in parse_qsl(parts.query[:2000], max_num_fields=None)})
    return f"{parts.netloc}/{'/'.join(sorted(segments))}?{'&'.join(names) if len(names) <= 1 else '*'}"
