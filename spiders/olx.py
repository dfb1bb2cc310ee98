"""OLX, classified advertisements: an advertisement's own page and the cards of a list.

Built from two saved pages of olx.com.pk (bench/pages.py), 2026-11; the cards of a list from the same page's own cards
("related ads"). Quirks: elements are named by `data-aut-id`; the number of an advertisement ends its address; the dot
of a price in rupees is a thousands mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from crawler.urls import url_host
from spiders import PAGE, Listing, Page, Platform, Proof, Request, parse_price

LIST = HtmlList(
    container=", ".join(f"[data-aut-id='{name}']" for name in ("itemsList", "itemBox", "noResults", "emptyState")),
    row="[data-aut-id='itemBox']",
    title="[data-aut-id='itemTitle']",
    url="a@href",
    price="[data-aut-id='itemPrice']",
    picture="img@src",
)
_ITEM_RE = re.compile(r"-iid-(\d{6,15})$")


class Olx(Platform):
    """Advertisements of OLX. Built from two saved pages, 2026-11; not tried live."""

    name = "olx"
    allowed_domains = ("olx.com.pk", "olx.in", "olx.co.id", "olx.com.eg")
    proof = Proof(PAGE, "2 pages of advertisements of olx.com.pk in bench/pages.py", "2026-11-22")
    limits = "Questions go to olx.com.pk; the sites of OLX in Europe and Brazil are built otherwise and not claimed."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"https://www.olx.com.pk/items/q-{quote(question.replace(' ', '-'), safe='')}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One advertisement, or the cards of a list."""
        item = _ITEM_RE.search(urlsplit(page.url).path)
        if item:
            money = parse_price(page.css("[data-aut-id='itemPrice']").text(default=""), None, url_host(page.url))
            price_fields = {"price": money.amount, "currency": money.currency} if money else {}
            words = page.css("[data-aut-id='itemDescriptionContent']").text(default=None)
            yield self.listing(**offer_fields(page, sku=item[1], text=words, **price_fields))
            return
        for row in html_rows(page, LIST):
            number = _ITEM_RE.search(urlsplit(row["url"]).path)
            yield self.listing(**row | {"sku": number[1] if number else None})
