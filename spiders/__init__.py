"""The interface of a platform: a file in this folder with a subclass of Platform is a platform.

A platform says how to ask (`search`, `open`) and how to read (`read`), nothing else. What a crawl does around it
(robots, throttling, outcomes, pipelines) is in crawler.web. Only the module `catalogue` is not a platform.
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
    """How certain it is that a platform is as its spider assumes."""

    PAGE = "page"  # the reader was run on real saved pages of the platform
    SOURCE = "source"  # a public source shows its addresses and its answers
    GUESS = "guess"  # memory and similar platforms; off by default


PAGE, SOURCE, GUESS = ProofKind


@frozen
class Proof:
    """What a spider was built from, and when that was read (a month or a day)."""

    kind: ProofKind
    basis: str = field(validator=validators.min_len(10))
    date: str = field(validator=validators.matches_re(r"20\d\d-\d\d(-\d\d)?"))


class Platform:
    """A platform: set the attributes below; write `search`, `read` and, if a plain GET is not enough, `open`."""

    name: ClassVar[str]  # the name of its file
    allowed_domains: ClassVar[tuple[str, ...]] = ()  # hosts (and their subdomains) whose addresses this spider claims
    kind: ClassVar[ListingKind] = ListingKind.OFFER
    min_listings: ClassVar[int] = 1  # a healthy run has no fewer; else it counts as failed
    browser: ClassVar[bool] = False  # True: some requests of this platform need Chromium
    rows_suffice: ClassVar[bool] = False  # True: list rows contain all that the listing's own page does
    # True: an API whose body says more than its status; `read` gets every answer.
    reads_every_status: ClassVar[bool] = False
    volatile: ClassVar[tuple[str, ...]] = ()  # query parameters that differ between equal requests
    off_by_default: ClassVar[bool] = False  # True: queried only if the configuration enables it, and in replays
    pace: ClassVar[float] = 0.0  # minimum seconds between two requests to a host of this platform
    proof: ClassVar[Proof]  # what it was built from; shown in docs/platforms.md
    limits: ClassVar[str] = ""  # one sentence: what it does not do, and what prevents it
    search_configured: ClassVar[bool] = False  # True: it can be searched only if the configuration says how
    learns: ClassVar[bool] = False  # True: looks at its site before it asks (spiders.sites)
    gated: ClassVar[bool] = False  # True: read from saved answers or an analyst's own session (HAR), not live
    share_platform: ClassVar[str] = ""  # cloud drives: the platform's name in share links, if it is not `name`

    templates: tuple[str, ...] = ()  # from the configuration: addresses with {query}

    def search(self, question: str) -> Request | Iterable[Request]:
        """The requests that search the platform for `question`, newest first; () if it has no search."""
        return ()

    def walk(self) -> Iterable[Request]:
        """The requests with which a walk through the platform's site begins; () if it is not walked."""
        return ()

    def open(self, address: str, code: str | None = None) -> Request:
        """The request for one listing's own page, or for a share with its access code."""
        return Request(url=address)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The listings of a page and further requests. Pure: only the page's bytes, address, type and values count."""
        raise NotImplementedError

    def read_other(self, page: Page) -> Iterator[Listing | Request]:
        """Read a page of the platform that is neither list nor offer like any page: as an offer, else as a post."""
        fields = page_fields(page, product_facts(page))
        if fields.get("title"):
            yield self.listing(**fields)

    def listing(self, **fields: Any) -> Listing:
        """A Listing of this platform; `kind` defaults to that of the platform."""
        fields.setdefault("kind", self.kind)
        return Listing(platform=self.name, **fields)
