"""AliExpress: rows of a page of results, the recorded answer behind an offer's page, and that page itself.

Built from public code, read 2026-11-22: the answer of mtop.aliexpress.pdp.pc.query from sudheer-ranga/
aliexpress-product-scraper (src/parsers.js), the rows (`_init_data_`, mods.itemList.content) from four public readers.
Not tried live. Quirks: each page has a currency of its own and says which; the answer may be wrapped in a call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from crawler.items import Picture
from crawler.page.page import LayoutError
from crawler.shapes.tables import Table, embedded, path, rows_of
from crawler.shapes.wholepage import offer_fields
from spiders import SOURCE, Listing, Page, PlatformSpider, Proof, Request, price

LIST = Table(
    rows="data.root.fields.mods.itemList.content",
    title="title.displayTitle|title.seoTitle",
    url="https://www.aliexpress.com/item/<productId|redirectedId>.html",
    code="productId|redirectedId",
    price="prices.salePrice.minPrice|prices.salePrice.value",
    currency="prices.salePrice.currencyCode",
    seller="store.storeName",
    seller_id="store.storeId",
    picture="image.imgUrl",
)
_ITEM = re.compile(r"/(?:item|i)/(?:[^/]{1,200}/)?(\d{8,20})\.html")
_CALL = re.compile(r"^\s{0,20}[A-Za-z0-9_]{1,40}\(")


class Aliexpress(PlatformSpider):
    """Offers of AliExpress. Built from public code, 2026-11; not tried live."""

    name = "aliexpress"
    allowed_domains = ("aliexpress.com", "aliexpress.us", "aliexpress.ru")
    proof = Proof(SOURCE, "github.com/sudheer-ranga/aliexpress-product-scraper src/parsers.js", "2026-11-22")
    limits = "Often a slider: then the outcome is challenged. The answer behind an offer is signed: own session (HAR)."
    off_by_default = True

    def search(self, question: str) -> Request:
        """The page of results."""
        return Request(url=f"https://www.aliexpress.com/w/wholesale-{quote(question, safe='')}.html")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, the answer behind it, or the rows of a page of results."""
        item = _ITEM.search(urlsplit(page.url).path)
        if _CALL.match(page.source[:60]) or not page.is_html:
            yield self._answered(page, _unwrapped(page))
        elif item:
            url = f"https://www.aliexpress.com/item/{item[1]}.html"
            yield self.listing(**offer_fields(page, url=url, sku=item[1]))
        elif "wholesale" in page.url:
            state = {
                "data": embedded(page, "_init_data_= { data:", "_init_data_={data:", "_init_data_ = { data:")["data"]
            }
            for row in rows_of(page, state, LIST):
                yield self.listing(**row)
        else:
            yield from self.other(page)

    def _answered(self, page: Page, answer: Any) -> Listing:
        result = path(answer, "data.result.GLOBAL_DATA.globalData.productId|data.result.PRODUCT_TITLE.text")
        if not result:
            raise LayoutError(f"aliexpress: no offer, but {path(answer, 'ret.0')[:100]!r}")
        known = "data.result.GLOBAL_DATA.globalData"
        asked = "data.result.PRICE.targetSkuPriceInfo"
        money = price(
            path(answer, f"{asked}.salePrice.value|{asked}.salePriceString|{asked}.originalPrice.value"),
            path(answer, f"{asked}.salePrice.currency|{asked}.originalPrice.currency|{known}.currencyCode"),
        )
        number = path(answer, f"{known}.productId")
        pictures = [page.link(path(answer, f"data.result.HEADER_IMAGE_PC.imagePathList.{at}")) for at in range(5)]
        return self.listing(
            url=f"https://www.aliexpress.com/item/{number}.html" if number else page.url,
            title=path(answer, f"data.result.PRODUCT_TITLE.text|{known}.subject"),
            sku=number or None,
            price=money.amount if money else None,
            currency=money.currency if money else None,
            seller=path(answer, f"data.result.SHOP_CARD_PC.storeName|{known}.storeName") or None,
            seller_id=path(answer, f"{known}.sellerId") or None,
            pictures=tuple(Picture(url=each) for each in pictures if each),
        )


def _unwrapped(page: Page) -> Any:
    text = _CALL.sub("", page.source).rstrip().rstrip(";").removesuffix(")") if page.is_html else page.source
    try:
        return json.loads(text)
    except ValueError as error:
        raise LayoutError(f"aliexpress: no JSON: {error}") from None
