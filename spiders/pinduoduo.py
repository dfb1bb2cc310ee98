"""Pinduoduo (拼多多): rows of a recorded list answer, and an offer's own saved page.

Built from public code that reads the same lists (jerrychan807/Pinduoduo_Spiders, goods.py, read 2026-11-22) and public
tests of a parser of `window.rawData`; not tried live. Quirks: amounts are in fen; the price that counts is that of the
group, not the single one. Every question is signed (anti_content), so answers come from an analyst's own session.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from crawler.items import Picture
from crawler.page.page import LayoutError
from crawler.shapes.json_list import JsonList, embedded_json, json_rows, text_at
from spiders import SOURCE, Listing, Page, Platform, Proof, Request, parse_price

LIST = JsonList(
    rows="goods_list",
    title="goods_name",
    url="https://mobile.yangkeduo.com/goods.html?goods_id=<goods_id>",
    code="goods_id",
    price="group.price|price|normal_price",
    price_divisor=100,
    currency="CNY",
    seller="mall_name",
    seller_id="mall_id",
    picture="hd_url|hd_thumb_url|thumb_url",
)
_GOODS_PATHS = ("store.initDataObj.goods", "initDataObj.goods", "store.goods", "goods")


class Pinduoduo(Platform):
    """Offers of pinduoduo.com and yangkeduo.com. Built from public code, 2026-11; not tried live."""

    name = "pinduoduo"
    allowed_domains = ("yangkeduo.com", "pinduoduo.com")
    proof = Proof(SOURCE, "github.com/jerrychan807/Pinduoduo_Spiders pdd_spider_v2: goods_list rows", "2026-11-22")
    limits = "Own session only (HAR): questions are signed, so there is no search."
    gated = True
    off_by_default = True

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """Rows of a list answer, or the offer of a saved page."""
        if page.is_html:
            yield self._offer(page, embedded_json(page, "window.rawData"))
            return
        for row in json_rows(page, page.json(), LIST):
            yield self.listing(**row)

    def _offer(self, page: Page, state: Any) -> Listing:
        for where in _GOODS_PATHS:
            goods = text_at(state, f"{where}.goodsName") and where
            if goods:
                break
        else:
            raise LayoutError("pinduoduo: the page's state has no goods")
        number = text_at(state, f"{goods}.goodsID|{goods}.goodsId")
        amount = parse_price(text_at(state, f"{goods}.minOnSaleGroupPriceInCent|{goods}.minGroupPriceInCent"), "CNY")
        shown_price = parse_price(text_at(state, f"{goods}.minOnSaleGroupPrice|{goods}.minGroupPrice"), "CNY")
        money = amount.amount / Decimal(100) if amount else shown_price.amount if shown_price else None
        pictures = [
            page.link(text_at(state, f"{goods}.topGallery.{at}.url|{goods}.topGallery.{at}")) for at in range(3)
        ]
        return self.listing(
            url=f"https://mobile.yangkeduo.com/goods.html?goods_id={number}" if number else page.url,
            title=text_at(state, f"{goods}.goodsName"),
            sku=number or None,
            price=money,
            currency="CNY" if money is not None else None,
            seller=text_at(state, f"{goods}.mallName|store.initDataObj.mall.mallName|initDataObj.mall.mallName")
            or None,
            pictures=tuple(Picture(url=address) for address in pictures if address),
        )
