"""Xiaomi GetApps (小米应用商店): apps of a search, an app's own page, and the lists by category.

Built from public code that reads the same list and the answers by category (a13544835729/spider-xiaomi-app, and ten
readers of app.mi.com/search, `ul.applist li h5 a`; read 2026-11-22); not tried live. Quirks: the name of a package is
the parameter `id`; the maker stands in a heading of no class on the app's own page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

from crawler.items import Picture
from crawler.shapes.html_list import HtmlList, html_rows
from crawler.shapes.json_list import JsonList, json_rows
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

SITE = "https://app.mi.com"
LIST = HtmlList(
    container="ul.applist, .applist-wrap, .no-result",
    row="ul.applist li",
    title="h5 a|h5",
    url="h5 a@href|a@href",
    picture="img@data-src|img@src",
)
CATEGORY_LIST = JsonList(
    rows="data",
    title="displayName",
    url=f"{SITE}/details?id=<packageName>",
    code="packageName",
    picture="icon",
    publisher="publisherName",
)
_PACKAGE_RE = re.compile(r"[A-Za-z][\w.]{1,200}")


class Xiaomi(Platform):
    """Apps of app.mi.com. Built from public code, 2026-11; not tried live."""

    name = "xiaomi"
    allowed_domains = ("app.mi.com", "app.xiaomi.com")
    kind = ListingKind.APP
    proof = Proof(
        SOURCE, "github.com/a13544835729/spider-xiaomi-app, and ten readers of app.mi.com/search", "2026-11-22"
    )
    limits = "The first page of results only."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results."""
        return Request(url=f"{SITE}/search?keywords={quote(question)}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The apps of a search or a category, or one app."""
        package = _package(page.url)
        if not page.is_html:
            for row in json_rows(page, page.json(), CATEGORY_LIST):
                yield self._listing(str(row["sku"]), **row)
        elif package:
            yield self._app(page, package)
        else:
            for row in html_rows(page, LIST):
                row_package = _package(row["url"])
                if row_package:
                    yield self._listing(row_package, **row)

    def _app(self, page: Page, package: str) -> Listing:
        maker = page.css(".intro-titles p").text(default=None)
        icon = page.css(".app-info img, .yellow-flower, .intro img")
        address = page.link(icon.attrib.get("src", "")) if len(icon) else None
        return self._listing(
            package,
            title=page.css(".intro-titles h3, h3").text(),
            text=page.css(".app-text .pslide, .app-text").text(default=""),
            publisher=maker,
            seller=maker,
            pictures=(Picture(url=address),) if address else (),
        )

    def _listing(self, package: str, **fields: object) -> Listing:
        own_fields = {"url": f"{SITE}/details?id={package}", "sku": package, "identifiers": {"package": (package,)}}
        return self.listing(**fields | own_fields)


def _package(address: str) -> str:
    parts = urlsplit(address)
    name = (parse_qs(parts.query).get("id") or [""])[0]
    return name if parts.path.endswith("/details") and _PACKAGE_RE.fullmatch(name) else ""
