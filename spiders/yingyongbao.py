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
from crawler.shapes.json_list import embedded_json, text_at
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

SITE = "https://sj.qq.com"
_RESULTS_CARD, _APP_CARD = "YYB_HOME_SEARCH_NORMAL_GAME", "yybn_game_basic_info"
_PACKAGE_RE = re.compile(r"/appdetail/([A-Za-z][\w.]{1,200})/?$")


class Yingyongbao(Platform):
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
        """Request the page of results."""
        return Request(url=f"{SITE}/search?q={quote(question)}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The apps of a search, or one app."""
        state = embedded_json(page, '__NEXT_DATA__" type="application/json"', "__NEXT_DATA__")
        components = state["props"]["pageProps"]["dynamicCardResponse"]["data"]["components"]
        app_match = _PACKAGE_RE.search(urlsplit(page.url).path)
        if not app_match and state.get("page") != "/search":
            raise LayoutError(f"yingyongbao: no page of results but {state.get('page')!r}")
        card = _APP_CARD if app_match else _RESULTS_CARD
        apps = [app for component in components if component.get("cardId") == card for app in _items(component)]
        if app_match and not apps:
            raise LayoutError("yingyongbao: no app on its page")
        for app in apps:
            yield self._app(page, app, whole=bool(app_match))

    def _app(self, page: Page, app: Any, whole: bool) -> Listing:
        package = text_at(app, "pkg_name")
        icon, maker = page.link(text_at(app, "icon")), text_at(app, "developer|author|cp_name") or None
        return self.listing(
            url=f"{SITE}/appdetail/{package}",
            title=text_at(app, "name|app_name"),
            text=text_at(app, "description|editor_intro|intro"),
            identifiers={"package": (package,)},
            sku=package,
            publisher=maker,
            seller=maker,
            pictures=(Picture(url=icon),) if icon else (),
            whole=whole,
        )


def _items(card: Any) -> list[Any]:
    items = card.get("data", {}).get("itemData") or []
    return [item for item in items if isinstance(item, dict) and item.get("pkg_name")]
