"""MediaFire: state, name and size of a shared file, read from its page; nothing is downloaded.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirk: a page without
the file bears the class error_msg_title.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crawler.items import ShareState
from crawler.shapes.cloud_drives import parse_share, share_listing, share_values, shared_file, state_of
from crawler.shapes.share_states import state_by_words
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request


class Mediafire(Platform):
    """Shares of mediafire.com. Built from notes, 2026-11; not tried live."""

    name = "mediafire"
    allowed_domains = ("mediafire.com",)
    proof = Proof(SOURCE, "github.com/pyload/pyload MediafireCom.py: name and the class of a dead page", "2026-11-22")
    limits = "The page only."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share's own page. Raises BadInput if `address` is not a share."""
        link = parse_share("mediafire", address)
        return Request(url=link.url, values=share_values(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from its page."""
        link = parse_share("mediafire", page.values.get("address") or page.url)
        state = state_of(page, self.classify)
        name = page.css(".dl-btn-label, .filename").text(default="")
        size = page.css("#downloadButton").text(default="").rpartition("(")[2]
        files = [shared_file(name, size)] if name and state is ShareState.ALIVE else []
        yield share_listing(self.name, link, state, page, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. An unrecognised answer is `unknown`, never gone."""
        return state_by_words("mediafire", answer) if isinstance(answer, str) else ShareState.UNKNOWN
