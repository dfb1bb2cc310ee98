"""Amazon, in twelve storefronts: title, ASIN, price, brand, seller and availability of an offer; rows of a search.

Built from 16 saved offer pages of four storefronts (bench/pages.py), 2026-11; the list of results from public scrapers
of the same markup (`data-component-type`, `data-asin`). Quirks: no JSON-LD; "brand" is a line under the title that also
says "Visit the X Store" in each language; a price stands in several boxes, the one to pay first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.money import Money
from crawler.page.vocabulary import meaning_pattern
from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from crawler.urls import url_host
from spiders import PAGE, Listing, Page, Platform, Proof, Request, parse_price

LIST = HtmlList(
    container="#search, .s-main-slot",
    row="div[data-component-type='s-search-result'][data-asin]",
    title="h2",
    url="h2 a@href|a.a-link-normal@href",
    code="@data-asin",
    price=".a-price .a-offscreen",
    picture="img.s-image@src",
)
_ASIN_RE = re.compile(r"/(?:dp|gp/product|gp/aw/d)/([A-Z0-9]{10})(?:[/?#]|$)")
_STORE_RE = re.compile(
    r"^(?:brand|marque|marca|marke|merk|märke|ブランド|品牌)\s{0,3}[:：]\s{0,3}|^(?:visit the|visiter la boutique|"
    r"visita lo store di|visita la tienda de|besuchen sie den)\s|[\s-](?:store|shop)$",
    re.I,
)
_PAID_PRICE_SELECTOR = (
    ".priceToPay .a-offscreen, .apexPriceToPay .a-offscreen, #price_inside_buybox, #priceblock_dealprice, "
    "#priceblock_saleprice, #priceblock_ourprice, #newBuyBoxPrice, #kindle-price, .offer-price"
)


class Amazon(Platform):
    """Offers of Amazon. Built from 16 saved pages, 2026-11; not tried live."""

    name = "amazon"
    allowed_domains = (
        *("amazon.com", "amazon.co.uk", "amazon.de", "amazon.fr", "amazon.it", "amazon.es", "amazon.co.jp"),
        *("amazon.ca", "amazon.com.br", "amazon.com.mx", "amazon.in", "amazon.cn"),
    )
    proof = Proof(PAGE, "16 offer pages of amazon.com, .co.uk, .fr and .it in bench/pages.py", "2026-11-22")
    limits = "Questions go to amazon.com; other storefronts by address. Often gated: then the outcome is challenged."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the results, newest first."""
        return Request(url=f"https://www.amazon.com/s?k={quote(question)}&s=date-desc-rank")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a search."""
        asin = _ASIN_RE.search(urlsplit(page.url).path + "/")
        if asin:
            yield self._offer(page, asin[1])
        elif urlsplit(page.url).path.rstrip("/") not in ("/s", "/gp/aw/s"):
            yield from self.read_other(page)
        else:
            for row in html_rows(page, LIST):
                yield self.listing(**row | {"url": page.urljoin(f"/dp/{row['sku']}")})

    def _offer(self, page: Page, asin: str) -> Listing:
        asin_input = page.css("input#ASIN, input[name=ASIN]")  # the page may show another variant than requested
        asin = (asin_input.attrib.get("value") if len(asin_input) else "") or asin
        byline = page.css("#bylineInfo").text(default="")
        brand = _STORE_RE.sub("", _STORE_RE.sub("", byline)).strip()
        stock_note = page.css("#availability").text(default="")
        state = "OutOfStock" if meaning_pattern("sold").search(stock_note[:80]) else None
        paid_price: Money | None = parse_price(
            page.css(_PAID_PRICE_SELECTOR).text(default=""), None, url_host(page.url)
        )
        fields = offer_fields(
            page,
            url=page.urljoin(f"/dp/{asin}"),
            title=page.css("#productTitle").text(default=None),
            sku=asin,
            availability=state,
            seller=page.css("#sellerProfileTriggerId, #merchant-info a").text(default=None) or None,
        )
        if brand and len(brand) < 60 and "Store" not in brand:
            fields["brand"] = brand
        if paid_price:
            fields |= {"price": paid_price.amount, "currency": paid_price.currency or fields.get("currency")}
            fields["price_high"] = None
        elif state:
            fields |= {"price": None, "price_high": None, "currency": None}  # prices shown then belong to other offers
        return self.listing(**fields)
