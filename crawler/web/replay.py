"""Downloader middleware that answers every request of a replay from the archive; the outcome is `missing` where the
archive has no response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import scrapy
from scrapy.exceptions import NotConfigured
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.archives import Archive
from crawler.items import Outcome
from crawler.web.limits import NoPageError

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


class ReplayMiddleware:
    """Downloader middleware: the archive instead of the network. crawler.web.browser answers Chromium's requests."""

    def __init__(self, archive: Archive, volatile: tuple[str, ...]) -> None:
        self._archive = archive
        self._volatile = volatile

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of a replay. Raises NotConfigured where the session has no archive."""
        spider = crawler.spider
        if spider.session.archive is None:  # type: ignore[union-attr]
            raise NotConfigured
        return cls(spider.session.archive, spider.volatile)  # type: ignore[union-attr]

    def process_request(self, request: scrapy.Request) -> Response | None:
        """The recorded response; None where Chromium renders the page. Raises NoPageError(missing)."""
        recorded = self._archive.find_response(request.method, request.url, request.body, self._volatile)
        if recorded is None:
            raise NoPageError(Outcome.MISSING, "not in the archive")
        if request.meta.get("playwright"):
            return None
        headers = Headers({"Content-Type": recorded.content_type})
        if "location" in recorded.headers:
            headers["Location"] = recorded.headers["location"]
        response_class = responsetypes.from_args(headers=headers, url=recorded.url, body=recorded.body)
        return response_class(
            url=recorded.url, status=recorded.status, headers=headers, body=recorded.body, request=request
        )
