"""Mercado Libre and Mercado Livre: rows of the public API of its search, an offer's own page by what it tells machines.

Built from public code that reads the same API (wallee94/mercadolibre-scraper, spiders/ApiMexicoSpider.py, read
2026-11-22); not tried live. Quirks: one site of the API per country (MLA, MLB, MLM, ...); the API may ask for a token
now: an answer that says so is an error, loudly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from crawler.page.page import LayoutError
from crawler.shapes.json_list import JsonList, json_rows, text_at
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

SITE, ROWS_PER_PAGE = "MLM", 50
LIST = JsonList(
    rows="results",
    title="title",
    url="permalink",
    code="id",
    price="price",
    currency="currency_id",
    seller="seller.nickname|official_store_name",
    seller_id="seller.id",
    picture="thumbnail",
    condition="condition",
)
_ITEM_RE = re.compile(r"/(M[A-Z]{2})-?(\d{6,15})")


class Mercadolibre(Platform):
    """Offers of Mercado Libre. Built from public code, 2026-11; not tried live."""

    name = "mercadolibre"
    allowed_domains = (
        *("mercadolibre.com", "mercadolibre.com.mx", "mercadolibre.com.ar", "mercadolibre.cl", "mercadolibre.com.co"),
        *("mercadolibre.com.pe", "mercadolibre.com.uy", "mercadolibre.com.ve", "mercadolivre.com.br"),
    )
    proof = Proof(SOURCE, "github.com/wallee94/mercadolibre-scraper spiders/ApiMexicoSpider.py", "2026-11-22")
    limits = "Questions go to the API's site for Mexico (MLM); other countries by address."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the first rows of one country."""
        return Request(
            url=f"https://api.mercadolibre.com/sites/{SITE}/search?q={quote(question)}&limit={ROWS_PER_PAGE}&offset=0"
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The rows of an answer and its next page, or one offer."""
        if page.is_html:
            item = _ITEM_RE.search(urlsplit(page.url).path)
            sku = f"{item[1]}{item[2]}" if item else None
            yield from [self.listing(**offer_fields(page, sku=sku))] if item else self.read_other(page)
            return
        answer = page.json()
        if "results" not in answer:
            raise LayoutError(f"mercadolibre answered {text_at(answer, 'message|error')[:100]!r}")
        for row in json_rows(page, answer, LIST):
            yield self.listing(**row)
        offset, limit, total = (int(text_at(answer, f"paging.{name}") or 0) for name in ("offset", "limit", "total"))
        if limit and offset + limit < min(total, 1000):
            query = dict(parse_qsl(urlsplit(page.url).query)) | {"offset": str(offset + limit)}
            address = page.url.partition("?")[0]
            yield Request(url=f"{address}?{urlencode(query)}", page=offset // limit + 2)
