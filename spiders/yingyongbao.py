"""Tencent MyApp (应用宝): apps of a search and an app's own page, from the data that the page carries for its scripts.

Built from the project's notes and three public readers of the same cards (YYB_HOME_SEARCH_NORMAL_GAME,
yybn_game_basic_info; read 2026-11-22); not tried live. Quirks: plain HTTP answers; where a search finds nothing the
same page holds recommendations that look like results, so the page must call itself /search and only the card of
results counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from crawler.items import Picture
from crawler.page.page import LayoutError
from crawler.shapes.tables import embedded, path
from spiders import SOURCE, Listing, ListingKind, Page, PlatformSpider, Proof, Request

SITE = "https://sj.qq.com"
_RESULTS, _APP = "YYB_HOME_SEARCH_NORMAL_GAME", "yybn_game_basic_info"
_PACKAGE = re.compile(r"/appdetail/([A-Za-z][\w.]{1,200})/?$")


class Yingyongbao(PlatformSpider):
    """Apps of sj.qq.com. Built from notes and public readers, 2026-11; not tried live."""

    name = "yingyongbao"
    allowed_domains = ("sj.qq.com", "a.app.qq.com")
    kind = ListingKind.APP
    proof = Proof(
        SOURCE, "three public readers of __NEXT_DATA__ on sj.qq.com (card YYB_HOME_SEARCH_NORMAL_GAME)", "2026-11-22"
    )
    limits = "The first page of results only."
    off_by_default = True

    def search(self, question: str) -> Request:
        """The page of results."""
        return Request(url=f"{SITE}/search?q={quote(question)}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The apps of a search, or one app."""
        state = embedded(page, '__NEXT_DATA__" type="application/json"', "__NEXT_DATA__")
        components = state["props"]["pageProps"]["dynamicCardResponse"]["data"]["components"]
        asked = _PACKAGE.search(urlsplit(page.url).path)
        if not asked and state.get("page") != "/search":
            raise LayoutError(f"yingyongbao: no page of results but {state.get('page')!r}")
        card = _APP if asked else _RESULTS
        apps = [app for each in components if each.get("cardId") == card for app in _items(each)]
        if asked and not apps:
            raise LayoutError("yingyongbao: no app on its page")
        for app in apps:
            yield self._app(page, app, whole=bool(asked))

    def _app(self, page: Page, app: Any, whole: bool) -> Listing:
        package = path(app, "pkg_name")
        icon, maker = page.link(path(app, "icon")), path(app, "developer|author|cp_name") or None
        return self.listing(
            url=f"{SITE}/appdetail/{package}",
            title=path(app, "name|app_name"),
            text=path(app, "description|editor_intro|intro"),
            identifiers={"package": (package,)},
            sku=package,
            publisher=maker,
            seller=maker,
            pictures=(Picture(url=icon),) if icon else (),
            whole=whole,
        )


def _items(card: Any) -> list[Any]:
    found = card.get("data", {}).get("itemData") or []
    return [each for each in found if isinstance(each, dict) and each.get("pkg_name")]
