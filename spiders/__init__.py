"""The front door of a platform: a file in this folder with a subclass of PlatformSpider is a platform.

A spider says how to ask (`search`, `open`) and how to read (`read`), nothing else. What a crawl does around it (robots,
pace, outcomes, pipelines) is in crawler.web. Names beginning with _ are no platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from crawler.items import Listing, ListingKind
from crawler.money import price
from crawler.page import Page, Request
from crawler.web.visit import Visit

__all__ = ["Listing", "ListingKind", "Page", "PlatformSpider", "Request", "price"]


class PlatformSpider(Visit):
    """A platform: set the attributes below; write `search`, `read` and, where a plain GET is not enough, `open`."""

    allowed_domains: ClassVar[tuple[str, ...]] = ()  # hosts (and their subdomains) whose addresses this spider claims
    kind: ClassVar[ListingKind] = ListingKind.OFFER
    at_least: ClassVar[int] = 1  # fewer listings on a healthy night: the run failed
    rows_suffice: ClassVar[bool] = False  # True: list rows say all that the listing's own page says
    judges_itself: ClassVar[bool] = False  # True: an API whose body says more than its status; `read` sees every answer
    volatile: ClassVar[tuple[str, ...]] = ()  # query parameters that differ between equal requests
    off_by_default: ClassVar[bool] = False  # True: asked only where the configuration enables it, and in replays
    pace: ClassVar[float] = 0.0  # seconds between two requests to a host of this platform, at least
    share_platform: ClassVar[str] = ""  # cloud drives: the platform's name among share links, where it is not `name`

    def search(self, question: str) -> Request | Iterable[Request]:
        """The request that asks the platform for `question`, newest first. Platforms without a search return ()."""
        return ()

    def open(self, address: str, code: str | None = None) -> Request:
        """The request for one listing's own page, or for a share with its access code."""
        return Request(url=address)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The listings of a page and further requests. Pure: only the page's bytes, address, type and values count."""
        raise NotImplementedError

    def listing(self, **fields: Any) -> Listing:
        """A Listing of this platform; `kind` is the spider's unless given."""
        fields.setdefault("kind", self.kind)
        return Listing(platform=self.name, **fields)
