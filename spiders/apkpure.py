"""APKPure and mirrors of its layout: apps of a search and an app's own page.

Built from public code that reads the same cards (krishna2206/py-apkpure, appsearch.py, read 2026-11-22); not tried
live. Quirks: name and maker are paragraphs p1 and p2 of a card; the first result stands apart in a card of its own; the
package is the last part of an app's address; a challenge of its guard is frequent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

LIST = HtmlList(
    container=".search-result-page, .search-app, .not-find-result, .app-list",
    row=".app-list li, .first-apk, .is-brand",
    title="p.p1|.p1",
    url="a.dd@href|a.first-info@href|a@href",
    seller="p.p2|.p2",
    picture=".l img@src|img@src",
)
_APP_RE = re.compile(r"/([^/]{1,200})/([A-Za-z]\w{0,60}(?:\.\w{1,60}){1,10})/?$")


class Apkpure(Platform):
    """Apps of APKPure. Built from public code, 2026-11; not tried live."""

    name = "apkpure"
    allowed_domains = ("apkpure.com", "apkpure.net", "apkpure.fr", "apkpure.cn")
    kind = ListingKind.APP
    proof = Proof(SOURCE, "github.com/krishna2206/py-apkpure appsearch.py: the cards of its search", "2026-11-22")
    limits = "Often a challenge of its guard. Questions go to apkpure.com, first page only."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"https://apkpure.com/search?q={quote(question)}&t=app")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The apps of a search, or one app."""
        app = _APP_RE.search(urlsplit(page.url).path)
        if app:
            fields = offer_fields(page)
            maker = page.css(".details-author p, .developer, [itemprop=author]").text(default=None)
            selected = {name: fields[name] for name in ("title", "text", "pictures") if name in fields}
            yield self._listing(page.url.partition("?")[0], app[2], publisher=maker, seller=maker, **selected)
            return
        for row in html_rows(page, LIST):
            match = _APP_RE.search(urlsplit(row["url"]).path)
            if match:
                yield self._listing(row["url"], match[2], **row | {"publisher": row["seller"]})

    def _listing(self, address: str, package: str, **fields: object) -> Listing:
        own_fields = {"url": address, "sku": package, "identifiers": {"package": (package,)}}
        return self.listing(**fields | own_fields)
