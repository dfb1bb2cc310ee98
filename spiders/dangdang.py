"""Dangdang (当当): rows of a search with price, shop and author; an offer's own page by what it tells everyone.

Built from public code that reads the same list (m1666/PythonTools, bookTool/spider_dangdang.py, read 2026-11-22); not
tried live. Quirks: pages are in GBK and so are the words of a question; a row without a shop is sold by Dangdang
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = HtmlList(
    container="#search_nature_rg, .search_no_result, #no_result",
    row="#search_nature_rg ul > li",
    title="a.pic@title|p.name a@title|a@title",
    url="a.pic@href|p.name a@href|a@href",
    code="@sku",
    price=".search_now_price",
    currency="CNY",
    seller=".search_shangjia a",
    author=".search_book_author a@title",
    picture="a.pic img@data-original|a.pic img@src|img@data-original|img@src",
    text=".detail",
)
OWN_SHOP = "当当自营"
_ITEM_RE = re.compile(r"/(\d{5,15})\.html")


class Dangdang(Platform):
    """Offers of dangdang.com. Built from public code, 2026-11; not tried live."""

    name = "dangdang"
    allowed_domains = ("dangdang.com",)
    proof = Proof(SOURCE, "github.com/m1666/PythonTools bookTool/spider_dangdang.py: its list of results", "2026-11-22")
    limits = "Pages after the first are not asked."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the first page of results, newest first."""
        words = quote(question, encoding="gb18030")
        return Request(url=f"http://search.dangdang.com/?key={words}&act=input&sort_type=sort_pubdate_desc")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a search."""
        item = _ITEM_RE.fullmatch(urlsplit(page.url).path)
        if item:
            title = page.css(".name_info h1").attrib.get("title") if len(page.css(".name_info h1")) else None
            yield self.listing(**offer_fields(page, sku=item[1], title=title or None))
            return
        if "search." not in page.url:
            yield from self.read_other(page)
            return
        for row in html_rows(page, LIST):
            number = _ITEM_RE.fullmatch(urlsplit(row["url"]).path)
            overrides = {"seller": row["seller"] or OWN_SHOP, "sku": number[1] if number else row["sku"]}
            yield self.listing(**row | overrides)
