"""Dropbox: state and name of a share, read from its page.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirk: a page that says 404 in its title
answers 200.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import ShareState
from crawler.shapes.drives import entry, named, share_at, shared, state_of
from crawler.shapes.states import by_words
from spiders import GUESS, Listing, ListingKind, Page, PlatformSpider, Proof, Request


class Dropbox(PlatformSpider):
    """Shares of dropbox.com. Built from notes, 2026-11; not tried live."""

    name = "dropbox"
    allowed_domains = ("dropbox.com", "dropboxusercontent.com")
    proof = Proof(GUESS, "notes on shares, completed from memory", "2026-11-22")
    limits = "The page only."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    judges_itself = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Open the share's own page. Raises BadInput where the address is no share."""
        link = share_at("dropbox", address)
        return Request(url=link.url, values=named(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The page is the share."""
        link = share_at("dropbox", page.values.get("address") or page.url)
        state = state_of(page, self.classify)
        found = page.css('meta[property="og:title"]')
        name = found.attrib.get("content", "") if len(found) else ""
        files = [entry(name)] if name and state is ShareState.ALIVE else []
        yield shared(self.name, link, state, page, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. Unrecognised is `unknown`, never gone."""
        return by_words("dropbox", answer) if isinstance(answer, str) else ShareState.UNKNOWN
