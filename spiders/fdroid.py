"""F-Droid and repositories that are compatible with it: every app of an index, and the site's own pages.

Built from saved indexes of both versions (index-v1.json, index-v2.json; bench/pages.py), 2026-11. Quirks: names are by
language, or at the top in old indexes; an icon is a path below the repository; an index holds all apps, so a question
is answered by the site's search, whose cards are known from memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from crawler.items import Picture
from crawler.page.page import LayoutError
from crawler.shapes.html_list import HtmlList, html_rows
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

LANGUAGES = ("zh-CN", "zh", "en-US", "en")
LIST = HtmlList(
    container="#full-package-list, .search-results, .site-search, form[action*='search']",
    row="a.package-header",
    title=".package-name",
    url="@href",
    text=".package-summary",
    picture="img.package-icon@src",
)
_APP_RE = re.compile(r"/packages/([A-Za-z][\w.]{1,200})/?$")


class Fdroid(Platform):
    """Apps of F-Droid. Built from two saved indexes, 2026-11; not tried live."""

    name = "fdroid"
    allowed_domains = ("f-droid.org", "apt.izzysoft.de")
    kind = ListingKind.APP
    proof = Proof(PAGE, "index-v1.json and index-v2.json in bench/pages.py (11 apps each)", "2026-11-22")
    limits = "Other repositories by the address of their index; the cards of the site's search are from memory."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the site's search."""
        return Request(url=f"https://search.f-droid.org/?q={quote(question)}&lang=zh_Hans")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """Every app of an index, the cards of a search, or one app's page."""
        app = _APP_RE.search(urlsplit(page.url).path)
        if not page.is_html:
            yield from self._index(page, page.json())
        elif app:
            name = page.css(".package-name").text()
            yield self._listing(page, app[1], title=name, text=page.css(".package-description").text(default=""))
        else:
            for row in html_rows(page, LIST):
                match = _APP_RE.search(urlsplit(row["url"]).path)
                if match:
                    yield self._listing(page, match[1], title=row["title"], text=row["text"], pictures=row["pictures"])

    def _index(self, page: Page, index: Mapping[str, Any]) -> Iterator[Listing]:
        packages = index.get("packages")
        if isinstance(index.get("apps"), list):
            for app in index["apps"]:
                yield self._app(page, app["packageName"], app | _localized_fields(app), f"icons/{app.get('icon')}")
        elif isinstance(packages, Mapping):
            for package, record in packages.items():
                app = record.get("metadata") or {}
                icon = _localized_value(app.get("icon"))
                yield self._app(page, package, app, str(icon.get("name", "") if isinstance(icon, Mapping) else ""))
        else:
            raise LayoutError("fdroid: no index")

    def _app(self, page: Page, package: str, app: Mapping[str, Any], icon: str) -> Listing:
        picture = page.link(icon.lstrip("/")) if icon and not icon.endswith("None") else None
        return self._listing(
            page,
            package,
            title=str(_localized_value(app.get("name")) or package),
            text="\n".join(str(_localized_value(app.get(part)) or "") for part in ("summary", "description")).strip(),
            publisher=str(app.get("authorName") or "") or None,
            pictures=(Picture(url=picture),) if picture else (),
        )

    def _listing(self, page: Page, package: str, **fields: Any) -> Listing:
        base = page.url.rpartition("/")[0]
        url = f"{base}/#{package}" if "index-v" in page.url and "f-droid.org" not in page.url else ""
        url = url or f"https://f-droid.org/packages/{package}/"
        return self.listing(url=url, sku=package, identifiers={"package": (package,)}, **fields)


def _localized_value(value: Any) -> Any:
    """A localized value in the first of LANGUAGES that it has, else in any; other values unchanged."""
    if not isinstance(value, Mapping):
        return value
    return next((value[language] for language in LANGUAGES if language in value), next(iter(value.values()), None))


def _localized_fields(app: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an app that an old index gives only by language."""
    translation = _localized_value(app.get("localized") or {}) or {}
    return {
        part: translation[part]
        for part in ("name", "summary", "description")
        if not app.get(part) and translation.get(part)
    }
