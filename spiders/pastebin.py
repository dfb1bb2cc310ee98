"""Pastebin: a text with its title, author and day; where links to shares are left for others.

Built from a saved page (bench/pages.py), 2026-11. Quirks: the day stands in words in a title attribute; an anonymous
author is called "a guest"; a private text answers with a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from crawler.page.page import LayoutError
from spiders import PAGE, Listing, ListingKind, Page, Platform, Proof, Request

_TEXT_RE = re.compile(r"^/(?:raw/)?([A-Za-z0-9]{6,10})$")
_DAY_RE = re.compile(r"(\d{1,2})\w{0,2} of ([A-Z][a-z]{2,8}) (\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Pastebin(Platform):
    """Texts of pastebin.com. Built from a saved page, 2026-11; not tried live."""

    name = "pastebin"
    allowed_domains = ("pastebin.com",)
    kind = ListingKind.POST
    proof = Proof(PAGE, "1 page of a text in bench/pages.py", "2026-11-22")
    limits = "Texts by address only: its search is no longer its own."
    off_by_default = True

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The text."""
        name = _TEXT_RE.match(urlsplit(page.url).path)
        if name is None or not len(page.css(".source, textarea")):
            raise LayoutError("pastebin: no text")
        body = page.css(".source").text(default="", separator="\n") or page.css("textarea").text(separator="\n")
        author = page.css(".username a").text(default=None)
        when = page.css(".date span[title]")
        yield self.listing(
            url=f"https://pastebin.com/{name[1]}",
            title=page.css(".info-top h1").text(default="") or page.css("title").text(),
            text=body,
            sku=name[1],
            creators=(author,) if author else (),
            seller=author,
            published=_iso_date(when.attrib["title"]) if len(when) else None,
        )


def _iso_date(text: str) -> str | None:
    """ "Monday 27th of April 2020 02:37:18 AM CDT" as 2020-04-27."""
    match = _DAY_RE.search(text)
    if match is None or match[2][:3] not in _MONTHS:
        return None
    return f"{match[3]}-{_MONTHS.index(match[2][:3]) + 1:02d}-{int(match[1]):02d}"
