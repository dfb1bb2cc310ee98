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
from crawler.shapes.json_list import JsonList, embedded_json, json_rows, text_at
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request, parse_price

LIST = JsonList(
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
_ITEM_RE = re.compile(r"/(?:item|i)/(?:[^/]{1,200}/)?(\d{8,20})\.html")
_CALL_RE = re.compile(r"^\s{0,20}[A-Za-z0-9_]{1,40}\(")


class Aliexpress(Platform):
    """Offers of AliExpress. Built from public code, 2026-11; not tried live."""

    name = "aliexpress"
    allowed_domains = ("aliexpress.com", "aliexpress.us", "aliexpress.ru")
    proof = Proof(SOURCE, "github.com/sudheer-ranga/aliexpress-product-scraper src/parsers.js", "2026-11-22")
    limits = "Often a slider: then the outcome is challenged. The answer behind an offer is signed: own session (HAR)."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"https://www.aliexpress.com/w/wholesale-{quote(question, safe='')}.html")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, the answer behind it, or the rows of a page of results."""
        item = _ITEM_RE.search(urlsplit(page.url).path)
        if _CALL_RE.match(page.source[:60]) or not page.is_html:
            yield self._from_answer(page, _unwrap(page))
        elif item:
            url = f"https://www.aliexpress.com/item/{item[1]}.html"
            yield self.listing(**offer_fields(page, url=url, sku=item[1]))
        elif "wholesale" in page.url:
            state = {
                "data": embedded_json(page, "_init_data_= { data:", "_init_data_={data:", "_init_data_ = { data:")[
                    "data"
                ]
            }
            for row in json_rows(page, state, LIST):
                yield self.listing(**row)
        else:
            yield from self.read_other(page)

    def _from_answer(self, page: Page, answer: Any) -> Listing:
        result = text_at(answer, "data.result.GLOBAL_DATA.globalData.productId|data.result.PRODUCT_TITLE.text")
        if not result:
            raise LayoutError(f"aliexpress: no offer, but {text_at(answer, 'ret.0')[:100]!r}")
        global_path = "data.result.GLOBAL_DATA.globalData"
        price_path = "data.result.PRICE.targetSkuPriceInfo"
        money = parse_price(
            text_at(
                answer, f"{price_path}.salePrice.value|{price_path}.salePriceString|{price_path}.originalPrice.value"
            ),
            text_at(
                answer,
                f"{price_path}.salePrice.currency|{price_path}.originalPrice.currency|{global_path}.currencyCode",
            ),
        )
        number = text_at(answer, f"{global_path}.productId")
        pictures = [page.link(text_at(answer, f"data.result.HEADER_IMAGE_PC.imagePathList.{at}")) for at in range(5)]
        return self.listing(
            url=f"https://www.aliexpress.com/item/{number}.html" if number else page.url,
            title=text_at(answer, f"data.result.PRODUCT_TITLE.text|{global_path}.subject"),
            sku=number or None,
            price=money.amount if money else None,
            currency=money.currency if money else None,
            seller=text_at(answer, f"data.result.SHOP_CARD_PC.storeName|{global_path}.storeName") or None,
            seller_id=text_at(answer, f"{global_path}.sellerId") or None,
            pictures=tuple(Picture(url=address) for address in pictures if address),
        )


def _unwrap(page: Page) -> Any:
    text = _CALL_RE.sub("", page.source).rstrip().rstrip(";").removesuffix(")") if page.is_html else page.source
    try:
        return json.loads(text)
    except ValueError as error:
        raise LayoutError(f"aliexpress: no JSON: {error}") from None
