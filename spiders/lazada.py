"""Lazada, in six countries: rows of the answer of its search, and an offer's own page.

Built from public code that reads the same answer (Wilson930603/lazada-scraper, spiders/search_result.py, read
2026-11-22); not tried live. Quirks: addresses lack the scheme; amounts have no sign, so the country of the host tells
the currency; a captcha is asked for in JSON with status 200.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from attrs import evolve

from crawler.shapes.json_list import JsonList, embedded_json, json_rows
from crawler.shapes.listing_fields import offer_fields
from crawler.urls import url_host
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = JsonList(
    rows="mods.listItems",
    title="name",
    url="itemUrl|productUrl",
    code="itemId|nid",
    price="price",
    seller="sellerName",
    seller_id="sellerId",
    picture="image",
    brand="brandName",
)
_COUNTRY_CURRENCIES = {"sg": "SGD", "my": "MYR", "th": "THB", "vn": "VND", "ph": "PHP", "id": "IDR"}
_ITEM_RE = re.compile(r"-i(\d{5,15})(?:-s\d{5,15})?\.html$")


class Lazada(Platform):
    """Offers of Lazada. Built from public code, 2026-11; not tried live."""

    name = "lazada"
    allowed_domains = ("lazada.sg", "lazada.com.my", "lazada.co.th", "lazada.vn", "lazada.com.ph", "lazada.co.id")
    proof = Proof(SOURCE, "github.com/Wilson930603/lazada-scraper spiders/search_result.py", "2026-11-22")
    limits = "Questions go to lazada.com.my; others by address. Often a captcha: then the outcome is challenged."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the first page of results, as JSON."""
        query = f"_keyori=ss&ajax=true&from=input&page=1&q={quote(question)}"
        return Request(url=f"https://www.lazada.com.my/catalog/?{query}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The rows of an answer or of a page that holds it, or one offer."""
        item = _ITEM_RE.search(urlsplit(page.url).path)
        currency = _COUNTRY_CURRENCIES.get(url_host(page.url).rpartition(".")[2])
        if item:
            yield self.listing(**offer_fields(page, sku=item[1]))
        elif page.is_html and "pageData" not in page.source:
            yield from self.read_other(page)
        else:
            answer = embedded_json(page, "window.pageData") if page.is_html else page.json()
            for row in json_rows(page, answer, LIST):
                listing = self.listing(**row)
                listing_currency = listing.currency or (currency if listing.price is not None else None)
                yield evolve(listing, currency=listing_currency)
