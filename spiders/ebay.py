"""eBay: one offer with its item number, seller and condition; the rows of a search.

Built from five saved offer pages of ebay.com, .ie and .it (bench/pages.py), 2026-11; the list of results from public
scrapers of the same markup (`s-item`). Quirks: headings begin with "Details about" in each language; a converted price
stands beside the real one; a list begins with a row "Shop on eBay" that is no offer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.page.page import LayoutError
from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from crawler.urls import url_host
from spiders import PAGE, Listing, Page, Platform, Proof, Request, parse_price

LIST = HtmlList(
    container="#srp-river-results, .srp-results, .srp-save-null-search",
    row="li.s-item, li.s-card",
    title=".s-item__title span[role=heading]|.s-item__title|.s-card__title",
    url="a.s-item__link@href|a.s-card__link@href|a@href",
    price=".s-item__price|.s-card__price",
    seller=".s-item__seller-info-text|.s-item__seller-info",
    picture=".s-item__image-img@src|img@src",
)
_ITEM_RE = re.compile(r"/itm/(?:[^/]{1,200}/)?(\d{9,15})")
_NEW_RE = re.compile(r"^(?:new listing|neues angebot|nuova inserzione|nouvelle annonce)\s", re.I)


class Ebay(Platform):
    """Offers of eBay. Built from five saved pages, 2026-11; not tried live."""

    name = "ebay"
    allowed_domains = (
        *("ebay.com", "ebay.co.uk", "ebay.de", "ebay.fr", "ebay.it", "ebay.es", "ebay.ie", "ebay.ca", "ebay.com.au"),
        *("ebay.at", "ebay.ch", "ebay.nl", "ebay.pl", "ebay.com.hk", "ebay.com.sg"),
    )
    proof = Proof(PAGE, "5 offer pages of ebay.com, .ie and .it in bench/pages.py", "2026-11-22")
    limits = "Questions go to ebay.com; other sites by address. Auctions: the price is the current bid."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the results, newest first."""
        return Request(url=f"https://www.ebay.com/sch/i.html?_nkw={quote(question)}&_sop=10")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a search."""
        item = _ITEM_RE.search(urlsplit(page.url).path)
        if item:
            yield self._offer(page, item[1])
            return
        if "/sch/" not in page.url:
            yield from self.read_other(page)
            return
        for row in html_rows(page, LIST):
            number = _ITEM_RE.search(urlsplit(row["url"]).path)
            if number and number[1] != "123456":
                url = page.urljoin(f"/itm/{number[1]}")
                yield self.listing(**row | {"url": url, "sku": number[1], "title": _NEW_RE.sub("", row["title"])})

    def _offer(self, page: Page, number: str) -> Listing:
        if not len(page.css("#itemTitle, .x-item-title, [itemtype*='schema.org/Product'], h1")):
            raise LayoutError("ebay: no offer")
        price_element = page.css("#prcIsum, #mm-saleDscPrc, #prcIsum_bidPrice, .x-price-primary")
        text = price_element.text(default="")
        exact = price_element.attrib.get("content") if len(price_element) else None
        money = parse_price(exact, text, url_host(page.url)) if exact else parse_price(text, None, url_host(page.url))
        fields = offer_fields(
            page,
            url=page.urljoin(f"/itm/{number}"),
            sku=number,
            seller=page.css(".mbg-nw, .x-sellercard-atf__info__about-seller a").text(default=None),
        )
        if money:
            fields |= {"price": money.amount, "price_high": None, "currency": money.currency or fields.get("currency")}
        return self.listing(**fields)
