"""Lanzou (蓝奏云): state, name and size of a shared file, read from its page. No code is tried.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirk: hosts change by the month, so every
lanzouX.com is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crawler.items import ShareState
from crawler.shapes.cloud_drives import parse_share, share_listing, share_values, shared_file, state_of
from crawler.shapes.share_states import state_by_words
from spiders import SOURCE, Listing, ListingKind, Page, Platform, Proof, Request

_SIZE_RE = re.compile(r"文件大小[:：]?(?:<[^<>]{1,60}>){0,4} ?([0-9.]{1,8} ?[KMG]?B?)")


class Lanzou(Platform):
    """Shares of lanzou.com and its other hosts. Built from notes, 2026-11; not tried live."""

    name = "lanzou"
    allowed_domains = (*(f"lanzou{letter}.com" for letter in "abcdefghijklmnopqrstuvwxyz"), "lanzou.com")
    proof = Proof(
        SOURCE, "github.com/alist-org/alist drivers/lanzou/util.go: title, size and states of a page", "2026-11-22"
    )
    limits = "No code is tried."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share's own page. Raises BadInput if `address` is not a share."""
        link = parse_share("lanzou", address)
        return Request(url=link.url, values=share_values(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from its page."""
        link = parse_share("lanzou", page.values.get("address") or page.url)
        state = state_of(page, self.classify)
        title = page.css("title").text(default="").partition(" - ")[0]
        size = _SIZE_RE.search(page.source)
        files = [shared_file(title, size[1] if size else None)] if state is ShareState.ALIVE and title else []
        yield share_listing(self.name, link, state, page, files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. An unrecognised answer is `unknown`, never gone."""
        return state_by_words("lanzou", answer) if isinstance(answer, str) else ShareState.UNKNOWN
