"""Google Play: an app's own page in three generations of its layout, and the cards of a search.

Built from five saved pages of apps (2018 to 2020, bench/pages.py) and the project's notes on the data blocks of today,
2026-11; the list from its links alone. Quirks: newer pages tell machines (JSON-LD), older ones mark the developer's
link and the price (itemprop); a price of 0 is "free"; the icon's address carries its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qs, quote, urlsplit

from attrs import evolve

from crawler.items import Picture
from crawler.page.page import Selection
from crawler.shapes.listing_fields import offer_fields
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request, parse_price

_PACKAGE_RE = re.compile(r"[A-Za-z][\w.]{1,200}")
_APP_SELECTOR = "a[href*='/store/apps/details?id=']"
_MAKER_SELECTOR = "a[href*='/store/apps/developer'], a[href*='/store/apps/dev?']"
_ICON_SELECTOR = "img[itemprop=image], img[alt='Cover art'], img[alt='Icon image']"


class GooglePlay(Platform):
    """Apps of Google Play. Built from five saved pages, 2026-11; not tried live."""

    name = "googleplay"
    allowed_domains = ("play.google.com",)
    kind = ListingKind.APP
    proof = Proof(PAGE, "5 pages of apps of 2018 to 2020 in bench/pages.py", "2026-11-22")
    limits = "One storefront (China's language); the cards of a search give name, number and picture."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Search apps only."""
        return Request(url=f"https://play.google.com/store/search?q={quote(question)}&c=apps&hl=zh_CN")

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the app's own page."""
        package = _package(address)
        return Request(url=f"https://play.google.com/store/apps/details?id={package}&hl=zh_CN" if package else address)

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One app, or the cards of a search."""
        package = _package(page.url)
        if package:
            yield self._app(page, package)
            return
        seen_packages: set[str] = set()
        for card in page.css(_APP_SELECTOR):
            card_package, name = _package(page.urljoin(card.attrib["href"])), _name(card)
            if card_package and name and card_package not in seen_packages:
                seen_packages.add(card_package)
                pictures = _pictures(page, card.css("img[src]"))
                yield self._listing(card_package, title=name, pictures=pictures, whole=False)

    def _app(self, page: Page, package: str) -> Listing:
        maker = page.css(_MAKER_SELECTOR).text(default=None)
        price_tags = page.css("meta[itemprop=price]")
        money = parse_price(price_tags.attrib.get("content", ""), None) if len(price_tags) else None
        fields = offer_fields(page, title=page.css("h1").text(default=None), seller=maker, publisher=maker)
        fields = {name: fields[name] for name in fields.keys() - {"url", "availability", "brand", "sku", "identifiers"}}
        listing = self._listing(package, **fields)
        pictures = _pictures(page, page.css(_ICON_SELECTOR))
        if money:
            listing = evolve(listing, price=money.amount, price_high=None, currency=money.currency or listing.currency)
        elif listing.price is None and "0" in {tag.attrib.get("content") for tag in price_tags}:
            listing = evolve(listing, price=Decimal(0))
        return evolve(listing, pictures=pictures or listing.pictures)

    def _listing(self, package: str, **fields: object) -> Listing:
        url = f"https://play.google.com/store/apps/details?id={package}"
        return self.listing(url=url, sku=package, identifiers={"package": (package,)}, **fields)


def _name(card: Selection) -> str:
    label = card.attrib.get("title") or card.attrib.get("aria-label") or ""
    spans = (span.text() for span in card.css("span, div.WsMG1c, div"))
    return label.strip() or next((text for text in spans if 1 < len(text) <= 80), "") or str(card.text())[:80]


def _package(address: str) -> str:
    parts = urlsplit(address)
    name = (parse_qs(parts.query).get("id") or [""])[0]
    return name if parts.path.endswith("/apps/details") and _PACKAGE_RE.fullmatch(name) else ""


def _pictures(page: Page, images: Selection) -> tuple[Picture, ...]:
    addresses = (page.link(image.attrib.get("src") or image.attrib.get("data-src") or "") for image in images)
    return tuple(Picture(url=url) for url in list(dict.fromkeys(filter(None, addresses)))[:10])
