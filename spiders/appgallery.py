"""Huawei AppGallery, a single page application: its list is drawn by JavaScript, so requests ask for the browser.

Built from public code that automates the site, 2026-11; not tried live, and the markup is in part a guess. Known: the
address /search/<question>, cards `div.tem` with the name in `.intro_left > p`, and the answer that feeds the page
(method=internal.getTabDetail: layoutData[].dataList[] with name, package, appid), which is read as well where a HAR
file holds it. Guessed: that a card links to /app/C<number>, and the heading of an app's own page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from crawler.items import Picture
from crawler.page.page import Selection
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

SITE = "https://appgallery.huawei.com"
_APP_RE = re.compile(r"/app/(C\d{4,15})")
_CARD_SELECTOR = "a[href*='/app/C']"
_NAME_SELECTOR = ".intro_left > p, .name, h3, p"


class AppGallery(Platform):
    """Apps of AppGallery. Built from public code, partly a guess, 2026-11; not tried live."""

    name = "appgallery"
    allowed_domains = ("appgallery.huawei.com", "appgallery1.huawei.com", "dbankcloud.com", "dbankcloud.cn")
    proof = Proof(
        SOURCE, "ten public readers of internal.getTabDetail; the drawn markup is in part a guess", "2026-11-22"
    )
    limits = "Drawn by Chromium; a token that the page fetches itself is needed."
    kind = ListingKind.APP
    browser = True

    def search(self, question: str) -> Request:
        """Request the page of results, rendered by Chromium."""
        return Request(url=f"{SITE}/search/{quote(question, safe='')}", browser=True, wait_for=_CARD_SELECTOR)

    def open(self, address: str, code: str | None = None) -> Request:
        """Request an app's own page, rendered by Chromium."""
        return Request(url=address, browser=True, wait_for="h1, .center_info .title")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The cards of a rendered list, the app of a rendered page, or the apps of the answer behind them."""
        app = _APP_RE.search(urlsplit(page.url).path)
        if not page.is_html:
            yield from self._from_answer(page)
        elif app:
            yield self._app(page, app[1])
        else:
            yield from self._cards(page)

    def _cards(self, page: Page) -> Iterator[Listing]:
        seen_numbers: set[str] = set()
        for card in page.css(_CARD_SELECTOR):
            app = _APP_RE.search(unquote(card.attrib["href"]))
            title = card.css(_NAME_SELECTOR).text(default="") or card.attrib.get("title", "") or card.text()
            if app and title and app[1] not in seen_numbers:
                seen_numbers.add(app[1])
                maker = card.css(".developer, .intro_left > .dev").text(default=None)
                yield self._listing(app[1], title, publisher=maker, pictures=_icon(page, card), whole=False)

    def _app(self, page: Page, number: str) -> Listing:
        heading = page.css("h1, .center_info .title")
        title = heading.text(default="") or page.css("meta[property='og:title']").attrib["content"]
        return self._listing(
            number,
            title,
            text=page.css(".horizontal_desc, .app_desc, .desc").text(default=""),
            publisher=page.css(".center_info .developer, .developer").text(default=None),
            pictures=_icon(page, page.css(".center_info, .app_icon, body")),
        )

    def _from_answer(self, page: Page) -> Iterator[Listing]:
        seen_numbers: set[str] = set()
        for layout in page.json().get("layoutData") or ():
            for row in layout.get("dataList") or ():
                for entry in row.get("list") or [row]:
                    number, title = str(entry.get("appid") or ""), entry.get("name")
                    if number and title and number not in seen_numbers:
                        seen_numbers.add(number)
                        yield self._from_row(page, number, entry)

    def _from_row(self, page: Page, number: str, row: Mapping[str, Any]) -> Listing:
        icon = row.get("icon") or row.get("icoUri")
        return self._listing(
            number,
            row["name"],
            identifiers={"package": (row["package"],)} if row.get("package") else {},
            publisher=row.get("developer") or None,
            pictures=(Picture(url=page.urljoin(icon)),) if icon else (),
            whole=False,
        )

    def _listing(self, number: str, title: str, **fields: Any) -> Listing:
        seller = fields.get("publisher")
        return self.listing(url=f"{SITE}/app/{number}", title=title, sku=number, seller=seller, **fields)


def _icon(page: Page, element: Selection) -> tuple[Picture, ...]:
    image = element.css("img[src]")
    return (Picture(url=page.urljoin(image.attrib["src"])),) if image else ()
