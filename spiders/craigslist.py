"""Craigslist, classified advertisements: an advertisement's own page and the static list of a search.

Built from two saved pages of manchester. and birmingham.craigslist.org (bench/pages.py), 2026-11. Quirks: the number of
an advertisement ends its address; price and place stand in the heading beside the title; a search without scripts
answers a plain list, whose markup is from memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import PAGE, Listing, Page, Platform, Proof, Request

LIST = HtmlList(
    container="ol.cl-static-search-results",
    row="li.cl-static-search-result",
    title=".title",
    url="a@href",
    price=".price",
)
_NUMBER_RE = re.compile(r"/(\d{8,12})\.html$")


class Craigslist(Platform):
    """Advertisements of Craigslist. Built from two saved pages, 2026-11; not tried live."""

    name = "craigslist"
    allowed_domains = ("craigslist.org",)
    proof = Proof(PAGE, "2 pages of advertisements in bench/pages.py; the rows of a search from memory", "2026-11-23")
    limits = "Questions go to newyork.craigslist.org; other cities by address. The rows of a search are from memory."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Search everything for sale."""
        return Request(url=f"https://newyork.craigslist.org/search/sss?{urlencode({'query': question})}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One advertisement, or the rows of a list."""
        number = _NUMBER_RE.search(urlsplit(page.url).path)
        if number:
            title = page.css("#titletextonly").text(default="") or None
            yield self.listing(**offer_fields(page, sku=number[1], title=title))
            return
        for row in html_rows(page, LIST):
            number = _NUMBER_RE.search(urlsplit(row["url"]).path)
            yield self.listing(**row | {"sku": number[1] if number else None})
