"""The interface of a platform: a file in this folder with a subclass of Platform is a platform.

A platform says how to ask (`search`, `open`) and how to read (`read`), nothing else. What a crawl does around it
(robots, throttling, outcomes, pipelines) is in crawler.web. Modules beginning with _, and `catalogue`, are no
platforms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, ClassVar

from attrs import field, frozen, validators

from crawler.items import Listing, ListingKind
from crawler.money import parse_price
from crawler.page import Page, Request
from crawler.page.product import product_facts
from crawler.shapes.listing_fields import page_fields

__all__ = ["GUESS", "PAGE", "SOURCE", "Listing", "ListingKind", "Page", "Platform", "Proof", "Request", "parse_price"]


class ProofKind(StrEnum):
    """How sure it is that a platform is as its spider says."""

    PAGE = "page"  # the reader was run over real saved pages of the platform
    SOURCE = "source"  # a public source shows its addresses and its answers
    GUESS = "guess"  # memory and likeness; off by default


PAGE, SOURCE, GUESS = ProofKind


@frozen
class Proof:
    """What a spider was built from, and when that was looked at (a month or a day)."""

    kind: ProofKind
    basis: str = field(validator=validators.min_len(10))
    date: str = field(validator=validators.matches_re(r"20\d\d-\d\d(-\d\d)?"))


class Platform:
    """A platform: set the attributes below; write `search`, `read` and, where a plain GET is not enough, `open`."""

    name: ClassVar[str]  # the name of its file
    allowed_domains: ClassVar[tuple[str, ...]] = ()  # hosts (and their subdomains) whose addresses this spider claims
    kind: ClassVar[ListingKind] = ListingKind.OFFER
    min_listings: ClassVar[int] = 1  # fewer listings on a healthy night: the run failed
    browser: ClassVar[bool] = False  # True: some requests of this platform need Chromium
    rows_suffice: ClassVar[bool] = False  # True: list rows say all that the listing's own page says
    reads_every_status: ClassVar[bool] = (
        False  # True: an API whose body says more than its status; `read` sees every answer
    )
    volatile: ClassVar[tuple[str, ...]] = ()  # query parameters that differ between equal requests
    off_by_default: ClassVar[bool] = False  # True: asked only where the configuration enables it, and in replays
    pace: ClassVar[float] = 0.0  # seconds between two requests to a host of this platform, at least
    proof: ClassVar[Proof]  # what it was built from; shown in docs/platforms.md
    limits: ClassVar[str] = ""  # one sentence: what it does not do, what stands in the way
    search_configured: ClassVar[bool] = False  # True: it can be asked only where the configuration says how
    gated: ClassVar[bool] = False  # True: read from saved answers or an analyst's own session (HAR), not live
    share_platform: ClassVar[str] = ""  # cloud drives: the platform's name among share links, where it is not `name`

    templates: tuple[str, ...] = ()  # of the configuration: addresses with {query}
    sites: tuple[str, ...] = ()  # of the configuration: addresses of shops

    def search(self, question: str) -> Request | Iterable[Request]:
        """The request that asks the platform for `question`, newest first. Platforms without a search return ()."""
        return ()

    def open(self, address: str, code: str | None = None) -> Request:
        """The request for one listing's own page, or for a share with its access code."""
        return Request(url=address)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The listings of a page and further requests. Pure: only the page's bytes, address, type and values count."""
        raise NotImplementedError

    def read_other(self, page: Page) -> Iterator[Listing | Request]:
        """A page of the platform that is neither a list nor an offer, read as any page is: an offer, else a post."""
        fields = page_fields(page, product_facts(page))
        if fields.get("title"):
            yield self.listing(**fields)

    def listing(self, **fields: Any) -> Listing:
        """A Listing of this platform; `kind` is the spider's unless given."""
        fields.setdefault("kind", self.kind)
        return Listing(platform=self.name, **fields)
