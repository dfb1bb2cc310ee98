"""Tmall (天猫): rows of a saved page of results, and an offer's own page.

Built from public code that reads the same list (a searcher and a crawler of list.tmall.com, found in an index of public
code, read 2026-11-22): `div.product`, price in an attribute, name and shop in links. Not tried live. Quirks: addresses
lack the scheme; pictures load late (`data-ks-lazyload`); search asks for a login: own session only.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = HtmlList(
    container="#J_ItemList, .searchTip, .nrt",
    row="div.product",
    title=".productTitle a@title|.productTitle a",
    url=".productTitle a@href",
    code="@data-id",
    price=".productPrice em@title|.productPrice em",
    currency="CNY",
    seller=".productShop a",
    picture=".productImg-wrap img@data-ks-lazyload|.productImg-wrap img@src",
)


class Tmall(Platform):
    """Offers of tmall.com. Built from public code, 2026-11; not tried live."""

    name = "tmall"
    allowed_domains = ("tmall.com", "tmall.hk")
    proof = Proof(SOURCE, "two public readers of list.tmall.com/search_product.htm (div.product)", "2026-11-22")
    limits = "Own session only (HAR); without it the answer is a login wall or a slider."
    gated = True
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results, newest first."""
        return Request(url=f"https://list.tmall.com/search_product.htm?q={quote(question)}&sort=new")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a page of results."""
        number = (parse_qs(urlsplit(page.url).query).get("id") or [""])[0]
        if "detail" in urlsplit(page.url).netloc and number.isdecimal():
            url = f"https://detail.tmall.com/item.htm?id={number}"
            yield self.listing(**offer_fields(page, url=url, sku=number))
            return
        if "search_product" not in page.url:
            yield from self.read_other(page)
            return
        for row in html_rows(page, LIST):
            number = (parse_qs(urlsplit(row["url"]).query).get("id") or [row["sku"]])[0]
            url = f"https://detail.tmall.com/item.htm?id={number}" if number else row["url"]
            yield self.listing(**row | {"url": url, "sku": number})
