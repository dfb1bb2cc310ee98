"""Taobao (淘宝): rows of a saved page of results, and an offer's own page.

Built from a recorded page state in public code (hillerlin/code, myScrapy/mytest/json.py, read 2026-11-22) and from the
project's notes; not tried live. Quirks: the rows stand in `g_page_config` as JSON; advertisements among them lead
through click.simba, so an offer is addressed by its number (`nid`); rows without one are left out. Search asks for a
login: it is read from an analyst's own session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

from crawler.shapes.json_list import JsonList, embedded_json, json_rows
from crawler.shapes.listing_fields import offer_fields
from spiders import SOURCE, Listing, Page, Platform, Proof, Request

LIST = JsonList(
    rows="mods.itemlist.data.auctions",
    title="raw_title|title",
    url="https://item.taobao.com/item.htm?id=<nid>",
    code="nid",
    price="view_price",
    currency="CNY",
    seller="nick",
    seller_id="user_id",
    picture="pic_url",
)
_NUMBER_RE = re.compile(r"\d{6,20}")


class Taobao(Platform):
    """Offers of taobao.com. Built from a recorded page state in public code, 2026-11; not tried live."""

    name = "taobao"
    allowed_domains = ("taobao.com", "world.taobao.com", "tb.cn")
    proof = Proof(SOURCE, "github.com/hillerlin/code myScrapy/mytest/json.py: a recorded g_page_config", "2026-11-22")
    limits = "Own session only (HAR). The newer page of results, which signs its questions, is not read."
    gated = True
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the page of results; without a session it leads to a login wall."""
        return Request(url=f"https://s.taobao.com/search?q={quote(question)}&sort=default&s=0")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """One offer, or the rows of a page of results."""
        number = (parse_qs(urlsplit(page.url).query).get("id") or [""])[0]
        if _NUMBER_RE.fullmatch(number):
            url = f"https://item.taobao.com/item.htm?id={number}"
            title = page.css("[data-title]").attrib["data-title"] if len(page.css("[data-title]")) else None
            yield self.listing(**offer_fields(page, url=url, sku=number, title=title))
            return
        if "/search" not in page.url:
            yield from self.read_other(page)
            return
        config = embedded_json(page, "g_page_config =", "g_page_config=")
        empty = config.get("mods", {}).get("itemlist", {}).get("status") == "hide"
        for row in () if empty else json_rows(page, config, LIST):
            yield self.listing(**row)
