"""Etsy: rows of a page of results, an offer's own page by what it tells machines.

Built from public code that reads the same cards and the JSON-LD of an offer (phooni/etsy-scraper, etsy.js, read
2026-11-22); not tried live. Quirks: the sign of a price and its number stand in two elements; a captcha of its guard
(captcha-delivery.com) is frequent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = HtmlList(
    container="[data-search-results], #search-results, .search-listings-group, [data-search-results-region]",
    row=".v2-listing-card",
    title="h3|h2",
    url="a.listing-link@href|a@href",
    code="@data-listing-id|a@data-listing-id",
    price=".lc-price|.n-listing-card__price > p > span|.currency-value",
    seller=".v2-listing-card__shop p|[data-seller-name-container]",
    picture="img@data-src|img@src",
)
_ITEM_RE = re.compile(r"/listing/(\d{6,15})")


class Etsy(Platform):
    """Offers of etsy.com. Built from public code, 2026-11; not tried live."""

    name = "etsy"
    allowed_domains = ("etsy.com",)
    proof = Proof(SOURCE, "github.com/phooni/etsy-scraper etsy.js: cards and JSON-LD of an offer", "2026-11-22")
    limits = "Often a captcha: then the outcome is challenged."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the results, newest first."""
        return Request(url=f"https://www.etsy.com/search?q={quote(question)}&order=date_desc")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a search."""
        item = _ITEM_RE.search(urlsplit(page.url).path)
        if item:
            url = f"https://www.etsy.com/listing/{item[1]}"
            yield self.listing(**offer_fields(page, url=url, sku=item[1]))
        elif urlsplit(page.url).path.rstrip("/").endswith("/search"):
            for row in html_rows(page, LIST):
                number = _ITEM_RE.search(urlsplit(row["url"]).path)
                yield self.listing(**row | ({"url": f"https://www.etsy.com/listing/{number[1]}"} if number else {}))
        else:
            yield from self.read_other(page)
