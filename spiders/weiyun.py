"""Weiyun (微云): state, title and files of a share, read from its page. No code is tried.

Built from notes on shares, 2026-11, completed from memory; never tried live. Quirk: what the
page shows stands in it as JSON (syncData).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from crawler.items import ShareState
from crawler.shapes.cloud_drives import parse_share, share_listing, share_values, shared_file, state_of
from crawler.shapes.share_states import state_by_words
from spiders import GUESS, Listing, ListingKind, Page, Platform, Proof, Request

_JSON_TEXT_PATTERN = r'("[^"\\]{0,400}(?:\\.[^"\\]{0,400}){0,40}")'
_NAME_RE = re.compile(rf'"share_name":{_JSON_TEXT_PATTERN}')
_FILE_RE = re.compile(rf'"file_name":{_JSON_TEXT_PATTERN}')
_SIZE_RE = re.compile(r'"file_size":([0-9]{1,15})')
_FOLDER_RE = re.compile(rf'"dir_name":{_JSON_TEXT_PATTERN}')


class Weiyun(Platform):
    """Shares of share.weiyun.com. Built from notes, 2026-11; not tried live."""

    name = "weiyun"
    allowed_domains = ("share.weiyun.com",)
    proof = Proof(GUESS, "notes on shares, completed from memory", "2026-11-22")
    limits = "The page only; no code is tried."
    kind = ListingKind.SHARE
    off_by_default = True
    pace = 3.0
    rows_suffice = True
    reads_every_status = True

    def open(self, address: str, code: str | None = None) -> Request:
        """Request the share's own page. Raises BadInput if `address` is not a share."""
        link = parse_share("weiyun", address)
        return Request(url=link.url, values=share_values(link))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The share, from its page."""
        link = parse_share("weiyun", page.values.get("address") or page.url)
        state = state_of(page, self.classify)
        source = page.source
        title = _NAME_RE.search(source)
        names_and_sizes = zip(_FILE_RE.findall(source), _SIZE_RE.findall(source), strict=False)
        files = [shared_file(json.loads(name), int(size)) for name, size in names_and_sizes]
        files += [shared_file(json.loads(name), None, True) for name in _FOLDER_RE.findall(source)]
        yield share_listing(self.name, link, state, page, title=json.loads(title[1]) if title else "", files=files)

    @staticmethod
    def classify(answer: Any) -> ShareState:
        """The state of a share, from its page. An unrecognised answer is `unknown`, never gone."""
        return state_by_words("weiyun", answer) if isinstance(answer, str) else ShareState.UNKNOWN
