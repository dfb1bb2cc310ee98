"""Apple App Store through its official, open search and lookup (itunes.apple.com): rows say all that a page says.

Built from notes on the iTunes Search API and a saved lookup answer, 2026-11; not tried live. Quirks:
one storefront per question; at most 200 rows, no paging; `trackViewUrl` carries the app's name and a campaign
parameter, so hits are keyed by the number alone; `sellerName` is the legal developer, `artistName` its brand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from crawler.errors import BadInput, Problem
from crawler.items import Picture
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request, parse_price

API = "https://itunes.apple.com"
ROWS_PER_QUERY = 50
DEFAULT_COUNTRY = "cn"
_NUMBER_RE = re.compile(r"/id(\d{5,15})")
_STORE_RE = re.compile(r"^/([a-z]{2})/")
_PICTURE_KEYS = ("artworkUrl512", "artworkUrl100")


class AppStore(Platform):
    """Apps of the App Store. Built from notes and a saved answer, 2026-11; not tried live."""

    name = "appstore"
    allowed_domains = ("itunes.apple.com", "apps.apple.com")
    proof = Proof(PAGE, "a lookup answer of itunes.apple.com in bench/pages.py", "2026-11-22")
    limits = "One storefront (China) per question, 50 rows."
    kind = ListingKind.APP
    rows_suffice = True

    def search(self, question: str) -> Request:
        """Search the apps for iPhone and iPad in one storefront."""
        query = {"term": question, "country": DEFAULT_COUNTRY, "entity": "software", "limit": str(ROWS_PER_QUERY)}
        return Request(url=f"{API}/search?{urlencode(query)}")

    def open(self, address: str, code: str | None = None) -> Request:
        """Look the app up by its number. Raises BadInput if the address has none."""
        path = urlsplit(address).path
        number, store = _NUMBER_RE.search(path), _STORE_RE.match(path)
        if number is None:
            raise BadInput(Problem(file=address, message="not the address of an app"))
        return Request(
            url=f"{API}/lookup?{urlencode({'id': number[1], 'country': store[1] if store else DEFAULT_COUNTRY})}"
        )

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """Every app of a search or lookup answer."""
        for row in page.json()["results"]:
            if row.get("wrapperType", "software") == "software" and row.get("trackId"):
                yield self._app(page, row)

    def _app(self, page: Page, row: Mapping[str, Any]) -> Listing:
        store = _STORE_RE.match(urlsplit(str(row.get("trackViewUrl") or "")).path)
        money = parse_price(row.get("price"), row.get("currency"))
        pictures = [row[name] for name in _PICTURE_KEYS if row.get(name)][:1]
        pictures += row.get("screenshotUrls") or row.get("ipadScreenshotUrls") or []
        return self.listing(
            url=f"https://apps.apple.com/{store[1] if store else DEFAULT_COUNTRY}/app/id{row['trackId']}",
            title=row["trackName"],
            text=row.get("description") or "",
            creators=tuple(filter(None, [row.get("artistName")])),
            publisher=row.get("sellerName") or row.get("artistName"),
            identifiers={"bundle": (row["bundleId"],)} if row.get("bundleId") else {},
            sku=str(row["trackId"]),
            seller=row.get("sellerName") or row.get("artistName"),
            seller_id=str(row["artistId"]) if row.get("artistId") else None,
            price=money.amount if money else None,
            currency=money.currency if money else None,
            published=row.get("releaseDate"),
            pictures=tuple(Picture(url=page.urljoin(address)) for address in pictures[:10]),
        )
