"""JD (京东): rows of a saved page of results, and an offer's own page. Prices of an offer's page come by script.

Built from public code that reads the same list (WangJape/PythonDemo, ScrapyDemo/JDDemo/spiders/jd.py, read 2026-11-22)
and its mirrors; not tried live. Quirks: search asks for a signed parameter (h5st) and a login, so it is read from an
analyst's own session; a login wall is an address of passport.jd.com.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = HtmlList(
    container="#J_goodsList, #J_searchWrap, .check-error, #plist",
    row="#J_goodsList li.gl-item, #plist li.gl-item",
    title=".p-name em|.p-name a@title",
    url=".p-name a@href|.p-img a@href",
    code="@data-sku",
    price=".p-price i|.p-price",
    currency="CNY",
    seller=".p-shop a|.p-shop span@title",
    picture=".p-img img@data-lazy-img|.p-img img@src",
)
_ITEM_RE = re.compile(r"/(?:product/)?(\d{5,20})\.html")


class Jd(Platform):
    """Offers of jd.com. Built from public code, 2026-11; not tried live."""

    name = "jd"
    allowed_domains = ("jd.com", "jd.hk", "m.jd.com")
    proof = Proof(SOURCE, "github.com/WangJape/PythonDemo ScrapyDemo/JDDemo: the list of search.jd.com", "2026-11-22")
    limits = "Search needs an own session (HAR); the price of an offer's own page is not in it."
    gated = True
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results; without a session it leads to a login wall."""
        return Request(url=f"https://search.jd.com/Search?keyword={quote(question)}&enc=utf-8")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a page of results."""
        item = _ITEM_RE.search(urlsplit(page.url).path)
        if item is None and "earch" not in page.url:
            yield from self.read_other(page)
            return
        if item is None:
            for row in html_rows(page, LIST):
                yield self.listing(**row)
            return
        fields = offer_fields(
            page,
            url=f"https://item.jd.com/{item[1]}.html",
            sku=item[1],
            title=page.css(".sku-name, #name h1").text(default=None),
            seller=page.css(".J-hove-wrap .name a, .popbox-inner .mt h3 a").text(default=None),
        )
        yield self.listing(**fields)
