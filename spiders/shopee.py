"""Shopee, in eight countries: rows of the recorded answer of its search, and an offer's own page.

Built from public code that reads the same answer (lthoangg/shopee-crawler, toolkit/crawl_by_search.py, read
2026-11-22); not tried live. Quirks: amounts are times 100,000; the answer names number and shop, the address is made of
the two; a refused question says "error": 90309999 with status 200. Answers come from an analyst's own session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.page.page import LayoutError
from crawler.shapes.json_list import JsonList, json_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = JsonList(
    rows="items",
    title="item_basic.name|name",
    url="/product/<item_basic.shopid|shopid>/<item_basic.itemid|itemid>",
    code="item_basic.itemid|itemid",
    price="item_basic.price|item_basic.price_min|price",
    price_divisor=100_000,
    currency="item_basic.currency|currency",
    seller="item_basic.shop_name",
    seller_id="item_basic.shopid|shopid",
    picture="https://cf.shopee.sg/file/<item_basic.image|image>",
    brand="item_basic.brand",
)
_ITEM_RE = re.compile(r"(?:-i\.(\d{3,15})\.(\d{3,20})|/product/(\d{3,15})/(\d{3,20}))$")


class Shopee(Platform):
    """Offers of Shopee. Built from public code, 2026-11; not tried live."""

    name = "shopee"
    allowed_domains = (
        *("shopee.tw", "shopee.sg", "shopee.com.my", "shopee.co.th", "shopee.vn", "shopee.ph", "shopee.co.id"),
        *("shopee.com.br", "shopee.com"),
    )
    proof = Proof(SOURCE, "github.com/lthoangg/shopee-crawler: the answer of api/v4/search/search_items", "2026-11-22")
    limits = "Own session only (HAR); questions go to shopee.tw."
    gated = True
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the results, newest first."""
        query = f"by=ctime&keyword={quote(question)}&limit=60&newest=0&order=desc&page_type=search"
        return Request(
            url=f"https://shopee.tw/api/v4/search/search_items?{query}&scenario=PAGE_GLOBAL_SEARCH&version=2"
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The rows of an answer, or an offer's own page."""
        if page.is_html:
            item = _ITEM_RE.search(urlsplit(page.url).path)
            if item is None:
                yield from self.read_other(page)
                return
            shop, number = (item[1] or item[3]), (item[2] or item[4])
            url = page.urljoin(f"/product/{shop}/{number}")
            yield self.listing(**offer_fields(page, url=url, sku=number, seller_id=shop))
            return
        answer = page.json()
        if answer.get("error"):
            raise LayoutError(f"shopee answered error {answer['error']}")
        for row in json_rows(page, answer, LIST):
            yield self.listing(**row)
