"""Nyaa, an index of torrents: rows of its feed and of its list, a torrent's own page with submitter, day and hash.

Built from six saved pages and two feeds (bench/pages.py), 2026-11. Quirks: the feed says hash, size and seeders in tags
of its own; rows of the list hold a link to comments before the title; a banned submitter stays named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from crawler.items import SharedFile
from crawler.page.feeds import feed_entries, is_feed
from crawler.page.list_row import find_size
from crawler.shapes.html_list import HtmlList, html_rows, text_in
from crawler.shapes.listing_fields import row_fields
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

LIST = HtmlList(
    container="table.torrent-list, .container h3",
    row="table.torrent-list tbody tr",
    title="td[colspan] a:not(.comments)@title|td[colspan] a:not(.comments)|td a[href*='/view/']@title",
    url="td[colspan] a:not(.comments)@href|td a[href*='/view/']@href",
    text="a[href^='magnet:']@href",
)
_VIEW_RE = re.compile(r"^/view/(\d{1,10})$")


class Nyaa(Platform):
    """Torrents of nyaa.si. Built from saved pages and feeds, 2026-11; not tried live."""

    name = "nyaa"
    allowed_domains = ("nyaa.si", "sukebei.nyaa.si", "nyaa.land")
    kind = ListingKind.POST
    rows_suffice = True
    proof = Proof(PAGE, "6 pages of torrents and 2 feeds of nyaa.si in bench/pages.py", "2026-11-22")
    limits = "75 rows of a question, newest first; comments are not read."
    off_by_default = True

    def search(self, question: str) -> Request:
        """Request the feed, newest first."""
        return Request(url=f"https://nyaa.si/?page=rss&f=0&c=0_0&q={quote(question)}")

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The rows of a feed or of a list, or one torrent."""
        view = _VIEW_RE.match(urlsplit(page.url).path)
        if is_feed(page):
            for row in feed_entries(page):
                yield self.listing(**row_fields(row) | {"kind": self.kind, "whole": True})
        elif view:
            yield self._torrent(page, view[1])
        else:
            for card in html_rows(page, LIST):
                yield self.listing(**card)

    def _torrent(self, page: Page, number: str) -> Listing:
        title = page.css("h3.panel-title").text()
        magnet = page.css("a[href^='magnet:']")
        when = page.css("[data-timestamp]").text(default="")
        table = {row.text().rstrip(":"): row for row in page.css(".panel-body .row > .col-md-1")}
        size = find_size(page.css(".panel-body").text(default="")) if "File size" in table else None
        described = page.css("#torrent-description").text(default="")
        return self.listing(
            url=f"https://{urlsplit(page.url).netloc}/view/{number}",
            title=title,
            text="\n".join(filter(None, (described, magnet.attrib.get("href", "") if len(magnet) else ""))),
            sku=number,
            seller=text_in(page.css(".panel-body").css("a[href^='/user/']"), "@href").removeprefix("/user/") or None,
            published=when[:10] or None,
            files=(SharedFile(name=title, size=size),) if size else (),
            identifiers=_infohash(magnet.attrib.get("href", "") if len(magnet) else ""),
        )


def _infohash(magnet: str) -> dict[str, tuple[str, ...]]:
    match = re.search(r"btih:([0-9A-Za-z]{32,40})", magnet)
    return {"infohash": (match[1].lower(),)} if match else {}
