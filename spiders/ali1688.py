"""1688 (阿里巴巴): rows of a saved page of results of the wholesale market, and an offer's own page.

Built from public code that reads the same page state (yino/1688Spider, spider.py, read 2026-11-22): the rows stand in
`window.data.offerresultData`, name and address under `information`; price, seller and picture from memory of the same
state. Not tried live. Quirks: words are sent in GBK unless `charset=utf8` is said; a slider guards the search, so it is
read from an analyst's own session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.json_list import JsonList, embedded_json, json_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = JsonList(
    rows="data.offerList",
    title="information.simpleSubject|information.subject",
    url="information.detailUrl",
    code="id",
    price="tradePrice.offerPrice.priceInfo.price|tradePrice.offerPrice.valueString",
    currency="CNY",
    seller="company.name",
    picture="image.imgUrl",
)
_OFFER_RE = re.compile(r"/offer/(\d{8,15})\.html")


class Ali1688(Platform):
    """Offers of 1688.com. Built from public code, 2026-11; not tried live."""

    name = "ali1688"
    allowed_domains = ("1688.com",)
    proof = Proof(SOURCE, "github.com/yino/1688Spider spider.py: window.data.offerresultData", "2026-11-22")
    limits = "Own session only (HAR). Price, seller and picture of a row are from memory, name and address are proven."
    gated = True
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"https://s.1688.com/selloffer/offer_search.htm?keywords={quote(question)}&charset=utf8")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a page of results."""
        offer = _OFFER_RE.search(urlsplit(page.url).path)
        if offer:
            url = f"https://detail.1688.com/offer/{offer[1]}.html"
            yield self.listing(**offer_fields(page, url=url, sku=offer[1]))
            return
        if "offer_search" not in page.url:
            yield from self.read_other(page)
            return
        for row in json_rows(page, embedded_json(page, "offerresultData=successDataCheck("), LIST):
            number = _OFFER_RE.search(urlsplit(row["url"]).path)
            url = f"https://detail.1688.com/offer/{number[1]}.html" if number else row["url"]
            yield self.listing(**row | {"url": url, "sku": number[1] if number else row["sku"]})
