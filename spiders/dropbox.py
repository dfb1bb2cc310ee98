"""Dropbox: state and name of a share, read from its page.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirk: a page that says 404 in its title
answers 200.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import ShareState
from crawler.shapes.cloud_drives import parse_share, share_listing, share_values, shared_file, state_of
from crawler.shapes.share_states import state_by_words
from spiders import GUESS, Listing, ListingKind, Page, Platform, Proof, Request


class Dropbox(Platform):
    """Shares of dropbox.com. Built from notes, 2026-11; not tried live."""

    name = "dropbox"
    allowed_domains = ("dropbox.com", "dropboxusercontent.com")
    proof = Proof(GUESS, "notes on shares, completed from memory", "2026-11-22")
    limits = "The page only."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share's own page. Raises BadInput if `address` is not a share."""
        link = parse_share("dropbox", address)
        return Request(url=link.url, values=share_values(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from its page."""
        link = parse_share("dropbox", page.values.get("address") or page.url)
        state = state_of(page, self.classify)
        title_tag = page.css('meta[property="og:title"]')
        name = title_tag.attrib.get("content", "") if len(title_tag) else ""
        files = [shared_file(name)] if name and state is ShareState.ALIVE else []
        yield share_listing(self.name, link, state, page, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. An unrecognised answer is `unknown`, never gone."""
        return state_by_words("dropbox", answer) if isinstance(answer, str) else ShareState.UNKNOWN
